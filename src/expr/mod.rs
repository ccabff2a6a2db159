//! Expressions of labs: the Common Expression Language over JSON values.
//!
//! The `cel` crate reads the text; what it reads is evaluated here, straight on JSON, as grading needs four things that
//! its interpreter does not give: numbers of one kind (JSON does not tell 1 from 1.0, and a verdict must not either),
//! the path of what is absent, conditions of `exists` and its kin that are false rather than fatal where a key is
//! missing, and a budget that ends an evaluation after so many steps, on every machine after the same ones, without a
//! thread that would have to be killed. Never knows what a lab is, and never panics, whatever the text or the values.

mod budget;
mod eval;
mod functions;
mod lint;
mod node;
mod number;
mod parse;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

pub use budget::Budget;
pub use eval::{equal, kind_of};
pub use lint::Wanted;

use node::Node;

/// An expression that was read: its functions are known and its constant patterns are valid. Cheap to clone.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    root: Arc<Node>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// Where it is not CEL, calls a function that there is not, or is too long (4,096 bytes) or too deeply nested.
    pub fn compile(text: &str) -> Result<Self, ExprError> {
        parse::compile(text).map(|root| Self {
            text: text.into(),
            root: Arc::new(root),
        })
    }

    /// The text that it was read from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.text
    }

    /// What can be known to be wrong before it is evaluated: names outside `names`, a result that cannot be what is
    /// wanted, comparisons that can never hold.
    #[must_use]
    pub fn lint(&self, names: &[&str], wanted: Wanted) -> Vec<ExprError> {
        lint::lint(&self.root, names, wanted)
    }

    /// Whether the expression uses the name anywhere outside a list function that binds it.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.root.uses(name)
    }

    /// The keys that are taken from a name outside a list function that binds it: of `params.floor`, `floor`.
    #[must_use]
    pub fn selections(&self, name: &str) -> Vec<(&str, Range<usize>)> {
        self.root.selections(name)
    }

    /// The value of the expression.
    ///
    /// # Errors
    ///
    /// See [`EvalError`]: none of them is the platform's fault.
    pub fn evaluate(&self, bindings: &Bindings<'_>, budget: Budget) -> Result<Value, EvalError> {
        eval::evaluate(&self.root, bindings, budget).map(Cow::into_owned)
    }

    /// Whether the expression is true.
    ///
    /// # Errors
    ///
    /// As [`Expression::evaluate`], and where the result is neither true nor false.
    pub fn holds(&self, bindings: &Bindings<'_>, budget: Budget) -> Result<bool, EvalError> {
        match eval::evaluate(&self.root, bindings, budget)?.as_ref() {
            Value::Bool(holds) => Ok(*holds),
            other => Err(EvalError::Type(format!(
                "the result is {}, not true or false",
                kind_of(other)
            ))),
        }
    }

    /// The expression as a text: strings as they are, everything else as compact JSON.
    ///
    /// # Errors
    ///
    /// As [`Expression::evaluate`].
    pub fn text(&self, bindings: &Bindings<'_>, budget: Budget) -> Result<String, EvalError> {
        eval::evaluate(&self.root, bindings, budget).map(|value| functions::text_of(&value))
    }

    /// The expression as a number.
    ///
    /// # Errors
    ///
    /// As [`Expression::evaluate`], and where the result is no number.
    pub fn number(&self, bindings: &Bindings<'_>, budget: Budget) -> Result<f64, EvalError> {
        let value = eval::evaluate(&self.root, bindings, budget)?;
        value
            .as_f64()
            .ok_or_else(|| EvalError::Type(format!("the result is {}, not a number", kind_of(&value))))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The values that an expression's names stand for.
#[derive(Clone, Debug, Default)]
pub struct Bindings<'a>(BTreeMap<Cow<'a, str>, Cow<'a, Value>>);

impl<'a> Bindings<'a> {
    /// No names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a name for a value that is only looked at.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'a, str>>, value: &'a Value) -> Self {
        self.0.insert(name.into(), Cow::Borrowed(value));
        self
    }

    /// With a name for a value that is handed over.
    #[must_use]
    pub fn own(mut self, name: impl Into<Cow<'a, str>>, value: Value) -> Self {
        self.0.insert(name.into(), Cow::Owned(value));
        self
    }

    /// What the name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(Cow::as_ref)
    }
}

/// What is wrong with the text of an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    pub message: String,
    /// Bytes of the expression's text.
    pub span: Range<usize>,
    /// What to do about it.
    pub help: Option<String>,
}

/// Why an expression has no value for these bindings. All of them mean that what was expected is not there: for
/// grading, `fail`, never an abort.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A key, an element or a name that is not there, by its path: `it.auc`, `it[3]`.
    #[error("{0} is absent")]
    Absent(String),
    /// A value of a kind that the operation is not for, or a calculation without a result.
    #[error("{0}")]
    Type(String),
    /// The budget ran out.
    #[error("the expression looks at too much: {0}")]
    Deadline(String),
}

#[cfg(test)]
mod tests;
