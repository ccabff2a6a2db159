//! Proof that a lesson's blocks of code do what the lesson shows: all in order, in one fresh workspace, in a sandbox
//! of the kind that labs have, without a network.

mod compare;
mod record;
mod run;
mod table;
mod update;

pub use compare::{difference, matches};
pub use record::{Measured, Measurements};
pub use run::{LessonProver, Limits};
pub use table::{complaints, table};
pub use update::{Edit, apply};

use std::time::Duration;

/// How a lesson's blocks went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonReport {
    /// Relative path of the lesson's file.
    pub file: String,
    pub blocks: Vec<BlockReport>,
}

/// How a block went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockReport {
    pub language: String,
    /// The line of the file on which its text begins, from 1.
    pub line: usize,
    pub took: Duration,
    pub outcome: Outcome,
    /// What would have to be shown instead, where that can be told.
    pub edits: Vec<Edit>,
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As the lesson shows it.
    Same,
    /// Written to the workspace.
    Written,
    /// Not run, as the lesson says.
    NotRun,
    /// Not as the lesson shows it, each place with what to do.
    Wrong(Vec<Complaint>),
}

/// A place where a lesson does not show what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The line of the file, from 1.
    pub line: usize,
    /// One line.
    pub message: String,
    /// Lines below it: a difference, or the end of what was printed.
    pub detail: Vec<String>,
}

impl LessonReport {
    /// Whether all is as the lesson shows it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.blocks
            .iter()
            .all(|block| !matches!(block.outcome, Outcome::Wrong(_)))
    }

    /// How long all blocks took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.blocks.iter().map(|block| block.took).sum()
    }

    /// What `--update` would put into the file.
    pub fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.blocks.iter().flat_map(|block| &block.edits)
    }
}
