//! Titles, summary and minutes are short enough for a card and honest enough for an evening.

use super::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let built = subject.built;
    let raw = &built.raw;
    for (at, longest) in std::iter::once((&raw.title, 60)).chain(raw.tasks.iter().map(|task| (&task.title, 60))) {
        if at.chars().count() > longest {
            subject.warn(
                "titles",
                at,
                format!("a title of more than {longest} characters"),
                "say it shorter",
            );
        }
        if at.ends_with(['.', ':']) {
            subject.warn("titles", at, "a title is no sentence", "leave the full stop out");
        }
    }
    if raw.summary.chars().count() > 160 {
        subject.warn(
            "titles",
            &raw.summary,
            "a summary of more than 160 characters",
            "one sentence for the card",
        );
    }
    if !(5..=180).contains(&raw.minutes.value) {
        let message = format!("{} minutes", raw.minutes.value);
        subject.warn(
            "minutes",
            &raw.minutes,
            message,
            "a lab takes 5 to 180 minutes: split it, or say what it needs",
        );
    }
    if built.lab.limits.time.as_secs() / 60 < u64::from(raw.minutes.value) {
        let help = "set `limits: {time: …}` to twice what a learner usually needs";
        subject.warn(
            "minutes",
            &raw.minutes,
            "an attempt ends before most learners are done",
            help,
        );
    }
}
