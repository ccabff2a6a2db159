//! The words for states and verdicts: the one place where a state becomes what a reader sees.

use crate::content::markdown;
use crate::model::{Parameters, SessionState, StepState, Verdict};
use crate::web::pages::mark::Mark;
use crate::web::templates::SafeHtml;

/// A lab's text, in which parameters are filled in already, as HTML.
#[must_use]
pub fn markdown(text: &str) -> SafeHtml {
    SafeHtml::rendered(markdown::render_task(text, &Parameters::new()))
}

/// Shape and word of a session's state; provisioning says its step elsewhere.
#[must_use]
pub fn session(state: SessionState) -> (Mark, &'static str) {
    match state {
        SessionState::Queued => (Mark::Clock, "Waits for its turn"),
        SessionState::Provisioning => (Mark::Clock, "Being made"),
        SessionState::Ready => (Mark::Passed, "Ready"),
        SessionState::Paused => (Mark::Paused, "Paused"),
        SessionState::Ending => (Mark::Clock, "Ending"),
        SessionState::Ended => (Mark::Dot, "Ended"),
        SessionState::Failed => (Mark::OurFault, "Failed"),
    }
}

/// Shape and word of a step.
#[must_use]
pub fn step(state: StepState) -> (Mark, &'static str) {
    match state {
        StepState::Waiting => (Mark::Dot, "Waits"),
        StepState::Running => (Mark::Clock, "Running"),
        StepState::Done => (Mark::Passed, "Done"),
        StepState::Failed => (Mark::NotYet, "Failed"),
    }
}

/// Shape and word of a task, by what is true now and whether it was achieved before. `waits_for` are titles.
#[must_use]
pub fn task(verdict: Verdict, achieved: bool, waits_for: &[String]) -> (Mark, String) {
    match (verdict, achieved) {
        (Verdict::Pass, _) => (Mark::Passed, "Passed".to_owned()),
        (Verdict::Fail | Verdict::Blocked, true) => (Mark::Broken, "Achieved, broken now".to_owned()),
        (Verdict::Fail | Verdict::Blocked, false) => (Mark::NotYet, "Not yet".to_owned()),
        (Verdict::Pending, true) => (Mark::Checking, "Achieved, checking".to_owned()),
        (Verdict::Pending, false) => (Mark::Checking, "Checking".to_owned()),
        (Verdict::Error, _) => (Mark::OurFault, "Our fault".to_owned()),
        (Verdict::Waiting, true) => (Mark::Waits, "Achieved, waits".to_owned()),
        (Verdict::Waiting, false) => (Mark::Waits, waits(waits_for)),
    }
}

fn waits(titles: &[String]) -> String {
    match titles {
        [] => "Waits".to_owned(),
        [one] => format!("Waits for “{one}”"),
        [one, rest @ ..] => format!("Waits for “{one}” and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_its_shape_and_word() {
        let word = |verdict, achieved| task(verdict, achieved, &["Training runs".to_owned()]);
        assert_eq!(word(Verdict::Pass, true), (Mark::Passed, "Passed".into()));
        assert_eq!(word(Verdict::Fail, false), (Mark::NotYet, "Not yet".into()));
        assert_eq!(word(Verdict::Fail, true), (Mark::Broken, "Achieved, broken now".into()));
        assert_eq!(word(Verdict::Pending, false), (Mark::Checking, "Checking".into()));
        assert_eq!(word(Verdict::Error, false), (Mark::OurFault, "Our fault".into()));
        assert_eq!(
            word(Verdict::Waiting, false),
            (Mark::Waits, "Waits for “Training runs”".into())
        );
    }
}
