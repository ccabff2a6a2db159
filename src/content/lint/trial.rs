//! Each lab has at least one trial: something is done to the learner's work, and it must hold.

use super::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let built = subject.built;
    if !built.raw.tasks.iter().any(|task| task.trial.is_some()) {
        let help = "add a task with `trial:`: break a file, send odd input, take something away";
        subject.warn("trial-present", &built.raw.title, "the lab has no trial", help);
    }
}
