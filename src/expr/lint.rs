//! What can be known to be wrong with an expression before it meets a value.

use super::ExprError;
use super::functions::Gives;
use super::node::{Binary, Each, Kind, Node};

/// What an expression must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Bool,
    /// A text, or anything that is shown as one.
    Text,
}

pub(super) fn lint(root: &Node, names: &[&str], wanted: Wanted) -> Vec<ExprError> {
    let mut errors = Vec::new();
    let mut scope: Vec<&str> = names.to_vec();
    walk(root, &mut scope, &mut errors);
    if wanted == Wanted::Bool {
        must_be_bool(root, "the expression", &mut errors);
    }
    errors.sort_by_key(|error| error.span.start);
    errors
}

fn walk<'n>(node: &'n Node, scope: &mut Vec<&'n str>, errors: &mut Vec<ExprError>) {
    match &node.kind {
        Kind::Name(name) if !scope.contains(&name.as_str()) => errors.push(ExprError {
            message: format!("there is no `{name}` here"),
            span: node.span.clone(),
            help: Some(match crate::base::nearest(name, scope.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", scope.join(", ")),
            }),
        }),
        Kind::Not(operand) => must_be_bool(operand, "what `!` turns round", errors),
        Kind::And(a, b) => [a, b]
            .into_iter()
            .for_each(|side| must_be_bool(side, "a side of `&&`", errors)),
        Kind::Or(a, b) => [a, b]
            .into_iter()
            .for_each(|side| must_be_bool(side, "a side of `||`", errors)),
        Kind::Choose(condition, ..) => must_be_bool(condition, "the condition before `?`", errors),
        Kind::Binary(binary, a, b) => comparison(node, *binary, a, b, errors),
        Kind::Each {
            each,
            list,
            name,
            condition,
            result,
        } => {
            if let gives @ (Gives::Bool | Gives::Number | Gives::Text | Gives::Null) = list.gives() {
                errors.push(ExprError {
                    message: format!("`{}` goes through lists, and this is {}", each.name(), words(gives)),
                    span: list.span.clone(),
                    help: None,
                });
            }
            walk(list, scope, errors);
            if scope.contains(&name.as_str()) {
                errors.push(ExprError {
                    message: format!("`{name}` already stands for something else"),
                    span: node.span.clone(),
                    help: Some("give the element a name of its own".into()),
                });
            }
            scope.push(name);
            for part in condition.iter().chain(result) {
                walk(part, scope, errors);
            }
            if let Some(condition) = condition {
                must_be_bool(condition, "the condition", errors);
                if *each != Each::Map && !condition.uses(name) {
                    errors.push(ExprError {
                        message: format!("the condition says nothing about `{name}`"),
                        span: condition.span.clone(),
                        help: Some(format!("it is the same for every element: use `{name}` in it")),
                    });
                }
            }
            scope.pop();
            return;
        }
        _ => {}
    }
    for child in node.children() {
        walk(child, scope, errors);
    }
}

fn must_be_bool(node: &Node, what: &str, errors: &mut Vec<ExprError>) {
    let gives = node.gives();
    if !matches!(gives, Gives::Bool | Gives::Any) {
        errors.push(ExprError {
            message: format!("{what} is {}, not true or false", words(gives)),
            span: node.span.clone(),
            help: Some("compare it with something".into()),
        });
    }
}

/// Comparisons that never hold, and calculations that never work.
fn comparison(node: &Node, binary: Binary, a: &Node, b: &Node, errors: &mut Vec<ExprError>) {
    let (left, right) = (a.gives(), b.gives());
    if left == Gives::Any || right == Gives::Any {
        return;
    }
    let fits = match binary {
        // Comparing with null is how a lab asks whether there is something.
        Binary::Equal | Binary::NotEqual => left == right || left == Gives::Null || right == Gives::Null,
        Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
            left == right && matches!(left, Gives::Bool | Gives::Number | Gives::Text)
        }
        Binary::In => matches!(right, Gives::List | Gives::Map),
        Binary::Add => left == right && matches!(left, Gives::Number | Gives::Text | Gives::List),
        Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Remainder => {
            left == Gives::Number && right == Gives::Number
        }
    };
    if !fits {
        let text = left == Gives::Text || right == Gives::Text;
        errors.push(ExprError {
            message: format!("`{}` is not for {} and {}", binary.sign(), words(left), words(right)),
            span: node.span.clone(),
            help: (binary == Binary::Add && text).then(|| "write `string(…)` round what is no text".into()),
        });
    }
}

fn words(gives: Gives) -> &'static str {
    match gives {
        Gives::Bool => "true or false",
        Gives::Number => "a number",
        Gives::Text => "a text",
        Gives::List => "a list",
        Gives::Map => "a map",
        Gives::Null => "null",
        Gives::Any => "anything",
    }
}

impl Node {
    /// What is known of its value.
    fn gives(&self) -> Gives {
        use serde_json::Value;
        match &self.kind {
            Kind::Literal(value) => match value {
                Value::Null => Gives::Null,
                Value::Bool(_) => Gives::Bool,
                Value::Number(_) => Gives::Number,
                Value::String(_) => Gives::Text,
                Value::Array(_) => Gives::List,
                Value::Object(_) => Gives::Map,
            },
            Kind::Name(_) | Kind::Select(..) | Kind::Index(..) => Gives::Any,
            Kind::Has(..) | Kind::Not(_) | Kind::And(..) | Kind::Or(..) | Kind::Matches(..) => Gives::Bool,
            Kind::Negate(_) => Gives::Number,
            Kind::Choose(_, a, b) => {
                if a.gives() == b.gives() {
                    a.gives()
                } else {
                    Gives::Any
                }
            }
            Kind::Binary(binary, a, b) => match binary {
                Binary::Add => match (a.gives(), b.gives()) {
                    (Gives::Any, known) | (known, _) => known,
                },
                Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Remainder => Gives::Number,
                _ => Gives::Bool,
            },
            Kind::List(_) => Gives::List,
            Kind::Map(_) => Gives::Map,
            Kind::Call(function, _) => function.gives(),
            Kind::Each { each, .. } => match each {
                Each::Exists | Each::All | Each::ExistsOne => Gives::Bool,
                Each::Filter | Each::Map => Gives::List,
            },
        }
    }
}
