//! How much one evaluation may cost. Counted in steps, not in time, so that a verdict never depends on the machine.

use std::cell::Cell;

use super::EvalError;

/// Upper bounds of one evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// One a node that is evaluated, and one for each 64 bytes or element that a function goes through. A step costs
    /// about 30 ns in a release build.
    pub steps: u64,
    /// The longest list that is gone through.
    pub items: usize,
    /// The longest text that is made, in bytes.
    pub text: usize,
}

impl Default for Budget {
    /// Ends within a fraction of a second.
    fn default() -> Self {
        Self {
            steps: 2_000_000,
            items: 10_000,
            text: 1 << 20,
        }
    }
}

/// What is left of a budget.
pub(super) struct Purse {
    budget: Budget,
    left: Cell<u64>,
}

impl Purse {
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            left: Cell::new(budget.steps),
        }
    }

    pub fn spend(&self, steps: u64) -> Result<(), EvalError> {
        if let Some(left) = self.left.get().checked_sub(steps) {
            self.left.set(left);
            return Ok(());
        }
        self.left.set(0);
        Err(EvalError::Deadline(format!(
            "it was ended after {} steps",
            self.budget.steps
        )))
    }

    /// Pays for going through a list.
    pub fn items(&self, count: usize) -> Result<(), EvalError> {
        if count > self.budget.items {
            return Err(EvalError::Deadline(format!(
                "a list of {count} elements, and at most {} are gone through",
                self.budget.items
            )));
        }
        self.spend(count as u64)
    }

    /// Pays for reading a text of so many bytes.
    pub fn read(&self, bytes: usize) -> Result<(), EvalError> {
        self.spend(bytes as u64 / 64)
    }

    /// Pays for making a text of so many bytes.
    pub fn text(&self, bytes: usize) -> Result<(), EvalError> {
        if bytes > self.budget.text {
            return Err(EvalError::Deadline(format!(
                "a text of {bytes} bytes, and at most {} are made",
                self.budget.text
            )));
        }
        self.read(bytes)
    }

    /// Pays for copying or comparing a whole value.
    pub fn value(&self, value: &serde_json::Value) -> Result<(), EvalError> {
        use serde_json::Value;
        match value {
            Value::String(text) => self.read(text.len()),
            Value::Array(list) => {
                self.spend(list.len() as u64)?;
                list.iter().try_for_each(|item| self.value(item))
            }
            Value::Object(map) => {
                self.spend(map.len() as u64)?;
                map.values().try_for_each(|item| self.value(item))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }
}
