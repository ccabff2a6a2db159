//! What grading finds.

use serde::{Deserialize, Serialize};

use super::lab::TaskId;
use crate::base::Timestamp;

/// What a probe saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum Observation {
    /// This.
    Value(serde_json::Value),
    /// Looked, and there is nothing: the words say what is missing and where.
    Absent(String),
    /// There is something, but it cannot be read as what it should be; the words say why (`line 3: …`).
    Unreadable(String),
    /// Could not look, as something that it needs is not there.
    Blocked(String),
    /// Not settled yet.
    Pending(String),
    /// The platform's own fault; the words are for the operator.
    Fault(String),
}

/// The level of a task: what is true now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Fail,
    /// Not settled yet, or not looked at yet.
    Pending,
    /// Something that the check needs is not there.
    Blocked,
    /// The platform's fault: never costs points, and the operator is told.
    Error,
    /// Waits for another task.
    Waiting,
}

/// Why a task stands as it does; one for each check that has something to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub expected: String,
    pub seen: String,
    /// Where it was seen: a path, an address, a command.
    pub place: String,
    /// The lab's own words, where it knows the mistake.
    pub say: Option<String>,
}

/// What is true of a task now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLevel {
    pub task: TaskId,
    pub verdict: Verdict,
    /// Since when.
    pub since: Timestamp,
    pub findings: Vec<Finding>,
    /// Tasks that this one waits for.
    pub waits_for: Vec<TaskId>,
}

/// What was achieved, and stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    pub task: TaskId,
    pub at: Timestamp,
    pub points: u32,
    /// What was seen when it was achieved, a line a check.
    pub evidence: Vec<String>,
}
