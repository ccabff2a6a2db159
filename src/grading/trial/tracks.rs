//! What a picture of a trial shows: lanes of coloured pieces over time.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// Pieces that a lane holds; what comes after widens the last one.
const LONGEST: usize = 200;

/// A lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    pub label: String,
    /// In order, without gaps from the first on.
    pub segments: Vec<Segment>,
}

/// A piece of a lane, in milliseconds since the trial began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub from_ms: u64,
    pub to_ms: u64,
    pub tone: Tone,
    pub text: String,
}

/// What a piece says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    Good,
    Bad,
    /// Could not be told.
    Unknown,
    /// A value that is neither good nor bad in itself.
    Plain,
}

impl Track {
    pub(super) fn new(label: String) -> Self {
        Self {
            label,
            segments: Vec::new(),
        }
    }

    /// The lane is like this from `now` on.
    pub(super) fn mark(&mut self, began: Timestamp, now: Timestamp, tone: Tone, text: &str) {
        let at = u64::try_from(now.since(began).as_millis()).unwrap_or(u64::MAX);
        if let Some(last) = self.segments.last_mut() {
            last.to_ms = at.max(last.from_ms);
            if last.tone == tone && last.text == text {
                return;
            }
        }
        if self.segments.len() < LONGEST {
            self.segments.push(Segment {
                from_ms: at,
                to_ms: at,
                tone,
                text: text.to_owned(),
            });
        }
    }

    /// The last piece ends now.
    pub(super) fn close(&mut self, began: Timestamp, now: Timestamp) {
        if let Some(last) = self.segments.last_mut() {
            last.to_ms = u64::try_from(now.since(began).as_millis())
                .unwrap_or(u64::MAX)
                .max(last.from_ms);
        }
    }
}
