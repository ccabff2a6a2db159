//! `lab.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::yaml::At;
use super::{RawCheck, RawTrial, WrittenDuration, WrittenSize};
use crate::model::{Egress, Guarantee};

/// A lab: what it needs, how it is set up, how it is graded.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Halfway lab", rename = "Lab")]
pub struct RawLab {
    /// The lab's name, as learners read it.
    pub title: At<String>,
    /// 1 to 16; 17 is the capstone.
    #[schemars(range(min = 1, max = 17))]
    pub week: At<u8>,
    /// What a learner usually needs.
    pub minutes: At<u32>,
    /// One sentence for the card.
    pub summary: At<String>,
    #[serde(default)]
    pub needs: RawNeeds,
    /// What a sandbox may reach beyond itself.
    #[serde(default)]
    pub egress: Egress,
    #[serde(default)]
    pub limits: RawLimits,
    /// Drawn once for an attempt: `${name}` in texts, `params.name` in expressions.
    #[serde(default)]
    pub parameters: BTreeMap<String, At<RawParameter>>,
    /// Steps that prepare an attempt, in order.
    #[serde(default)]
    pub setup: Vec<RawSetup>,
    /// Servers that the learner runs, shown as tabs.
    #[serde(default)]
    pub services: Vec<RawService>,
    /// What the learner must bring about.
    pub tasks: At<Vec<At<RawTask>>>,
}

/// What the lab needs of a runtime.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Needs")]
pub struct RawNeeds {
    #[serde(default)]
    pub workspace: RawWorkspace,
    /// Promises of the runtime without which the lab must not start.
    #[serde(default)]
    pub guarantees: Vec<Guarantee>,
}

/// The learner's workspace.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Workspace")]
pub struct RawWorkspace {
    /// `python`: the hash-locked environment/requirements.txt. Leave out where no Python is needed.
    #[schemars(extend("enum" = ["python"]))]
    pub environment: Option<At<String>>,
}

/// Upper bounds of the sandbox.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub struct RawLimits {
    pub memory: Option<At<WrittenSize>>,
    /// Of workspace and home together.
    pub disk: Option<At<WrittenSize>>,
    pub processes: Option<At<u32>>,
    /// How long an attempt may last before it must be extended.
    pub time: Option<At<WrittenDuration>>,
}

/// How a parameter is drawn: exactly one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Parameter")]
pub struct RawParameter {
    /// From the first to the second, both included.
    pub integer: Option<(i64, i64)>,
    /// So many words, joined by hyphens: amber-otter.
    pub words: Option<u8>,
    /// One of these.
    pub choice: Option<Vec<String>>,
}

/// A step of the set-up.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Setup")]
pub struct RawSetup {
    /// What the learner reads while it runs.
    pub title: At<String>,
    /// The program and its arguments.
    pub run: At<Vec<At<String>>>,
    /// Default 60s.
    pub timeout: Option<At<WrittenDuration>>,
}

/// A server of the learner's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Service")]
pub struct RawService {
    pub name: At<String>,
    /// The tab's title.
    pub title: At<String>,
    /// On the sandbox's loopback.
    pub port: At<u16>,
}

/// Something that the learner must bring about; `checks` or `trial`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Task")]
pub struct RawTask {
    /// Also its heading in instructions.md.
    pub id: At<String>,
    pub title: At<String>,
    pub points: At<u32>,
    /// Ids of tasks that must hold first.
    #[serde(default)]
    pub needs: Vec<At<String>>,
    /// All must pass.
    pub checks: Option<At<Vec<At<RawCheck>>>>,
    pub trial: Option<At<RawTrial>>,
    /// In steps, from a nudge to nearly the answer.
    #[serde(default)]
    pub hints: Vec<At<String>>,
}
