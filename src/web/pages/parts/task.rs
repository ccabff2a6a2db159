//! One task: what must be true, how it stands, why, its hints and its trial.

use serde::Serialize;

use super::trial::TrialView;
use crate::web::pages::mark::Mark;
use crate::web::pages::time::Moment;
use crate::web::templates::{SafeHtml, View};

/// A task in the lab's list. Its element is `task-<id>`.
#[derive(Clone, Debug, Serialize)]
pub struct TaskView {
    pub session: String,
    pub id: String,
    pub title: String,
    pub points: u32,
    pub mark: Mark,
    /// `Passed`, `Not yet`, `Checking`, `Waits for “…”`, `Our fault`, `Achieved, broken now`.
    pub word: String,
    /// When it was achieved, or since when it is as it is.
    pub at: Option<Moment>,
    /// Whether it is shown open.
    pub open: bool,
    /// What must be true, as HTML.
    pub text: SafeHtml,
    pub findings: Vec<FindingView>,
    /// What the platform's fault means for the learner.
    pub fault: bool,
    pub hints: HintsView,
    pub trial: Option<TrialView>,
    /// Whether forms are shown: not in a session that has ended.
    pub live: bool,
}

impl View for TaskView {
    const TEMPLATE: &'static str = "parts/task.html";
}

/// Why a task stands as it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingView {
    pub expected: String,
    pub seen: String,
    pub place: String,
    pub say: Option<String>,
}

/// Hints in steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HintsView {
    /// Those that were asked for, as HTML.
    pub shown: Vec<SafeHtml>,
    pub all: usize,
}

impl TaskView {
    /// A task with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            session: "0190b6a4-0000-7000-8000-000000000001".into(),
            id: "trains".into(),
            title: "Training runs from a clean process".into(),
            points: 10,
            mark: Mark::NotYet,
            word: "Not yet".into(),
            at: Some(Moment {
                exact: "2026-11-24T14:02:00Z".into(),
                text: "14:02".into(),
            }),
            open: true,
            text: SafeHtml::rendered("<p>One command makes the model.</p>".into()),
            findings: vec![FindingView {
                expected: "metrics.json holds the AUC".into(),
                seen: "nothing <there>".into(),
                place: "metrics.json".into(),
                say: Some("A perfect score on real data is a smell.".into()),
            }],
            fault: false,
            hints: HintsView {
                shown: vec![SafeHtml::rendered("<p>Look at the columns.</p>".into())],
                all: 3,
            },
            trial: Some(TrialView::sample()),
            live: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_learner_wrote_is_escaped() {
        let html = TaskView::sample().render().unwrap();
        assert!(html.contains("nothing &#60;there&#62;"), "{html}");
        assert!(html.contains("Hint 2 of 3"), "{html}");
    }

    #[test]
    fn our_fault_does_not_count_and_can_be_tried_again() {
        let mut task = TaskView::sample();
        task.fault = true;
        let html = task.render().unwrap();
        assert!(html.contains("Not counted"), "{html}");
        assert!(html.contains("/tasks/trains/again"), "{html}");
    }

    #[test]
    fn an_ended_session_offers_nothing_to_press() {
        let mut task = TaskView::sample();
        task.live = false;
        task.trial = task.trial.map(|trial| TrialView { live: false, ..trial });
        assert!(!task.render().unwrap().contains("<button"));
    }
}
