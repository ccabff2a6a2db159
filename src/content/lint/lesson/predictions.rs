//! At least twice the reader predicts, then looks.

use super::Subject;

const LEAST: usize = 2;

pub(super) fn check(subject: &mut Subject<'_>) {
    let count = subject.text.predictions;
    if count < LEAST {
        let message = format!("{count} predictions, and at least {LEAST} belong in the text");
        subject.error(
            "predictions",
            None,
            message,
            "add a quote that begins with `[!PREDICT]`",
        );
    }
}
