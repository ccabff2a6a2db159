//! One picture, which is there and says in words what it shows.

use super::Subject;

/// Characters of an alternative text that can retell a picture.
const LEAST: usize = 40;

pub(super) fn check(subject: &mut Subject<'_>) {
    let (text, entry, catalogue) = (subject.text, subject.entry, subject.catalogue);
    if text.images.is_empty() {
        let help = "one picture that retells the idea: `![What it says](figures/NAME.svg \"The caption\")`";
        subject.error("figures", None, "the lesson has no picture", help);
    }
    if let Some(second) = text.images.get(1) {
        let help = "keep the one that retells the idea";
        subject.warn("figures", Some(second.span.clone()), "a second picture", help);
    }
    for image in &text.images {
        let at = Some(image.span.clone());
        let name = image.address.trim_start_matches("./").strip_prefix("figures/");
        match name {
            Some(name) if catalogue.figure(entry.week, name).is_some() => {}
            // What is wrong with a picture that cannot be served is said where it is.
            Some(name)
                if catalogue
                    .diagnostics
                    .iter()
                    .any(|one| one.file.ends_with(&format!("{}/figures/{name}", entry.folder))) => {}
            _ => {
                let message = format!("there is no picture `{}`", image.address);
                subject.error(
                    "figures",
                    at.clone(),
                    message,
                    "pictures are SVG files in `figures/` of the week",
                );
            }
        }
        if image.words.trim().chars().count() < LEAST {
            let help = "say in the brackets what it shows, for who cannot see it: all that it adds to the text";
            subject.error("figures", at, "the picture does not say in words what it shows", help);
        }
    }
}
