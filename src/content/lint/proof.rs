//! There is what proves the lab: a solution, an undo, and for each hard task two wrong solutions.

use super::{Diagnostic, Severity, Subject};

pub(super) fn check(subject: &mut Subject<'_>) {
    let built = subject.built;
    let name = subject.folder.name.clone();
    let missing =
        |rule, what: &str, help: &str| Diagnostic::about(rule, Severity::Warning, name.clone(), what).help(help);
    let mut found = Vec::new();
    if built.proof.solution.is_none() {
        found.push(missing(
            "solution-present",
            "there is no solution",
            "add `solution/` with files for the workspace",
        ));
    }
    if built.proof.undo.is_none() {
        found.push(missing(
            "undo-present",
            "there is no undo",
            "add `undo/`: it turns every task red again",
        ));
    }
    subject.found.extend(found);
    for task in built.raw.tasks.iter().filter(|task| task.points.value >= 15) {
        let wrong = built
            .proof
            .wrong
            .iter()
            .filter(|wrong| wrong.fails.iter().any(|id| id.0 == task.id.value))
            .count();
        if wrong < 2 {
            let message = format!("`{}` is hard and {wrong} wrong solutions fail it", task.id.value);
            subject.warn(
                "wrong-present",
                &task.id,
                message,
                "add plausible ones in `wrong/<name>/`, at least two",
            );
        }
    }
}
