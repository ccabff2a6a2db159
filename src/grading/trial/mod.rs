//! Trials: something is done to the learner's work, and it must hold.
//!
//! [`Machine`] decides (pure), [`run`] acts and watches, the journal makes sure that every file which an act touched
//! is put back, also when the trial is cancelled or the server is killed in the middle. A trial never ends with its
//! marks left in the workspace, and never writes over what the learner wrote meanwhile.

mod acts;
mod fingerprint;
mod holds;
mod journal;
mod machine;
mod restore;
mod runner;
mod tracks;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::model::check::Probe;
use crate::model::{Act, Finding, Trial};

pub use fingerprint::fingerprint;
pub use journal::{RestoreReport, files_after_crash};
pub use machine::{Acted, Machine, Phase};
pub use restore::restore_after_crash;
pub use runner::{Progress, run};
pub use tracks::{Segment, Tone, Track};

/// How a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialVerdict {
    Held,
    Violated,
    /// The platform's fault, or something could not be looked at: costs nothing.
    Error,
    /// Ended by the learner or the server before it was decided: says nothing about the work.
    Cancelled,
}

/// What became of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialOutcome {
    pub verdict: TrialVerdict,
    /// Why it did not hold; empty where it did.
    pub findings: Vec<Finding>,
    /// What was done and seen, should it have held.
    pub evidence: Vec<String>,
    pub started: Timestamp,
    pub finished: Timestamp,
    pub timeline: Vec<Entry>,
    /// For a picture: a lane for each thing that was watched and each condition.
    pub tracks: Vec<Track>,
    /// Everything is as it was before, or as the learner made it meanwhile.
    pub restored: bool,
    /// What restoring left as it is, and why; in words for the learner.
    pub notes: Vec<String>,
    /// State of the files that the outcome rests on, see [`fingerprint`].
    pub fingerprint: String,
    /// For the operator.
    pub fault: Option<String>,
}

/// Something that happened in a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    pub kind: EntryKind,
    /// Safe to be shown.
    pub text: String,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    Act,
    Observation,
    /// A condition was met for good.
    Held,
    Violation,
    Restore,
    Note,
}

/// Paths of the workspace on which a trial's outcome rests: what its referees watch and the learner's files that its
/// acts change, move or remove. What the work writes during a trial, and what acts put in, is not among them.
#[must_use]
pub fn rests_on(trial: &Trial) -> Vec<String> {
    let mut paths = Vec::new();
    for act in &trial.act {
        match act {
            Act::Remove { path } | Act::FlipByte { path, .. } => paths.push(path.clone()),
            Act::Move { from, .. } => paths.push(from.clone()),
            Act::Referee { probe, .. } => paths.extend(probe.watches.iter().cloned()),
            Act::Put { .. } | Act::Write { .. } | Act::Command { .. } | Act::Http { .. } | Act::Wait(_) => {}
        }
    }
    for probe in trial.watch.values() {
        if let Probe::Referee(referee) = probe {
            paths.extend(referee.watches.iter().cloned());
        }
    }
    paths.sort();
    paths.dedup();
    paths
}
