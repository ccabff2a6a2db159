//! Reads the text of an expression with the `cel` crate's parser and makes nodes of it.

use std::ops::Range;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo};
use cel::{Env, ParseError};
use serde_json::{Number, Value};

use super::ExprError;
use super::functions::{Function, pattern};
use super::node::{Binary, Each, Kind, Node};

/// The longest text of an expression, in bytes.
const LONGEST: usize = 4096;
/// The deepest nesting that is evaluated.
const DEEPEST: usize = 100;
/// Stack of the thread that reads: the parser is recursive, and its callers' stacks are small.
const STACK: usize = 64 << 20;

/// Reads an expression. In a thread of its own: a text that overflows or breaks the parser must not end its caller.
pub(super) fn compile(text: &str) -> Result<Node, ExprError> {
    let whole = 0..text.len();
    let refuse = |message: String, help: &str| ExprError {
        message,
        span: whole.clone(),
        help: Some(help.to_owned()),
    };
    if text.len() > LONGEST {
        return Err(refuse(
            format!(
                "the expression has {} bytes, and at most {LONGEST} are read",
                text.len()
            ),
            "split it into several checks",
        ));
    }
    if text.trim().is_empty() {
        return Err(refuse(
            "the expression is empty".into(),
            "write what must be true of `it`",
        ));
    }
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new()
            .name("expression".into())
            .stack_size(STACK)
            .spawn_scoped(scope, || read(text));
        match reader.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(refuse(
                "the expression cannot be read".into(),
                "write it in a simpler way",
            )),
            Err(error) => Err(refuse(format!("no thread to read it: {error}"), "try again")),
        }
    })
}

fn read(text: &str) -> Result<Node, ExprError> {
    // Without macros, so that `has` and `exists` come as they are written.
    let (root, source) = Env::default()
        .parser()
        .parse_with_source_info(text)
        .map_err(|errors| syntax(text, &errors.errors))?;
    let mut offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    offsets.push(text.len());
    Reader { text, source, offsets }.node(&root, 0)
}

/// The first error of the parser in words of ours.
fn syntax(text: &str, errors: &[ParseError]) -> ExprError {
    let Some(error) = errors.first() else {
        return ExprError {
            message: "the expression cannot be read".into(),
            span: 0..text.len(),
            help: None,
        };
    };
    let start = position(text, error.pos);
    let rest = &text[start..];
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let length = if word.is_empty() {
        rest.chars().next().map_or(0, char::len_utf8)
    } else {
        word.len()
    };
    let raw = error.msg.trim_start_matches("Syntax error: ");
    let quoted = raw.split('\'').nth(1).unwrap_or_default();
    let message = if raw.contains("<EOF>") && rest.trim().is_empty() {
        "the expression ends too early".to_owned()
    } else if raw.starts_with("token recognition error") {
        if quoted.is_empty() || raw.contains("at: '\"") || rest.starts_with(['"', '\'']) {
            "a text that does not end".to_owned()
        } else {
            format!("`{}` is not part of an expression", quoted.trim())
        }
    } else if raw.starts_with("Recursion limit") {
        "the expression is too deeply nested".to_owned()
    } else if raw.contains("unsupported syntax") || raw.starts_with("invalid") {
        raw.to_owned()
    } else if word.is_empty() {
        format!("`{}` was not expected here", rest.chars().next().unwrap_or(' '))
    } else {
        format!("`{word}` was not expected here")
    };
    let help = match (word.as_str(), rest.chars().next()) {
        ("and", _) => Some("write `&&` for and"),
        ("or", _) => Some("write `||` for or"),
        ("not", _) => Some("write `!` for not"),
        (_, Some('=')) => Some("write `==` to compare"),
        (_, Some('&')) => Some("write `&&` for and"),
        (_, Some('|')) => Some("write `||` for or"),
        (_, Some('"' | '\'')) => Some("close the quotation mark"),
        (_, None) => Some("something is missing at the end: a value, a quotation mark or a parenthesis"),
        _ => None,
    };
    ExprError {
        message,
        span: start..start + length,
        help: help.map(Into::into),
    }
}

/// The byte of a line and column (both from 1, columns in characters).
fn position(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    text[start..]
        .char_indices()
        .nth(column)
        .map_or(text.len(), |(at, _)| start + at)
}

struct Reader<'t> {
    text: &'t str,
    source: SourceInfo,
    /// Byte of each character, and of the end.
    offsets: Vec<usize>,
}

