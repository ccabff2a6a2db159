//! Expressions as grading uses them: what they see, and whose fault it is when they have no value.

use serde_json::Value;

use crate::expr::{Bindings, Budget, EvalError, Expression as Compiled};

/// What an expression's names stand for.
pub type Scope<'a> = Bindings<'a>;

/// Steps that all elements of a list may cost together, and that each may cost at least.
const LIST_STEPS: u64 = 4_000_000;
const ELEMENT_STEPS: u64 = 400;

/// A scope with `it` and `params`.
pub fn scope<'a>(it: &'a Value, params: &'a Value) -> Scope<'a> {
    Bindings::new().with("it", it).with("params", params)
}

/// An expression of a lab's, or why it is none.
#[derive(Clone, Debug)]
pub struct Expression(Result<Compiled, String>);

/// Why an expression is neither true nor false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something that it names is not there.
    Absent(String),
    /// What is there is not of the kind, or the size, that it is for.
    Unfit(String),
    /// The expression itself is wrong: the lab's fault, never the learner's.
    Fault(String),
}

impl Expression {
    /// Reads an expression; one that cannot be read gives [`Failure::Fault`] whenever it is evaluated.
    pub fn new(text: &str) -> Self {
        Self(Compiled::compile(text).map_err(|error| format!("`{text}`: {error}")))
    }

    /// Whether it is true.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, Failure> {
        self.holds_within(scope, Budget::default())
    }

    /// Whether it is true of one element of a list of so many.
    pub fn holds_of_one(&self, scope: &Scope<'_>, elements: usize) -> Result<bool, Failure> {
        let share = LIST_STEPS / u64::try_from(elements.max(1)).unwrap_or(u64::MAX);
        let budget = Budget::default();
        self.holds_within(
            scope,
            Budget {
                steps: share.clamp(ELEMENT_STEPS, budget.steps),
                ..budget
            },
        )
    }

    fn holds_within(&self, scope: &Scope<'_>, budget: Budget) -> Result<bool, Failure> {
        self.compiled()?.holds(scope, budget).map_err(Failure::from)
    }

    /// Its value as a text.
    pub fn text(&self, scope: &Scope<'_>) -> Result<String, Failure> {
        self.compiled()?.text(scope, Budget::default()).map_err(Failure::from)
    }

    /// Whether it uses a name.
    pub fn uses(&self, name: &str) -> bool {
        self.0.as_ref().is_ok_and(|compiled| compiled.uses(name))
    }

    fn compiled(&self) -> Result<&Compiled, Failure> {
        self.0.as_ref().map_err(|why| Failure::Fault(why.clone()))
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        match error {
            EvalError::Absent(_) => Self::Absent(error.to_string()),
            EvalError::Type(_) | EvalError::Deadline(_) => Self::Unfit(error.to_string()),
        }
    }
}

/// The longest list that the quantifiers go through.
pub fn longest_list() -> usize {
    Budget::default().items
}
