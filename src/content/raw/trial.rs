//! Trials.

use std::collections::BTreeMap;

use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::super::yaml::At;
use super::{RawCommand, RawFile, RawHttp, RawReferee, RawSay, WrittenDuration};

/// Act, watch, restore.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trial")]
pub struct RawTrial {
    /// What is done, in order. Files that are touched are put back at the end.
    #[serde(default)]
    pub act: Vec<At<RawAct>>,
    /// Names for what is observed until the deadline.
    #[serde(default)]
    pub watch: BTreeMap<String, At<RawWatch>>,
    /// How long is watched after the last act; default 30s.
    pub within: Option<At<WrittenDuration>>,
    /// What must hold.
    pub hold: At<Vec<At<RawHold>>>,
    /// Further acts at the end, where putting files back is not enough.
    #[serde(default)]
    pub restore: Vec<At<RawAct>>,
}

/// One thing that is done: exactly one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Act")]
pub struct RawAct {
    /// Files of the lab's folder into the workspace.
    pub put: Option<RawPut>,
    pub write: Option<RawWrite>,
    pub remove: Option<RawRemove>,
    pub r#move: Option<RawMove>,
    /// Flips the lowest bit of a byte.
    pub flip_byte: Option<RawFlip>,
    pub command: Option<At<RawCommand>>,
    pub referee: Option<At<RawReferee>>,
    pub http: Option<At<RawHttp>>,
    pub wait: Option<At<WrittenDuration>>,
}

/// Copies files of the lab.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Put")]
pub struct RawPut {
    /// Relative to the lab's folder.
    pub from: At<String>,
    /// Relative to the workspace.
    pub to: At<String>,
}

/// Writes a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Write")]
pub struct RawWrite {
    pub path: At<String>,
    pub text: At<String>,
}

/// Removes a file or folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Remove")]
pub struct RawRemove {
    pub path: At<String>,
}

/// Renames a file or folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Move")]
pub struct RawMove {
    pub from: At<String>,
    pub to: At<String>,
}

/// Flips a bit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FlipByte")]
pub struct RawFlip {
    pub path: At<String>,
    /// Bytes from the start: a number or a parameter.
    #[schemars(schema_with = "offset")]
    pub at: At<String>,
}

fn offset(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    json_schema!({ "type": ["integer", "string"], "minimum": 0, "examples": ["${at}"] })
}

/// What is observed: exactly one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Watch")]
pub struct RawWatch {
    pub file: Option<At<RawFile>>,
    pub command: Option<At<RawCommand>>,
    pub http: Option<At<RawHttp>>,
}

/// What must hold: exactly one of `that`, `never`, `always`, `eventually`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Hold")]
pub struct RawHold {
    /// True once, after the acts.
    pub that: Option<At<String>>,
    /// Never true while watching.
    pub never: Option<At<String>>,
    /// Always true while watching.
    pub always: Option<At<String>>,
    pub eventually: Option<RawEventually>,
    /// What the learner reads while it is red.
    pub expected: Option<At<String>>,
    /// An expression that gives a text: what was seen.
    pub seen: Option<At<String>>,
    #[serde(default)]
    pub say: Vec<RawSay>,
}

/// True before a deadline.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Eventually")]
pub struct RawEventually {
    /// After the last act.
    pub within: At<WrittenDuration>,
    /// An expression.
    pub that: At<String>,
}
