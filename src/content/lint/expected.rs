//! Where an assertion does not explain itself, the lab says what is expected in the learner's words.

use super::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let built = subject.built;
    for task in built.raw.tasks.iter() {
        for check in task.checks.iter().flat_map(|checks| checks.iter()) {
            if check.expected.is_none() {
                let help = "add `expected:` with what must be true, as a learner would say it";
                subject.warn("expected-given", check, "a learner would read an expression here", help);
            }
        }
        for hold in task.trial.iter().flat_map(|trial| trial.hold.iter()) {
            if hold.expected.is_none() {
                let help = "add `expected:` with what must hold, as a learner would say it";
                subject.warn("expected-given", hold, "a learner would read an expression here", help);
            }
        }
    }
}
