//! Ids outlive an edit: they stand in awards, so they name what is achieved and not a place in a list.

use super::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let built = subject.built;
    for task in built.raw.tasks.iter() {
        let id = task.id.as_str();
        let bare = id.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        if matches!(bare, "task" | "step" | "t" | "part" | "exercise") {
            let message = format!("`{id}` names a place, and places change");
            subject.warn(
                "stable-ids",
                &task.id,
                message,
                "name what is true when it is done: `stays-up`, `holdout`",
            );
        }
    }
}
