//! Looks at a learner's work and says what is true of it.
//!
//! [`probe`] turns what the work is into observations (the only IO besides the trial's runner), [`engine`] turns
//! observations into verdicts, [`plan`] says what must be looked at when, [`trial`] does something to the work and
//! watches whether it holds. Never keeps anything: `lab` stores what it hands out.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{Award, TaskId, TaskLevel};

pub mod engine;
pub mod plan;
pub mod probe;
pub mod text;
pub mod trial;

pub use engine::{Engine, Memory, Stored};
pub use plan::{Plan, Schedule};
pub use probe::ProbeContext;

/// One check of a lab. A trial counts as the only check of its task, with index 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CheckRef {
    pub task: TaskId,
    /// From 0, in the order of the lab's definition.
    pub index: usize,
}

impl CheckRef {
    /// The check `index` of `task`.
    #[must_use]
    pub fn new(task: &TaskId, index: usize) -> Self {
        Self {
            task: task.clone(),
            index,
        }
    }
}

impl fmt::Display for CheckRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.task, self.index)
    }
}

/// Something that became different; nothing is said where nothing did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// What is true of a task now.
    Level(TaskLevel),
    /// A task was achieved for the first time; stays, whatever its level becomes.
    Awarded(Award),
    /// The platform could not do its part. For the operator's log; the learner sees only that it costs nothing.
    Fault { check: CheckRef, why: String },
}
