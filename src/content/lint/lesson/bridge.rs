//! A lesson starts from what an operator knows, and says where that fails.

use super::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    if !subject.text.bridge {
        let help = "add a table with the headings `You know` and `Here`";
        subject.warn("bridge", None, "there is no bridge from what an operator knows", help);
    }
}
