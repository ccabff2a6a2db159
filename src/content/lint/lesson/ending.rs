//! The last section says what is now true and what is still done by hand, and asks for one reason.

use super::Subject;

const PARTS: [&str; 3] = ["Now true", "Still by hand", "Explain why"];

pub(super) fn check(subject: &mut Subject<'_>) {
    let text = subject.text;
    for part in PARTS {
        let is_there = text
            .bold
            .iter()
            .any(|words| words.to_lowercase().starts_with(&part.to_lowercase()));
        if !is_there {
            let help = format!("begin a paragraph with `**{part}**`");
            subject.error(
                "ending",
                text.last_section.clone(),
                format!("the last section has no `{part}`"),
                help,
            );
        }
    }
}
