//! Checks and probes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::yaml::At;
use super::WrittenDuration;
use crate::model::check::FileForm;

/// A check: one probe, one assertion, and words.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Check")]
pub struct RawCheck {
    pub file: Option<At<RawFile>>,
    pub command: Option<At<RawCommand>>,
    pub http: Option<At<RawHttp>>,
    pub referee: Option<At<RawReferee>>,
    /// An expression that must be true of the observation `it`.
    pub that: Option<At<String>>,
    /// What must be in the observation.
    pub r#match: Option<At<serde_json::Value>>,
    /// An expression that must be true of every element, and there must be one.
    pub all: Option<At<String>>,
    /// An expression that must be true of at least one element.
    pub any: Option<At<String>>,
    /// An expression that must be true of no element.
    pub none: Option<At<String>>,
    /// How many elements an expression must be true of.
    pub count: Option<At<RawCount>>,
    /// What the learner reads while it is red.
    pub expected: Option<At<String>>,
    /// An expression that gives a text: what was seen.
    pub seen: Option<At<String>>,
    /// How long it must hold before it passes.
    pub stable_for: Option<At<WrittenDuration>>,
    /// Words for mistakes that you know; the first whose `when` holds is shown.
    #[serde(default)]
    pub say: Vec<RawSay>,
}

/// So many elements: `exactly`, or `at_least` and `at_most`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Count")]
pub struct RawCount {
    /// An expression over one element.
    pub r#where: At<String>,
    pub exactly: Option<u64>,
    pub at_least: Option<u64>,
    pub at_most: Option<u64>,
}

/// Words for a mistake.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Say")]
pub struct RawSay {
    /// An expression.
    pub when: At<String>,
    pub text: At<String>,
}

/// A file of the workspace.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "File")]
pub struct RawFile {
    /// Relative to the workspace.
    pub path: At<String>,
    /// How it is read.
    pub r#as: FileForm,
}

/// A program in the learner's sandbox. No points may rest on it alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub struct RawCommand {
    /// The program and its arguments.
    pub run: At<Vec<At<String>>>,
    /// Default 10s.
    pub timeout: Option<At<WrittenDuration>>,
    /// In a trial: the name for what was seen.
    pub r#as: Option<At<String>>,
}

/// A request to a server of the learner's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Http")]
pub struct RawHttp {
    /// On the sandbox's loopback.
    pub port: At<u16>,
    /// Default /.
    pub path: Option<At<String>>,
    /// Default GET.
    pub method: Option<At<String>>,
    #[serde(default)]
    pub headers: BTreeMap<String, At<String>>,
    pub body: Option<At<String>>,
    /// Default 2s.
    pub timeout: Option<At<WrittenDuration>>,
    /// In a trial: the name for what was seen.
    pub r#as: Option<At<String>>,
}

/// The learner's programs run alone on inputs; a judge of the lab's looks at what came out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Referee")]
pub struct RawReferee {
    /// Paths of the workspace whose change makes it run again.
    #[serde(default)]
    pub watches: Vec<At<String>>,
    /// Makes inputs and hidden answers.
    pub prepare: Option<At<Vec<At<String>>>>,
    /// Each alone, on a fresh copy of the workspace.
    pub learner: At<Vec<At<RawLearner>>>,
    /// Prints one JSON object.
    pub judge: At<Vec<At<String>>>,
    /// Of prepare and of the judge, each; default 60s.
    pub timeout: Option<At<WrittenDuration>>,
    /// In a trial: the name for what was seen.
    pub r#as: Option<At<String>>,
}

/// A command of the learner's phase.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LearnerCommand")]
pub struct RawLearner {
    pub id: At<String>,
    /// The program and its arguments.
    pub run: At<Vec<At<String>>>,
    /// Default 60s.
    pub timeout: Option<At<WrittenDuration>>,
}
