//! A check: what to look at, and what must hold of it.

pub mod command;
pub mod file;
pub mod http;
pub mod referee;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use command::CommandProbe;
pub use file::{FileForm, FileProbe};
pub use http::HttpProbe;
pub use referee::{LearnerCommand, RefereeProbe};

/// One check of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub probe: Probe,
    pub assertion: Assertion,
    /// What is expected, in the learner's words.
    pub expected: Option<String>,
    /// A CEL expression over `it` and `params` that gives a string: what was seen.
    pub seen: Option<String>,
    /// How long it must hold before it passes.
    pub stable_for: Option<Duration>,
    pub say: Vec<Say>,
}

/// What is looked at. Each kind's observation is described beside its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    File(FileProbe),
    Command(CommandProbe),
    Http(HttpProbe),
    Referee(RefereeProbe),
}

/// What must hold. The strings are CEL over `it` (the observation, or one element of it) and `params`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assertion {
    /// The expression is true of the whole observation.
    That(String),
    /// The observation holds everything that is given here.
    Match(serde_json::Value),
    /// True of every element, and there is at least one.
    All(String),
    /// True of at least one element.
    Any(String),
    /// True of no element.
    None(String),
    /// True of so many elements.
    Count {
        r#where: String,
        at_least: Option<u64>,
        at_most: Option<u64>,
    },
}

/// The lab's own words for a known wrong state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Say {
    /// CEL over `it` and `params`; where it cannot be evaluated, it does not apply.
    pub when: String,
    pub text: String,
}
