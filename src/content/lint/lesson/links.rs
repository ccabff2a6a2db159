//! Links lead somewhere: to headings, lessons, labs, terms and pages that there are.

use super::Subject;
use crate::base::nearest;
use crate::model::LabId;

/// Pages that are always there.
const PAGES: &[&str] = &[
    "/",
    "/labs",
    "/history",
    "/about",
    "/settings",
    "/glossary",
    "/search",
    "/progress",
    "/review",
];

pub(super) fn check(subject: &mut Subject<'_>) {
    let text = subject.text;
    for link in &text.links {
        if let Some((message, help)) = wrong(subject, &link.address) {
            subject.error("links", Some(link.span.clone()), message, help);
        }
    }
}

/// What is wrong with an address of this site.
fn wrong(subject: &Subject<'_>, address: &str) -> Option<(String, String)> {
    let (path, heading) = match address.split_once('#') {
        Some((path, heading)) => (path, Some(heading)),
        None => (address, None),
    };
    let path = path.split('?').next().unwrap_or_default();
    if address.contains("://") || address.starts_with("mailto:") {
        return None;
    }
    let missing = |what: &str, help: String| Some((format!("there is no {what}"), help));
    let near = |word: &str, known: Vec<&str>, otherwise: &str| match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    };
    let catalogue = subject.catalogue;
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').skip(1).collect();
    let mut target = (path.is_empty()).then_some(subject.entry);
    match parts.as_slice() {
        _ if path.is_empty() => {}
        _ if !path.starts_with('/') => {
            let help = "write the address that the browser shows: `/weeks/1/slug`, `/labs/id`, `/glossary/slug`";
            return Some((format!("`{address}` leads nowhere from the lesson's page"), help.into()));
        }
        ["weeks", week] | ["weeks", week, "figures", ..] => {
            if !catalogue
                .curriculum
                .weeks
                .iter()
                .any(|other| other.number.to_string() == *week)
            {
                return missing(&format!("week `{week}`"), "weeks are numbered 1 to 17".into());
            }
        }
        ["weeks", week, slug] => {
            let number: u8 = week.parse().unwrap_or(0);
            target = catalogue.lesson(number, slug).map(AsRef::as_ref);
            if target.is_none() {
                let known = catalogue.lessons.keys().filter(|key| key.0 == number);
                let help = near(
                    slug,
                    known.map(|key| key.1.as_str()).collect(),
                    "link only to lessons that are written",
                );
                return missing(&format!("lesson `{slug}` in week {week} that is written"), help);
            }
        }
        ["labs", id] => {
            let id = LabId((*id).to_owned());
            if !catalogue.labs.contains_key(&id) && !catalogue.broken.contains_key(&id) {
                let known = catalogue.labs.keys().map(|id| id.0.as_str()).collect();
                return missing(
                    &format!("lab `{id}`"),
                    near(&id.0, known, "link only to labs that are there"),
                );
            }
        }
        ["glossary", slug] => {
            if catalogue.glossary.term(slug).is_none() {
                let known = catalogue.glossary.terms().map(|term| term.slug.as_str()).collect();
                let help = near(slug, known, "add it to `curriculum/glossary/`");
                return missing(&format!("term `{slug}` in the glossary"), help);
            }
        }
        _ if PAGES.contains(&path) => {}
        _ => {
            return missing(&format!("page `{path}`"), format!("pages are: {}", PAGES.join(", ")));
        }
    }
    let (heading, target) = (heading?, target?);
    let id = if heading.starts_with("s-") {
        heading.to_owned()
    } else {
        format!("s-{heading}")
    };
    let headings = &target.rendered().headings;
    if headings.iter().any(|one| one.id == id) || heading == "quiz" {
        return None;
    }
    let known = headings.iter().filter_map(|one| one.id.strip_prefix("s-")).collect();
    let help = near(
        heading,
        known,
        "a heading's link is its words in lower case with hyphens",
    );
    missing(&format!("heading `#{heading}`"), help)
}
