//! Evaluates an expression on JSON values, borrowing them as long as it can.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::budget::{Budget, Purse};
use super::functions::Call;
use super::node::{Binary, Each, Kind, Node};
use super::number::Num;
use super::{Bindings, EvalError};

type Outcome<'s> = Result<Cow<'s, Value>, EvalError>;

/// The value of an expression.
pub(super) fn evaluate<'s>(root: &'s Node, bindings: &'s Bindings<'_>, budget: Budget) -> Outcome<'s> {
    let evaluator = Evaluator {
        purse: Purse::new(budget),
        bindings,
    };
    evaluator.value(root, None)
}

/// What a value is, in words that follow "is".
#[must_use]
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Whether two values are the same: numbers by size whatever their form, lists by element, maps by key.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        (Value::Number(_), Value::Number(_)) => matches!(compare(a, b), Ok(Ordering::Equal)),
        _ => a == b,
    }
}

/// The order of two values of one kind.
pub(super) fn compare(a: &Value, b: &Value) -> Result<Ordering, EvalError> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        _ => match (Num::of(a), Num::of(b)) {
            (Some(a), Some(b)) => Ok(a.compare(b)),
            _ => Err(EvalError::Type(format!(
                "{} cannot be compared with {}",
                kind_of(a),
                kind_of(b)
            ))),
        },
    }
}

/// The names that list functions bind, innermost first.
struct Scope<'s> {
    name: &'s str,
    value: &'s Value,
    outer: Option<&'s Scope<'s>>,
}

struct Evaluator<'s> {
    purse: Purse,
    bindings: &'s Bindings<'s>,
}

