//! One attempt of one person at one lab.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lab::{LabId, Parameters};
use crate::base::{PersonId, SessionId, Timestamp, WorkshopId};

/// `queued → provisioning → ready ⇄ paused → ending → ended`, or `failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    Queued,
    Provisioning,
    Ready,
    /// The workspace is intact and nothing runs.
    Paused,
    Ending,
    Ended,
    /// The reason and the failing step stay; may be retried.
    Failed,
}

impl SessionState {
    /// Whether the session still holds, or will hold, something of the machine.
    #[must_use]
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Ended)
    }

    /// Whether a session may go from this state to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use SessionState::{Ended, Ending, Failed, Paused, Provisioning, Queued, Ready};
        matches!(
            (self, next),
            (Queued, Provisioning | Ending | Failed)
                | (Provisioning, Ready | Failed | Ending | Queued)
                | (Ready, Paused | Ending | Provisioning | Failed)
                | (Paused, Provisioning | Ready | Ending | Failed)
                | (Failed, Queued | Provisioning | Ending)
                | (Ending, Ended)
        )
    }

    /// The word that the store and the pages use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Provisioning => "provisioning",
            Self::Ready => "ready",
            Self::Paused => "paused",
            Self::Ending => "ending",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Provisioning,
            Self::Ready,
            Self::Paused,
            Self::Ending,
            Self::Ended,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| state.word() == word)
    }
}

/// A lab session as its row tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabSession {
    pub id: SessionId,
    pub person: PersonId,
    pub workshop: Option<WorkshopId>,
    pub lab: LabId,
    /// The hash of the lab's definition when the session was made.
    pub lab_hash: String,
    pub state: SessionState,
    /// Why it is paused, failed or ended, in words for the learner.
    pub reason: Option<String>,
    /// Seed of the parameters.
    pub seed: u64,
    pub parameters: Parameters,
    /// Name of the driver that runs it.
    pub driver: String,
    pub created: Timestamp,
    /// When the learner got the prompt for the first time.
    pub ready: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// When the time is up; `None` until ready.
    pub deadline: Option<Timestamp>,
    /// What was left when the time stood still; `None` while it runs.
    pub left: Option<Duration>,
    pub extensions: u32,
    /// The export that the workspace started from.
    pub from_export: Option<String>,
    /// Counts changes of the row, for compare-and-set.
    pub revision: i64,
}

/// A step of provisioning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// From 0, in the order in which they run.
    pub number: u32,
    pub title: String,
    pub state: StepState,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// The last lines that it printed, capped.
    pub output: String,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    Waiting,
    Running,
    Done,
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back() {
        for word in ["queued", "provisioning", "ready", "paused", "ending", "ended", "failed"] {
            assert_eq!(SessionState::from_word(word).unwrap().word(), word);
        }
        assert_eq!(SessionState::from_word("lost"), None);
    }

    #[test]
    fn nothing_follows_the_end() {
        for word in ["queued", "provisioning", "ready", "paused", "ending", "failed"] {
            assert!(!SessionState::Ended.may_become(SessionState::from_word(word).unwrap()));
        }
    }
}
