//! Every task has hints, and the first does not give the answer away by being the only one of a hard task.

use super::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let built = subject.built;
    for task in built.raw.tasks.iter() {
        if task.hints.is_empty() {
            subject.warn(
                "hints-present",
                &task.id,
                format!("`{}` has no hint", task.id.value),
                "add one: how, in steps",
            );
        } else if task.points.value >= 15 && task.hints.len() < 2 {
            let message = format!("`{}` is hard and has one hint", task.id.value);
            subject.warn(
                "hints-present",
                &task.id,
                message,
                "give a nudge first, then nearly the answer",
            );
        }
    }
}