impl<'b> Evaluator<'b> {
    fn value<'s>(&self, node: &'s Node, scope: Option<&'s Scope<'s>>) -> Outcome<'s>
    where
        'b: 's,
    {
        self.purse.spend(1)?;
        match &node.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            Kind::Name(name) => self.name(name, scope),
            Kind::Select(operand, key) => select(self.value(operand, scope)?, key, operand),
            Kind::Has(operand, key) => Ok(truth(match self.value(operand, scope) {
                Ok(value) => value.get(key).is_some(),
                Err(EvalError::Deadline(why)) => return Err(EvalError::Deadline(why)),
                Err(_) => false,
            })),
            Kind::Index(operand, index) => {
                let value = self.value(operand, scope)?;
                let at = self.value(index, scope)?;
                index_into(value, &at, operand)
            }
            Kind::Not(operand) => Ok(truth(!self.truth(operand, scope)?)),
            Kind::Negate(operand) => {
                let value = self.value(operand, scope)?;
                let number = Num::of(&value).ok_or_else(|| {
                    EvalError::Type(format!("{} is {}, not a number", operand.path(), kind_of(&value)))
                })?;
                number.negate().into_value().map(Cow::Owned)
            }
            Kind::And(a, b) => self.either(a, b, false, scope),
            Kind::Or(a, b) => self.either(a, b, true, scope),
            Kind::Choose(condition, then, otherwise) => {
                let chosen = if self.truth(condition, scope)? { then } else { otherwise };
                self.value(chosen, scope)
            }
            Kind::Binary(binary, a, b) => self.binary(*binary, (a, b), scope),
            Kind::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.kept(item, scope))
                    .collect::<Result<_, _>>()?;
                Ok(Cow::Owned(Value::Array(items)))
            }
            Kind::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    match self.value(key, scope)?.into_owned() {
                        Value::String(key) => map.insert(key, self.kept(value, scope)?),
                        other => {
                            return Err(EvalError::Type(format!(
                                "{} cannot be a key: keys are texts",
                                kind_of(&other)
                            )));
                        }
                    };
                }
                Ok(Cow::Owned(Value::Object(map)))
            }
            Kind::Call(function, arguments) => Call {
                function: *function,
                arguments: arguments
                    .iter()
                    .map(|argument| self.value(argument, scope))
                    .collect::<Result<_, _>>()?,
                path: &|at| arguments[at].path(),
                purse: &self.purse,
            }
            .run(),
            Kind::Matches(text, pattern) => {
                let value = self.value(text, scope)?;
                let Value::String(subject) = value.as_ref() else {
                    return Err(EvalError::Type(format!(
                        "{} is {}, and `matches` needs a text",
                        text.path(),
                        kind_of(&value)
                    )));
                };
                self.purse.read(subject.len().saturating_mul(8))?;
                Ok(truth(pattern.is_match(subject)))
            }
            Kind::Each {
                each,
                list,
                name,
                condition,
                result,
            } => {
                let value = self.value(list, scope)?;
                let body = Body {
                    name,
                    condition: condition.as_deref(),
                    result: result.as_deref(),
                };
                self.each(*each, &value, list, &body, scope)
            }
        }
    }

    /// A value that becomes part of another.
    fn kept<'s>(&self, node: &'s Node, scope: Option<&'s Scope<'s>>) -> Result<Value, EvalError>
    where
        'b: 's,
    {
        let value = self.value(node, scope)?;
        self.purse.value(&value)?;
        Ok(value.into_owned())
    }

    fn truth<'s>(&self, node: &'s Node, scope: Option<&'s Scope<'s>>) -> Result<bool, EvalError>
    where
        'b: 's,
    {
        match self.value(node, scope)?.as_ref() {
            Value::Bool(truth) => Ok(*truth),
            other => Err(EvalError::Type(format!(
                "{} is {}, not true or false",
                node.path(),
                kind_of(other)
            ))),
        }
    }

    fn name<'s>(&self, name: &str, scope: Option<&'s Scope<'s>>) -> Outcome<'s>
    where
        'b: 's,
    {
        let mut inner = scope;
        while let Some(scope) = inner {
            if scope.name == name {
                return Ok(Cow::Borrowed(scope.value));
            }
            inner = scope.outer;
        }
        self.bindings
            .get(name)
            .map(Cow::Borrowed)
            .ok_or_else(|| EvalError::Absent(name.to_owned()))
    }

    /// `||` where `decides` is true, `&&` where it is false. As in CEL, a side that decides makes up for one that fails.
    fn either<'s>(&self, a: &'s Node, b: &'s Node, decides: bool, scope: Option<&'s Scope<'s>>) -> Outcome<'s>
    where
        'b: 's,
    {
        match self.truth(a, scope) {
            Ok(left) if left == decides => Ok(truth(decides)),
            Ok(_) => self.truth(b, scope).map(truth),
            Err(EvalError::Deadline(why)) => Err(EvalError::Deadline(why)),
            Err(failure) => match self.truth(b, scope) {
                Ok(right) if right == decides => Ok(truth(decides)),
                Err(EvalError::Deadline(why)) => Err(EvalError::Deadline(why)),
                _ => Err(failure),
            },
        }
    }

    fn binary<'s>(&self, binary: Binary, (a, b): (&'s Node, &'s Node), scope: Option<&'s Scope<'s>>) -> Outcome<'s>
    where
        'b: 's,
    {
        let left = self.value(a, scope)?;
        let right = self.value(b, scope)?;
        let order = || {
            compare(&left, &right).map_err(|_| {
                EvalError::Type(format!(
                    "{} is {} and {} is {}: they have no order",
                    a.path(),
                    kind_of(&left),
                    b.path(),
                    kind_of(&right)
                ))
            })
        };
        let numbers = || match (Num::of(&left), Num::of(&right)) {
            (Some(left), Some(right)) => Ok((left, right)),
            _ => Err(EvalError::Type(format!(
                "`{}` is not for {} and {} ({}, {})",
                binary.sign(),
                kind_of(&left),
                kind_of(&right),
                a.path(),
                b.path()
            ))),
        };
        let holds = match binary {
            Binary::Equal | Binary::NotEqual => {
                self.purse.value(&left)?;
                equal(&left, &right) == (binary == Binary::Equal)
            }
            Binary::Less => order()? == Ordering::Less,
            Binary::LessOrEqual => order()? != Ordering::Greater,
            Binary::Greater => order()? == Ordering::Greater,
            Binary::GreaterOrEqual => order()? != Ordering::Less,
            Binary::In => match right.as_ref() {
                Value::Array(list) => {
                    self.purse.items(list.len())?;
                    self.purse.value(&right)?;
                    list.iter().any(|item| equal(item, &left))
                }
                Value::Object(map) => left.as_str().is_some_and(|key| map.contains_key(key)),
                other => {
                    return Err(EvalError::Type(format!(
                        "{} is {}, and `in` looks into lists and maps",
                        b.path(),
                        kind_of(other)
                    )));
                }
            },
            Binary::Add => return self.add(&left, &right, numbers).map(Cow::Owned),
            Binary::Subtract => return numbers().and_then(|(a, b)| a.subtract(b).into_value()).map(Cow::Owned),
            Binary::Multiply => return numbers().and_then(|(a, b)| a.multiply(b).into_value()).map(Cow::Owned),
            Binary::Divide => return numbers().and_then(|(a, b)| a.divide(b)?.into_value()).map(Cow::Owned),
            Binary::Remainder => {
                return numbers()
                    .and_then(|(a, b)| a.remainder(b)?.into_value())
                    .map(Cow::Owned);
            }
        };
        Ok(truth(holds))
    }

    fn add(
        &self,
        left: &Value,
        right: &Value,
        numbers: impl Fn() -> Result<(Num, Num), EvalError>,
    ) -> Result<Value, EvalError> {
        match (left, right) {
            (Value::String(a), Value::String(b)) => {
                self.purse.text(a.len() + b.len())?;
                Ok(Value::String(format!("{a}{b}")))
            }
            (Value::Array(a), Value::Array(b)) => {
                self.purse.items(a.len() + b.len())?;
                self.purse.value(left)?;
                self.purse.value(right)?;
                Ok(Value::Array(a.iter().chain(b).cloned().collect()))
            }
            _ => numbers().and_then(|(a, b)| a.add(b).into_value()),
        }
    }

    fn each<'s>(
        &self,
        each: Each,
        value: &Value,
        list: &Node,
        body: &Body<'s>,
        scope: Option<&'s Scope<'s>>,
    ) -> Outcome<'s>
    where
        'b: 's,
    {
        let keys;
        let items: &[Value] = match value {
            Value::Array(items) => items,
            // As in CEL, the elements of a map are its keys.
            Value::Object(map) => {
                keys = map.keys().map(|key| Value::from(key.as_str())).collect::<Vec<_>>();
                &keys
            }
            other => {
                return Err(EvalError::Type(format!(
                    "{} is {}, and `{}` goes through lists",
                    list.path(),
                    kind_of(other),
                    each.name()
                )));
            }
        };
        self.purse.items(items.len())?;
        let mut kept = Vec::new();
        let mut count = 0_u64;
        for item in items {
            let inner = Scope {
                name: body.name,
                value: item,
                outer: scope,
            };
            let holds = match body.condition.map(|condition| self.truth(condition, Some(&inner))) {
                None | Some(Ok(true)) => true,
                // What is not there does not hold: one odd element must not decide for all.
                Some(Ok(false) | Err(EvalError::Absent(_))) => false,
                Some(Err(other)) => return Err(other),
            };
            match each {
                Each::Exists if holds => return Ok(truth(true)),
                Each::All if !holds => return Ok(truth(false)),
                Each::Exists | Each::All => {}
                Each::ExistsOne => count += u64::from(holds),
                Each::Filter | Each::Map => {
                    if holds {
                        kept.push(if let Some(result) = body.result {
                            self.kept(result, Some(&inner))?
                        } else {
                            self.purse.value(item)?;
                            item.clone()
                        });
                    }
                }
            }
        }
        Ok(match each {
            Each::Exists => truth(false),
            Each::All => truth(true),
            Each::ExistsOne => truth(count == 1),
            Each::Filter | Each::Map => Cow::Owned(Value::Array(kept)),
        })
    }
}

