//! From week 2 on, a question comes back from one to four weeks before: there is one that can.

use super::Subject;

/// How many weeks back a question may come from.
const WEEKS: u8 = 4;

pub(super) fn check(subject: &mut Subject<'_>) {
    let week = subject.entry.week;
    if week < 2 {
        return;
    }
    let from = week.saturating_sub(WEEKS).max(1);
    let any = subject
        .catalogue
        .quizzes
        .range((from, String::new())..(week, String::new()))
        .any(|(_, entry)| !entry.quiz.questions.is_empty());
    if !any {
        let message = format!("no question of weeks {from} to {} can come back", week - 1);
        subject.error("recall", None, message, "write the quizzes of those weeks first");
    }
}
