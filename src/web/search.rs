//! What can be searched: the content that is being served, handed to the store's index as plain texts.
//!
//! Never hands over solutions, checks, hidden data, hints, or what a question hides until it is opened.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::pages::curriculum::week_name;
use crate::content::markdown::{self, Section};
use crate::content::{Catalogue, LabEntry, LessonEntry};
use crate::model::glossary::Term;
use crate::store::StoreError;
use crate::store::search::{SearchIndex, SearchKind, SearchPage, SearchResults, SearchSection};

/// The most characters that are looked for.
pub const LONGEST: usize = 200;

/// The index of the content that is served; made anew once there is other content.
#[derive(Debug, Default)]
pub struct Finder(Mutex<Option<Filled>>);

#[derive(Clone, Debug)]
struct Filled {
    from: Arc<Catalogue>,
    index: Arc<SearchIndex>,
}

impl Finder {
    /// Looks for what somebody typed; see [`SearchIndex::search`].
    ///
    /// # Errors
    /// Where the index fails, never for what was typed.
    pub async fn search(
        &self,
        catalogue: &Arc<Catalogue>,
        typed: &str,
        most: usize,
    ) -> Result<SearchResults, StoreError> {
        let index = self.index(catalogue).await?;
        match index.search(typed, most).await {
            Ok(found) => Ok(found),
            Err(error) => {
                // It is only a copy: the next search makes another.
                let mut filled = self.0.lock().await;
                if filled.as_ref().is_some_and(|filled| Arc::ptr_eq(&filled.index, &index)) {
                    *filled = None;
                }
                Err(error)
            }
        }
    }

    /// Makes the index, where there is none of this content yet.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub async fn index(&self, catalogue: &Arc<Catalogue>) -> Result<Arc<SearchIndex>, StoreError> {
        let mut filled = self.0.lock().await;
        if let Some(filled) = filled.as_ref().filter(|filled| Arc::ptr_eq(&filled.from, catalogue)) {
            return Ok(filled.index.clone());
        }
        let from = catalogue.clone();
        let pages = tokio::task::spawn_blocking(move || pages(&from))
            .await
            .unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()));
        let index = Arc::new(SearchIndex::fill(pages).await?);
        *filled = Some(Filled {
            from: catalogue.clone(),
            index: index.clone(),
        });
        Ok(index)
    }
}

/// Everything that can be found: terms, then lessons and labs in the order of the course.
#[must_use]
pub fn pages(catalogue: &Catalogue) -> Vec<SearchPage> {
    let terms = catalogue.glossary.terms().map(term);
    let weeks = &catalogue.curriculum.weeks;
    let lessons = weeks.iter().flat_map(|week| {
        week.lessons
            .iter()
            .filter_map(|planned| catalogue.lesson(week.number, &planned.slug))
    });
    let mut labs: Vec<&Arc<LabEntry>> = catalogue.labs.values().collect();
    labs.sort_by_key(|entry| entry.lab.week);
    terms
        .chain(lessons.map(|entry| lesson(entry)))
        .chain(labs.into_iter().map(|entry| lab(entry)))
        .collect()
}

fn term(term: &Term) -> SearchPage {
    SearchPage {
        kind: SearchKind::Term,
        address: format!("/glossary/{}", term.slug),
        title: term.term.clone(),
        also: term.also.join(", "),
        place: "Glossary".to_owned(),
        text: format!("{} {}", term.short, words(&term.markdown)),
        sections: Vec::new(),
    }
}

fn lesson(entry: &LessonEntry) -> SearchPage {
    let body = entry.lesson.body.as_ref();
    let mut sections = markdown::sections(body.map_or("", |body| body.markdown.as_str())).into_iter();
    let mut text = sections.next().unwrap_or_default().text;
    for objective in body.into_iter().flat_map(|body| &body.objectives) {
        text.push(' ');
        text.push_str(&objective.does);
    }
    SearchPage {
        kind: SearchKind::Lesson,
        address: format!("/weeks/{}/{}", entry.week, entry.lesson.slug),
        title: entry.lesson.title.clone(),
        also: String::new(),
        place: week_name(entry.week),
        text,
        sections: sections
            .map(|Section { id, title, text }| SearchSection {
                id: Some(id),
                heading: title,
                text,
            })
            .collect(),
    }
}

fn lab(entry: &LabEntry) -> SearchPage {
    let lab = &entry.lab;
    SearchPage {
        kind: SearchKind::Lab,
        address: format!("/labs/{}", lab.id),
        title: lab.title.clone(),
        also: String::new(),
        place: week_name(lab.week),
        text: format!("{} {}", lab.summary, words(&lab.story)),
        sections: lab
            .tasks
            .iter()
            .map(|task| SearchSection {
                // The card has one list of all tasks.
                id: Some("tasks".to_owned()),
                heading: task.title.clone(),
                text: words(&task.text),
            })
            .collect(),
    }
}

/// A text without its marks, headings included, and with an ellipsis where each attempt has its own value.
fn words(markdown: &str) -> String {
    let mut out = String::new();
    for section in markdown::sections(markdown) {
        for part in [&section.title, &section.text] {
            if !part.is_empty() {
                if !out.is_empty() {
                    out.push(' ');
                }
                out.push_str(part);
            }
        }
    }
    without_values(&out)
}

/// `${name}` as `…`, and `$${` as the `${` that it stands for.
fn without_values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[at + 2..];
        } else if let Some(end) = rest[at..].find('}') {
            out.push_str(&rest[..at]);
            out.push('…');
            rest = &rest[at + end + 1..];
        } else {
            break;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::content::{Library, Roots};

    #[test]
    fn values_of_an_attempt_are_left_out() {
        for (text, wanted) in [
            ("seed ${seed}, ${p}.", "seed …, …."),
            ("$${HOME} ${x}", "${HOME} …"),
            ("a ${ b", "a ${ b"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_values(text), wanted);
        }
    }

    #[tokio::test]
    async fn what_is_hidden_is_not_found() {
        let catalogue = Library::open(Roots::beneath(Path::new(env!("CARGO_MANIFEST_DIR")))).catalogue();
        let all = pages(&catalogue);
        assert!(all.iter().any(|page| page.kind == SearchKind::Lesson));
        let told: String = all
            .iter()
            .flat_map(|page| {
                [&page.title, &page.text].into_iter().chain(
                    page.sections
                        .iter()
                        .flat_map(|section| [&section.heading, &section.text]),
                )
            })
            .fold(String::new(), |all, text| all + text + "\n");
        for entry in catalogue.labs.values() {
            for hint in entry.lab.tasks.iter().flat_map(|task| &task.hints) {
                assert!(!told.contains(hint.as_str()), "{hint}");
            }
        }
        let finder = Finder::default();
        let found = finder.search(&catalogue, "notebook", 5).await.unwrap();
        assert_eq!(found.hits[0].address, "/labs/inherited-notebook");
        let index = finder.index(&catalogue).await.unwrap();
        assert!(Arc::ptr_eq(&index, &finder.index(&catalogue).await.unwrap()));
        assert!(!Arc::ptr_eq(&index, &finder.index(&Arc::default()).await.unwrap()));
    }
}