/// What a list function does with an element.
struct Body<'s> {
    name: &'s str,
    condition: Option<&'s Node>,
    result: Option<&'s Node>,
}

fn truth(truth: bool) -> Cow<'static, Value> {
    Cow::Owned(Value::Bool(truth))
}

/// `operand.key`
fn select<'s>(value: Cow<'s, Value>, key: &str, operand: &Node) -> Outcome<'s> {
    let absent = || EvalError::Absent(format!("{}.{key}", operand.path()));
    let not_a_map = |other: &Value| {
        EvalError::Type(format!(
            "{} is {}, so it has no `{key}`",
            operand.path(),
            kind_of(other)
        ))
    };
    match value {
        Cow::Borrowed(Value::Object(map)) => map.get(key).map(Cow::Borrowed).ok_or_else(absent),
        Cow::Owned(Value::Object(mut map)) => map.remove(key).map(Cow::Owned).ok_or_else(absent),
        Cow::Borrowed(other) => Err(not_a_map(other)),
        Cow::Owned(other) => Err(not_a_map(&other)),
    }
}

/// `operand[at]`
fn index_into<'s>(value: Cow<'s, Value>, at: &Value, operand: &Node) -> Outcome<'s> {
    let absent = || EvalError::Absent(format!("{}[{at}]", operand.path()));
    match (value.as_ref(), at) {
        (Value::Object(_), Value::String(key)) => match value {
            Cow::Borrowed(map) => map.get(key).map(Cow::Borrowed).ok_or_else(absent),
            Cow::Owned(mut map) => map
                .get_mut(key)
                .map(|found| Cow::Owned(found.take()))
                .ok_or_else(absent),
        },
        (Value::Array(_), Value::Number(_)) => {
            let at = Num::of(at).and_then(Num::as_index).ok_or_else(absent)?;
            match value {
                Cow::Borrowed(list) => list.get(at).map(Cow::Borrowed).ok_or_else(absent),
                Cow::Owned(mut list) => list
                    .get_mut(at)
                    .map(|found| Cow::Owned(found.take()))
                    .ok_or_else(absent),
            }
        }
        (other, _) => Err(EvalError::Type(format!(
            "{} is {}, and {} is no index into that",
            operand.path(),
            kind_of(other),
            kind_of(at)
        ))),
    }
}
