//! The functions of expressions. Each may be written as a function or as a method: `size(x)` or `x.size()`.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::EvalError;
use super::budget::Purse;
use super::eval::{compare, equal, kind_of};
use super::number::Num;

macro_rules! functions {
    ($($variant:ident $name:literal $arity:literal $gives:ident $shape:literal;)*) => {
        /// A function by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function { $($variant),* }

        impl Function {
            pub const NAMES: &[&str] = &[$($name),*];

            pub fn of(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// How many arguments it takes, a method's target included.
            pub fn arity(self) -> usize {
                match self { $(Self::$variant => $arity),* }
            }

            /// What it gives.
            pub fn gives(self) -> Gives {
                match self { $(Self::$variant => Gives::$gives),* }
            }

            /// How it is written.
            pub fn shape(self) -> &'static str {
                match self { $(Self::$variant => $shape),* }
            }
        }
    };
}

functions! {
    Size "size" 1 Number "size(list, map or text)";
    Near "near" 3 Bool "near(a, b, tolerance)";
    Matches "matches" 2 Bool "text.matches('regex')";
    Lines "lines" 1 List "lines(text)";
    Rounded "rounded" 2 Number "rounded(x, digits)";
    Sorted "sorted" 1 List "sorted(list)";
    Unique "unique" 1 List "unique(list)";
    Sum "sum" 1 Number "sum(list)";
    Min "min" 1 Any "min(list)";
    Max "max" 1 Any "max(list)";
    Mean "mean" 1 Number "mean(list)";
    Column "column" 2 List "column(rows, 'name')";
    Keys "keys" 1 List "keys(map)";
    Contains "contains" 2 Bool "text.contains('part')";
    StartsWith "startsWith" 2 Bool "text.startsWith('part')";
    EndsWith "endsWith" 2 Bool "text.endsWith('part')";
    Lower "lower" 1 Text "lower(text)";
    Trim "trim" 1 Text "trim(text)";
    Split "split" 2 List "split(text, 'separator')";
    Join "join" 2 Text "join(list, 'separator')";
    Abs "abs" 1 Number "abs(x)";
    String "string" 1 Text "string(x)";
    Int "int" 1 Number "int(x)";
    Double "double" 1 Number "double(x)";
    Type "type" 1 Text "type(x)";
}

/// What is known of a function's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    Bool,
    Number,
    Text,
    List,
    Map,
    Null,
    Any,
}

/// Compiles a pattern with a bound on its size.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| match error {
            regex::Error::Syntax(message) => message
                .lines()
                .last()
                .unwrap_or("invalid")
                .trim_start_matches("error: ")
                .to_owned(),
            _ => "it is too large".to_owned(),
        })
}

/// A value as a text: strings as they are, everything else as compact JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) => match Num::of(value) {
            Some(Num::Int(int)) => int.to_string(),
            _ => value.to_string(),
        },
        _ => value.to_string(),
    }
}

/// A call, its arguments evaluated. `path` writes an argument's path where it is needed for an error.
pub(super) struct Call<'c, 's> {
    pub function: Function,
    pub arguments: Vec<Cow<'s, Value>>,
    pub path: &'c dyn Fn(usize) -> String,
    pub purse: &'c Purse,
}

