//! Everything that the learner did.

use askama::Template;

use super::frame::{Frame, Section};
use super::parts::Attempt;
use crate::base::Timestamp;

/// The page at `/history`.
#[derive(Clone, Debug, Template)]
#[template(path = "history.html")]
pub struct HistoryPage {
    pub frame: Frame,
    pub attempts: Vec<Attempt>,
}

impl HistoryPage {
    /// A page with one attempt.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::landing("Progress", Section::Progress, Timestamp(0)),
            attempts: super::lab::LabPage::sample().attempts,
        }
    }
}
