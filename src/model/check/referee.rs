//! The `referee` probe: the learner's programs run alone on inputs, and a judge of the lab's looks at what came out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is run, in three phases. Observed as the JSON document that the judge prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefereeProbe {
    /// Paths of the workspace whose change makes it run again.
    pub watches: Vec<String>,
    /// Makes the inputs and the hidden answers; sees no learner's file.
    pub prepare: Option<Vec<String>>,
    /// Each alone in a sandbox with a fresh copy of the workspace; sees no hidden data.
    pub learner: Vec<LearnerCommand>,
    /// Reads what came out, as CSV and JSON, beside the hidden answers.
    pub judge: Vec<String>,
    /// Of the judge and of the preparation, each.
    pub timeout: Duration,
}

/// A command of the learner's phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnerCommand {
    pub id: String,
    pub run: Vec<String>,
    pub timeout: Duration,
}
