//! At most 1,500 words; code is not counted.

use super::Subject;

const MOST: usize = 1_500;

pub(super) fn check(subject: &mut Subject<'_>) {
    let words = subject.text.words;
    if words > MOST {
        let help = "cut what re-teaches, or make two lessons of it";
        subject.error(
            "words",
            None,
            format!("{words} words, and at most {MOST} are read"),
            help,
        );
    }
}
