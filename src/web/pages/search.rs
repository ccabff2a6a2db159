//! The page of results: search without a script.

use axum::extract::{Query, State};
use serde::Serialize;

use super::frame::{Frame, Section};
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::store::search::{Answered, SearchHit, SearchKind, SearchResults, Segment};
use crate::web::Site;
use crate::web::search::LONGEST;
use crate::web::templates::View;

/// Results on the page.
const MOST: usize = 50;

/// The page at `/search`.
#[derive(Clone, Debug, Serialize)]
pub struct ResultsPage {
    pub frame: Frame,
    /// As it was typed, cut where it was too long.
    pub typed: String,
    pub longest: usize,
    /// What was found, in words; empty where nothing was asked.
    pub summary: String,
    /// What was done with the words, where something was.
    pub note: String,
    pub groups: Vec<Group>,
    /// Something was asked and nothing found.
    pub nothing: bool,
}

impl View for ResultsPage {
    const TEMPLATE: &'static str = "search.html";
}

/// Results of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    pub id: &'static str,
    pub title: &'static str,
    pub hits: Vec<Hit>,
}

/// A result.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    pub href: String,
    pub place: String,
    pub title: Vec<Segment>,
    pub heading: Vec<Segment>,
    pub snippet: Vec<Segment>,
}

/// `GET /search?q=`.
///
/// # Errors
/// When the index fails.
pub async fn show(State(site): State<Site>, Query(query): Query<Vec<(String, String)>>) -> Shown {
    let asked = query
        .into_iter()
        .find_map(|(name, value)| (name == "q").then_some(value))
        .unwrap_or_default();
    let asked = asked.trim();
    let typed: String = asked.chars().take(LONGEST).collect();
    let found = site.finder().search(&site.catalogue(), &typed, MOST).await?;
    let was_cut = typed.len() < asked.len();
    page(&ResultsPage::new(typed, was_cut, &found, site.clock().now()))
}

impl ResultsPage {
    fn new(typed: String, was_cut: bool, found: &SearchResults, now: Timestamp) -> Self {
        let count = match (found.hits.len(), found.more) {
            (0, _) => "Nothing found".to_owned(),
            (1, _) => "One result".to_owned(),
            (many, false) => format!("{many} results"),
            (many, true) => format!("The first {many} results"),
        };
        let note = match &found.answered {
            _ if was_cut => format!("Only the first {LONGEST} characters were looked for."),
            Answered::Corrected(_) => format!("Nothing has “{typed}” as it is written."),
            Answered::InPart if !found.hits.is_empty() => "Nothing has all of these words. These have some.".to_owned(),
            Answered::AsAsked | Answered::InPart => String::new(),
        };
        let (title, summary) = if typed.is_empty() {
            ("Search".to_owned(), String::new())
        } else {
            let looked = match &found.answered {
                Answered::Corrected(words) => words,
                Answered::AsAsked | Answered::InPart => &typed,
            };
            let summary = format!("{count} for “{looked}”");
            (format!("{summary} · Search"), summary)
        };
        Self {
            frame: Frame::landing(title, Section::Search, now),
            nothing: !typed.is_empty() && found.hits.is_empty(),
            typed,
            longest: LONGEST,
            summary,
            note,
            groups: groups(&found.hits),
        }
    }

    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        let segment = |text: &str, hit| Segment { text: text.into(), hit };
        let hit = |kind, address: &str| SearchHit {
            kind,
            address: address.into(),
            place: "Week 1".into(),
            title: vec![segment("Data ", false), segment("leakage", true)],
            heading: vec![segment("Two walls", false)],
            snippet: vec![segment("A column <b>", false), segment("leaks", true)],
        };
        let found = SearchResults {
            hits: vec![
                hit(SearchKind::Term, "/glossary/data-leakage"),
                hit(SearchKind::Lesson, "/weeks/1/leakage#s-two-walls"),
            ],
            more: false,
            answered: Answered::Corrected("leakage".into()),
        };
        Self::new("leakgae".into(), false, &found, Timestamp(0))
    }
}

/// Hits by kind, the kind of the best hit first.
fn groups(hits: &[SearchHit]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for hit in hits {
        let (id, title) = match hit.kind {
            SearchKind::Lesson => ("lessons", "Lessons"),
            SearchKind::Lab => ("labs", "Labs"),
            SearchKind::Term => ("terms", "Glossary"),
        };
        let shown = Hit {
            href: hit.address.clone(),
            // The heading of the group says it already.
            place: match hit.kind {
                SearchKind::Term => String::new(),
                SearchKind::Lesson | SearchKind::Lab => hit.place.clone(),
            },
            title: hit.title.clone(),
            heading: hit.heading.clone(),
            snippet: hit.snippet.clone(),
        };
        match groups.iter_mut().find(|group| group.id == id) {
            Some(group) => group.hits.push(shown),
            None => groups.push(Group {
                id,
                title,
                hits: vec![shown],
            }),
        }
    }
    groups
}
