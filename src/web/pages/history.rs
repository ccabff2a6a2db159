//! Everything that the learner did.

use axum::extract::State;
use serde::Serialize;

use super::frame::{Frame, Section};
use super::parts::Attempt;
use super::show::{Shown, page};
use super::time::Times;
use crate::base::Timestamp;
use crate::lab;
use crate::web::identity::Who;
use crate::web::templates::View;
use crate::web::{Site, texts};

/// The page at `/history`.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryPage {
    pub frame: Frame,
    pub attempts: Vec<Attempt>,
}

impl View for HistoryPage {
    const TEMPLATE: &'static str = "history.html";
}

/// `GET /history`.
///
/// # Errors
/// When the database fails.
pub async fn show(State(site): State<Site>, Who(person): Who) -> Shown {
    let attempts = site.labs().history(person).await?;
    let times = site.times();
    page(&HistoryPage {
        frame: Frame::new("Attempts at labs", Section::Progress, times.now()),
        attempts: attempts.iter().map(|attempt| line(attempt, &times)).collect(),
    })
}

/// One attempt as a line.
#[must_use]
pub fn line(attempt: &lab::Attempt, times: &Times) -> Attempt {
    let (mark, state) = texts::session(attempt.state);
    Attempt {
        title: attempt.title.clone(),
        href: format!("/sessions/{}", attempt.session),
        mark,
        state: state.to_owned(),
        begun: times.moment(attempt.created),
        progress: format!("{} of {} tasks", attempt.score.achieved, attempt.score.tasks),
    }
}

impl HistoryPage {
    /// A page with one attempt.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::new("Attempts at labs", Section::Progress, Timestamp(0)),
            attempts: super::lab::LabPage::sample().attempts,
        }
    }
}
