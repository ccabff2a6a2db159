//! What hangs on a version says which, and when it was checked: not in the future, and within a year.

use super::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let (raw, body) = (subject.raw, subject.body);
    if raw.versions.is_empty() && body.environment.is_some() {
        let help = "add `versions:` with `{ tool, version, checked }` of what the blocks use";
        subject.error(
            "versions",
            raw.minutes.span.clone(),
            "the lesson says of no tool which version it shows",
            help,
        );
    }
    let today = subject.facts.today.clone();
    let year_ago = a_year_before(&today);
    for version in &raw.versions {
        for (text, what) in [(&version.tool, "tool"), (&version.version, "version")] {
            if text.trim().is_empty() {
                subject.error(
                    "versions",
                    text.span.clone(),
                    format!("no {what}"),
                    "say which, as it calls itself",
                );
            }
        }
        // ISO dates sort as days do.
        let checked = version.checked.value.as_str();
        let at = version.checked.span.clone();
        if checked > today.as_str() {
            subject.error(
                "versions",
                at,
                format!("{checked} has not come yet"),
                format!("today is {today}"),
            );
        } else if checked < year_ago.as_str() {
            let message = format!("{} was checked more than a year ago", version.tool.value);
            subject.warn(
                "versions",
                at,
                message,
                "run the blocks with the version of today, and look its facts up",
            );
        }
    }
}

/// The same day of the year before.
fn a_year_before(date: &str) -> String {
    match date.get(..4).and_then(|year| year.parse::<u32>().ok()) {
        Some(year) => format!("{:04}{}", year.saturating_sub(1), &date[4..]),
        None => String::new(),
    }
}