impl Reader<'_> {
    /// Where the parser says that a node's own token stands, in bytes.
    fn token(&self, id: u64) -> Range<usize> {
        let Some((start, stop)) = self.source.offset_for(id) else {
            return 0..self.text.len();
        };
        let byte = |at: u32| {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            self.offsets.get(at).copied().unwrap_or(self.text.len())
        };
        let start = byte(start);
        start..byte(stop.saturating_add(1)).max(start)
    }

    /// The name before the parenthesis that stands for a call.
    fn call_name(&self, id: u64, name: &str) -> Range<usize> {
        let paren = self.token(id).start;
        match self.text[..paren].rfind(name) {
            Some(start) => start..start + name.len(),
            None => self.token(id),
        }
    }

    fn node(&self, expr: &IdedExpr, depth: usize) -> Result<Node, ExprError> {
        let token = self.token(expr.id);
        let refuse = |message: &str, help: Option<&str>| ExprError {
            message: message.to_owned(),
            span: token.clone(),
            help: help.map(Into::into),
        };
        if depth > DEEPEST {
            return Err(refuse(
                "the expression is too deeply nested",
                Some("split it into several checks"),
            ));
        }
        let depth = depth + 1;
        let kind = match &expr.expr {
            Expr::Literal(literal) => Kind::Literal(match literal {
                LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
                LiteralValue::Int(value) => Value::from(*value.inner()),
                LiteralValue::UInt(value) => Value::from(*value.inner()),
                LiteralValue::Double(value) => Number::from_f64(*value.inner())
                    .map(Value::Number)
                    .ok_or_else(|| refuse("no finite number", None))?,
                LiteralValue::String(value) => Value::from(value.inner()),
                LiteralValue::Null => Value::Null,
                LiteralValue::Bytes(_) => return Err(refuse("bytes are not used here", Some("write a text"))),
            }),
            Expr::Ident(name) => Kind::Name(name.clone()),
            Expr::Select(select) => Kind::Select(Box::new(self.node(&select.operand, depth)?), select.field.clone()),
            Expr::List(list) => Kind::List(
                list.elements
                    .iter()
                    .map(|item| self.node(item, depth))
                    .collect::<Result<_, _>>()?,
            ),
            Expr::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        entries.push((self.node(&entry.key, depth)?, self.node(&entry.value, depth)?));
                    }
                }
                Kind::Map(entries)
            }
            Expr::Call(call) => self.call(expr.id, call, depth)?,
            Expr::Struct(_) => {
                return Err(refuse(
                    "messages are not used here",
                    Some("write a map: {'key': value}"),
                ));
            }
            Expr::Comprehension(_) | Expr::Unspecified => return Err(refuse("cannot be read", None)),
        };
        let mut node = Node { span: token, kind };
        if let Kind::Select(_, key) = &node.kind {
            let after = &self.text[node.span.end..];
            let gap = after.len() - after.trim_start().len();
            node.span.end = (node.span.end + gap + key.len()).min(self.text.len());
        }
        let (start, end) = node
            .children()
            .iter()
            .fold((node.span.start, node.span.end), |(start, end), child| {
                (start.min(child.span.start), end.max(child.span.end))
            });
        node.span = start..end;
        Ok(node)
    }

    fn call(&self, id: u64, call: &CallExpr, depth: usize) -> Result<Kind, ExprError> {
        let name = call.func_name.as_str();
        let mut arguments = call.target.as_deref().into_iter().chain(&call.args);
        let mut next = || match arguments.next() {
            Some(argument) => self.node(argument, depth).map(Box::new),
            None => Err(ExprError {
                message: "an operand is missing".into(),
                span: self.token(id),
                help: None,
            }),
        };
        let binary = |name: &str| {
            Some(match name {
                "_==_" => Binary::Equal,
                "_!=_" => Binary::NotEqual,
                "_<_" => Binary::Less,
                "_<=_" => Binary::LessOrEqual,
                "_>_" => Binary::Greater,
                "_>=_" => Binary::GreaterOrEqual,
                "@in" => Binary::In,
                "_+_" => Binary::Add,
                "_-_" => Binary::Subtract,
                "_*_" => Binary::Multiply,
                "_/_" => Binary::Divide,
                "_%_" => Binary::Remainder,
                _ => return None,
            })
        };
        if let Some(binary) = binary(name) {
            return Ok(Kind::Binary(binary, next()?, next()?));
        }
        match name {
            "_&&_" => Ok(Kind::And(next()?, next()?)),
            "_||_" => Ok(Kind::Or(next()?, next()?)),
            "!_" => Ok(Kind::Not(next()?)),
            "-_" => Ok(Kind::Negate(next()?)),
            "_?_:_" => Ok(Kind::Choose(next()?, next()?, next()?)),
            "_[_]" => Ok(Kind::Index(next()?, next()?)),
            "has" => self.has(id, call, depth),
            _ => match (Each::of(name), call.target.as_deref()) {
                (Some(each), Some(list)) => self.each(id, each, list, &call.args, depth),
                _ => self.function(id, call, depth),
            },
        }
    }

    fn has(&self, id: u64, call: &CallExpr, depth: usize) -> Result<Kind, ExprError> {
        let refuse = || ExprError {
            message: "`has` looks for one field".into(),
            span: self.call_name(id, "has"),
            help: Some("write it as `has(it.field)`".into()),
        };
        if call.target.is_some() || call.args.len() != 1 {
            return Err(refuse());
        }
        match self.node(&call.args[0], depth)?.kind {
            Kind::Select(operand, key) => Ok(Kind::Has(operand, key)),
            Kind::Index(operand, index) => match index.kind {
                Kind::Literal(Value::String(key)) => Ok(Kind::Has(operand, key)),
                _ => Err(refuse()),
            },
            _ => Err(refuse()),
        }
    }

    fn each(
        &self,
        id: u64,
        each: Each,
        list: &IdedExpr,
        arguments: &[IdedExpr],
        depth: usize,
    ) -> Result<Kind, ExprError> {
        let list = Box::new(self.node(list, depth)?);
        let refuse = |message: String| ExprError {
            message,
            span: self.call_name(id, each.name()),
            help: Some(match each {
                Each::Map => "write it as `list.map(x, x.field)`".into(),
                _ => format!("write it as `list.{}(x, x.field > 1)`", each.name()),
            }),
        };
        let (name, rest) = match arguments {
            [name, rest @ ..] => match &name.expr {
                Expr::Ident(name) => (name.clone(), rest),
                _ => {
                    return Err(refuse(format!(
                        "the first argument of `{}` is the name for one element",
                        each.name()
                    )));
                }
            },
            [] => return Err(refuse(format!("`{}` has no arguments", each.name()))),
        };
        let node = |expr: &IdedExpr| self.node(expr, depth).map(Box::new);
        let (condition, result) = match (each, rest) {
            (Each::Map, [result]) => (None, Some(node(result)?)),
            (Each::Map, [condition, result]) => (Some(node(condition)?), Some(node(result)?)),
            (Each::Exists | Each::All | Each::ExistsOne | Each::Filter, [condition]) => (Some(node(condition)?), None),
            _ => {
                return Err(refuse(format!(
                    "`{}` has {} arguments, and takes 2",
                    each.name(),
                    arguments.len()
                )));
            }
        };
        Ok(Kind::Each {
            each,
            list,
            name,
            condition,
            result,
        })
    }

    fn function(&self, id: u64, call: &CallExpr, depth: usize) -> Result<Kind, ExprError> {
        let name = call.func_name.as_str();
        let span = self.call_name(id, name);
        let Some(function) = Function::of(name) else {
            let known = Function::NAMES
                .iter()
                .copied()
                .chain(["has", "exists", "all", "exists_one", "filter", "map"]);
            let help = match crate::base::nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None if Each::of(name).is_some() => format!("write it as `list.{name}(x, …)`"),
                None => format!("there are: {}", Function::NAMES.join(", ")),
            };
            return Err(ExprError {
                message: format!("there is no function `{name}`"),
                span,
                help: Some(help),
            });
        };
        let given = call.args.len() + usize::from(call.target.is_some());
        if given != function.arity() {
            return Err(ExprError {
                message: format!("`{name}` has {given} arguments, and takes {}", function.arity()),
                span,
                help: Some(format!("write it as `{}`", function.shape())),
            });
        }
        let mut arguments = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .map(|argument| self.node(argument, depth))
            .collect::<Result<Vec<_>, _>>()?;
        if function == Function::Matches
            && let Some(Kind::Literal(Value::String(text))) = arguments.last().map(|argument| &argument.kind)
        {
            let span = arguments[1].span.clone();
            let compiled = pattern(text).map_err(|why| ExprError {
                message: format!("no regular expression: {why}"),
                span,
                help: Some("backslashes are doubled in an expression's text, or write r'…'".into()),
            })?;
            return Ok(Kind::Matches(Box::new(arguments.swap_remove(0)), Box::new(compiled)));
        }
        Ok(Kind::Call(function, arguments))
    }
}
