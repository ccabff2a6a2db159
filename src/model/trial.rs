//! A trial: something is done to the learner's work, and it must hold.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::{CommandProbe, HttpProbe, Probe, RefereeProbe, Say};

/// Act, watch, restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    pub act: Vec<Act>,
    /// What is observed until the deadline, by the name that the expressions use.
    pub watch: BTreeMap<String, Probe>,
    /// How long is watched after the last act.
    pub within: Duration,
    pub hold: Vec<Hold>,
    /// What is done at the end besides putting back the files that acts touched.
    pub restore: Vec<Act>,
}

/// One thing that is done. Paths are relative to the workspace, `from` of a `Put` to the lab's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    Put {
        from: String,
        to: String,
    },
    Write {
        path: String,
        text: String,
    },
    Remove {
        path: String,
    },
    Move {
        from: String,
        to: String,
    },
    /// Flips the lowest bit of the byte at an offset.
    FlipByte {
        path: String,
        at: Offset,
    },
    Command {
        probe: CommandProbe,
        bind: Option<String>,
    },
    Referee {
        probe: RefereeProbe,
        bind: String,
    },
    Http {
        probe: HttpProbe,
        bind: String,
    },
    Wait(Duration),
}

/// Where in a file: a number, or a parameter's text (`${at}`) until the parameters are filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Offset {
    /// Bytes from the start; a file that is shorter has the byte at the remainder of dividing by its length.
    At(u64),
    /// Not filled in yet.
    Drawn(String),
}

/// What must hold: CEL over the bound and watched names, `params` and `act.time`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub kind: HoldKind,
    pub that: String,
    pub expected: Option<String>,
    pub seen: Option<String>,
    pub say: Vec<Say>,
}

/// When a hold is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldKind {
    /// Once, when every act is done.
    Once,
    /// It is never true while watching.
    Never,
    /// It is true all the time while watching.
    Always,
    /// It becomes true before this long after the last act.
    Eventually(Duration),
}