impl<'s> Call<'_, 's> {
    /// The result.
    #[expect(clippy::too_many_lines, reason = "one arm a function, each a line or a few")]
    pub fn run(mut self) -> Result<Cow<'s, Value>, EvalError> {
        let value = match self.function {
            Function::Size => Value::from(self.size()?),
            Function::Near => {
                let (a, b) = (self.number(0)?.as_f64(), self.number(1)?.as_f64());
                Value::Bool((a - b).abs() <= self.number(2)?.as_f64())
            }
            Function::Matches => {
                self.purse.spend(10_000)?;
                self.purse.read(self.string(0)?.len().saturating_mul(8))?;
                let pattern = pattern(self.string(1)?)
                    .map_err(|why| EvalError::Type(format!("{} is no pattern: {why}", (self.path)(1))))?;
                Value::Bool(pattern.is_match(self.string(0)?))
            }
            Function::Lines => {
                let text = self.string(0)?;
                self.purse.text(text.len())?;
                let lines: Vec<Value> = text.lines().map(Value::from).collect();
                self.purse.spend(lines.len() as u64)?;
                Value::Array(lines)
            }
            Function::Rounded => self.rounded()?,
            Function::Sorted => {
                let mut list = self.take_list(0)?;
                let mut failure = None;
                self.purse.spend(list.len() as u64 * 16)?;
                list.sort_by(|a, b| {
                    compare(a, b).unwrap_or_else(|error| {
                        failure.get_or_insert(error);
                        Ordering::Equal
                    })
                });
                match failure {
                    Some(error) => return Err(error),
                    None => Value::Array(list),
                }
            }
            Function::Unique => Value::Array(self.unique()?),
            Function::Sum => self.sum()?.into_value()?,
            Function::Mean => {
                let sum = self.sum()?;
                match i64::try_from(self.list(0)?.len()) {
                    Ok(0) | Err(_) => return Err(self.empty()),
                    Ok(count) => sum.divide(Num::Int(count))?.into_value()?,
                }
            }
            Function::Min => self.extreme(Ordering::Less)?,
            Function::Max => self.extreme(Ordering::Greater)?,
            Function::Column => Value::Array(self.column()?),
            Function::Keys => match self.arguments[0].as_ref() {
                Value::Object(map) => {
                    self.purse.items(map.len())?;
                    map.keys().map(|key| Value::from(key.as_str())).collect()
                }
                _ => return Err(self.wrong(0, "a map")),
            },
            Function::Contains => self.contains()?,
            Function::StartsWith => Value::Bool(self.string(0)?.starts_with(self.string(1)?)),
            Function::EndsWith => Value::Bool(self.string(0)?.ends_with(self.string(1)?)),
            Function::Lower => {
                let text = self.string(0)?;
                self.purse.text(text.len())?;
                Value::from(text.to_lowercase())
            }
            Function::Trim => {
                let text = self.string(0)?;
                self.purse.text(text.len())?;
                Value::from(text.trim())
            }
            Function::Split => {
                let (text, separator) = (self.string(0)?, self.string(1)?);
                self.purse.text(text.len())?;
                if separator.is_empty() {
                    return Err(EvalError::Type("split needs a separator that is not empty".into()));
                }
                let parts: Vec<Value> = text.split(separator).map(Value::from).collect();
                self.purse.spend(parts.len() as u64)?;
                Value::Array(parts)
            }
            Function::Join => {
                let list = self.list(0)?;
                let parts: Vec<String> = list.iter().map(text_of).collect();
                let separator = self.string(1)?;
                let length = parts.iter().map(String::len).sum::<usize>() + separator.len() * parts.len();
                self.purse.text(length)?;
                Value::from(parts.join(separator))
            }
            Function::Abs => match self.number(0)? {
                number if number.compare(Num::Int(0)) == Ordering::Less => number.negate().into_value()?,
                number => number.into_value()?,
            },
            Function::String => {
                self.purse.value(&self.arguments[0])?;
                let text = text_of(&self.arguments[0]);
                self.purse.text(text.len())?;
                Value::from(text)
            }
            Function::Int => match self.convert()? {
                Num::Int(int) => Value::from(int),
                Num::Real(real) => Num::real(real.trunc()).into_value()?,
            },
            Function::Double => self.convert()?.into_value()?,
            Function::Type => Value::from(match self.arguments[0].as_ref() {
                Value::Null => "null",
                Value::Bool(_) => "bool",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "list",
                Value::Object(_) => "map",
            }),
        };
        Ok(Cow::Owned(value))
    }

    fn wrong(&self, argument: usize, wanted: &str) -> EvalError {
        EvalError::Type(format!(
            "{} is {}, and `{}` needs {wanted}",
            (self.path)(argument),
            kind_of(&self.arguments[argument]),
            self.function.shape()
        ))
    }

    fn empty(&self) -> EvalError {
        EvalError::Type(format!(
            "{} is empty, and `{}` needs an element",
            (self.path)(0),
            self.function.shape()
        ))
    }

    fn number(&self, argument: usize) -> Result<Num, EvalError> {
        Num::of(&self.arguments[argument]).ok_or_else(|| self.wrong(argument, "a number"))
    }

    fn string(&self, argument: usize) -> Result<&str, EvalError> {
        let text = self.arguments[argument]
            .as_str()
            .ok_or_else(|| self.wrong(argument, "a text"))?;
        self.purse.read(text.len())?;
        Ok(text)
    }

    fn list(&self, argument: usize) -> Result<&[Value], EvalError> {
        match self.arguments[argument].as_ref() {
            Value::Array(list) => {
                self.purse.items(list.len())?;
                Ok(list)
            }
            _ => Err(self.wrong(argument, "a list")),
        }
    }

    fn take_list(&mut self, argument: usize) -> Result<Vec<Value>, EvalError> {
        self.list(argument)?;
        self.purse.value(&self.arguments[argument])?;
        match std::mem::take(&mut self.arguments[argument]).into_owned() {
            Value::Array(list) => Ok(list),
            _ => Ok(vec![]),
        }
    }

    fn size(&self) -> Result<usize, EvalError> {
        Ok(match self.arguments[0].as_ref() {
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            Value::String(text) => {
                self.purse.read(text.len())?;
                text.chars().count()
            }
            _ => return Err(self.wrong(0, "a list, a map or a text")),
        })
    }

    fn rounded(&self) -> Result<Value, EvalError> {
        let (number, digits) = (self.number(0)?, self.number(1)?);
        let Some(digits @ 0..=15) = digits.as_index() else {
            return Err(self.wrong(1, "a whole number from 0 to 15"));
        };
        match number {
            Num::Int(_) => number.into_value(),
            // By way of decimal digits, as a factor of ten would add an error of its own.
            Num::Real(real) => format!("{real:.digits$}")
                .parse::<f64>()
                .map_err(|_| self.wrong(0, "a finite number"))
                .and_then(|real| Num::real(real).into_value()),
        }
    }

    fn unique(&self) -> Result<Vec<Value>, EvalError> {
        let mut seen: Vec<Value> = Vec::new();
        for item in self.list(0)? {
            self.purse.spend(seen.len() as u64)?;
            self.purse.value(item)?;
            if !seen.iter().any(|other| equal(other, item)) {
                seen.push(item.clone());
            }
        }
        Ok(seen)
    }

    fn sum(&self) -> Result<Num, EvalError> {
        self.list(0)?
            .iter()
            .enumerate()
            .try_fold(Num::Int(0), |sum, (at, item)| {
                Num::of(item).map(|number| sum.add(number)).ok_or_else(|| {
                    EvalError::Type(format!("{}[{at}] is {}, not a number", (self.path)(0), kind_of(item)))
                })
            })
    }

    fn extreme(&self, wanted: Ordering) -> Result<Value, EvalError> {
        let (first, rest) = self.list(0)?.split_first().ok_or_else(|| self.empty())?;
        let found = rest.iter().try_fold(first, |best, item| {
            compare(item, best).map(|order| if order == wanted { item } else { best })
        })?;
        self.purse.value(found)?;
        Ok(found.clone())
    }

    fn column(&self) -> Result<Vec<Value>, EvalError> {
        let name = self.string(1)?;
        self.list(0)?
            .iter()
            .enumerate()
            .map(|(at, row)| match row {
                Value::Object(map) => {
                    let value = map
                        .get(name)
                        .ok_or_else(|| EvalError::Absent(format!("{}[{at}].{name}", (self.path)(0))))?;
                    self.purse.value(value)?;
                    Ok(value.clone())
                }
                other => Err(EvalError::Type(format!(
                    "{}[{at}] is {}, not a row",
                    (self.path)(0),
                    kind_of(other)
                ))),
            })
            .collect()
    }

    fn contains(&self) -> Result<Value, EvalError> {
        Ok(Value::Bool(match self.arguments[0].as_ref() {
            Value::Array(_) => {
                let wanted = &self.arguments[1];
                self.purse.value(&self.arguments[0])?;
                self.list(0)?.iter().any(|item| equal(item, wanted))
            }
            Value::String(_) => self.string(0)?.contains(self.string(1)?),
            _ => return Err(self.wrong(0, "a text or a list")),
        }))
    }

    fn convert(&self) -> Result<Num, EvalError> {
        match self.arguments[0].as_ref() {
            Value::String(text) => {
                let text = text.trim();
                text.parse::<i64>()
                    .map(Num::Int)
                    .ok()
                    .or_else(|| text.parse::<f64>().ok().filter(|real| real.is_finite()).map(Num::real))
                    .ok_or_else(|| self.wrong(0, "a number, or a text that is one"))
            }
            _ => self.number(0),
        }
    }
}
