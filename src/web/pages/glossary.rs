//! The glossary: all terms by letter, and a page for each.

use axum::extract::{Path, State};
use serde::Serialize;

use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::content::{Catalogue, markdown};
use crate::model::glossary::Term;
use crate::web::templates::{SafeHtml, View};
use crate::web::{Failure, Site};

/// The page at `/glossary`.
#[derive(Clone, Debug, Serialize)]
pub struct GlossaryPage {
    pub frame: Frame,
    /// `42 terms`
    pub count: String,
    /// The whole alphabet, and more where terms begin otherwise.
    pub letters: Vec<Letter>,
}

impl View for GlossaryPage {
    const TEMPLATE: &'static str = "glossary.html";
}

/// The terms that begin with a letter.
#[derive(Clone, Debug, Serialize)]
pub struct Letter {
    /// `A`; `0–9` for what begins with no letter.
    pub letter: String,
    /// In the address: `letter-a`.
    pub id: String,
    pub terms: Vec<TermLine>,
}

/// A term in a list.
#[derive(Clone, Debug, Serialize)]
pub struct TermLine {
    pub href: String,
    pub term: String,
    pub short: String,
}

/// The page at `/glossary/{slug}`.
#[derive(Clone, Debug, Serialize)]
pub struct TermPage {
    pub frame: Frame,
    pub term: String,
    pub also: Vec<String>,
    pub short: String,
    /// Rendered Markdown.
    pub body: SafeHtml,
    pub taught: Option<PlaceLine>,
    pub used: Vec<PlaceLine>,
    pub see: Vec<TermLine>,
}

impl View for TermPage {
    const TEMPLATE: &'static str = "term.html";
}

/// A lesson or lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceLine {
    pub title: String,
    /// `Week 1`, `Lab of week 1`
    pub place: String,
    /// `None` where it is not written yet.
    pub href: Option<String>,
}

/// `GET /glossary`.
///
/// # Errors
/// When the template cannot be rendered.
pub async fn list(State(site): State<Site>) -> Shown {
    page(&GlossaryPage::new(&site.catalogue(), site.clock().now()))
}

/// `GET /glossary/{slug}`.
///
/// # Errors
/// Where there is no such term.
pub async fn show(State(site): State<Site>, Path(slug): Path<String>) -> Shown {
    let catalogue = site.catalogue();
    let term = catalogue
        .glossary
        .term(&slug)
        .ok_or_else(|| Failure::not_found("The glossary has no such term.").way("All terms", "/glossary"))?;
    page(&TermPage::new(&catalogue, term, site.clock().now()))
}

impl GlossaryPage {
    fn new(catalogue: &Catalogue, now: Timestamp) -> Self {
        let mut terms: Vec<&Term> = catalogue.glossary.terms().collect();
        terms.sort_by_key(|term| term.term.to_lowercase());
        let mut letters: Vec<Letter> = ('A'..='Z').map(|letter| Letter::new(&letter.to_string())).collect();
        for term in &terms {
            let first = term.term.chars().next().filter(|first| first.is_alphabetic());
            let name = first.map_or_else(|| "0–9".to_owned(), |first| first.to_uppercase().to_string());
            let at = letters
                .iter()
                .position(|letter| letter.letter == name)
                .unwrap_or_else(|| {
                    letters.push(Letter::new(&name));
                    letters.len() - 1
                });
            letters[at].terms.push(line(term));
        }
        Self {
            frame: Frame::landing("Glossary", Section::Elsewhere, now),
            count: match terms.len() {
                1 => "One term".to_owned(),
                many => format!("{many} terms"),
            },
            letters,
        }
    }

    /// A page with one term.
    #[must_use]
    pub fn sample() -> Self {
        let mut page = Self::new(&Catalogue::default(), Timestamp(0));
        page.letters[3].terms.push(TermLine {
            href: "/glossary/data-leakage".into(),
            term: "Data leakage".into(),
            short: "A column tells too much.".into(),
        });
        page
    }
}

impl Letter {
    fn new(letter: &str) -> Self {
        Self {
            id: format!("letter-{}", letter.to_lowercase().replace('–', "-")),
            letter: letter.to_owned(),
            terms: Vec::new(),
        }
    }
}

impl TermPage {
    fn new(catalogue: &Catalogue, term: &Term, now: Timestamp) -> Self {
        let taught = term
            .taught
            .as_ref()
            .and_then(|(week, slug)| lesson(catalogue, *week, slug));
        let used = used(catalogue, &term.slug)
            .into_iter()
            .filter(|place| Some(place) != taught.as_ref())
            .collect();
        Self {
            frame: Frame::new(format!("{} · Glossary", term.term), Section::Elsewhere, now),
            term: term.term.clone(),
            also: term.also.clone(),
            short: term.short.clone(),
            body: SafeHtml::rendered(markdown::render(&term.markdown, None).html),
            taught,
            used,
            see: term
                .see
                .iter()
                .filter_map(|slug| catalogue.glossary.term(slug))
                .map(line)
                .collect(),
        }
    }

    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        let place = |title: &str, href: Option<&str>| PlaceLine {
            title: title.into(),
            place: "Week 1".into(),
            href: href.map(str::to_owned),
        };
        Self {
            frame: Frame::new("Data leakage · Glossary", Section::Elsewhere, Timestamp(0)),
            term: "Data leakage".into(),
            also: vec!["leak".into()],
            short: "A column tells too much.".into(),
            body: SafeHtml::rendered("<p>It crosses a wall.</p>".into()),
            taught: Some(place("Features and leakage", Some("/weeks/1/leakage"))),
            used: vec![place("Thresholds", None)],
            see: vec![TermLine {
                href: "/glossary/split".into(),
                term: "Split".into(),
                short: "Rows dealt out.".into(),
            }],
        }
    }
}

fn line(term: &Term) -> TermLine {
    TermLine {
        href: format!("/glossary/{}", term.slug),
        term: term.term.clone(),
        short: term.short.clone(),
    }
}

/// The lesson, where a week has it.
fn lesson(catalogue: &Catalogue, week: u8, slug: &str) -> Option<PlaceLine> {
    let found = catalogue
        .curriculum
        .weeks
        .iter()
        .find(|other| other.number == week)?
        .lessons
        .iter()
        .find(|lesson| lesson.slug == slug)?;
    Some(PlaceLine {
        title: found.title.clone(),
        place: week_name(week),
        href: found.body.as_ref().map(|_| format!("/weeks/{week}/{slug}")),
    })
}

/// Lessons that link to the term, and labs whose texts have one of its words.
fn used(catalogue: &Catalogue, slug: &str) -> Vec<PlaceLine> {
    let lessons = catalogue
        .lessons
        .iter()
        .filter(|(_, entry)| entry.terms().iter().any(|used| used == slug))
        .filter_map(|((week, lesson_slug), _)| lesson(catalogue, *week, lesson_slug));
    let labs = catalogue.labs.values().filter_map(|entry| {
        let lab = &entry.lab;
        let mut texts = std::iter::once(&lab.story).chain(lab.tasks.iter().map(|task| &task.text));
        let words = catalogue.glossary.words();
        texts
            .any(|text| markdown::terms_used(text, words).iter().any(|used| used == slug))
            .then(|| PlaceLine {
                title: lab.title.clone(),
                place: format!("Lab, {}", week_name(lab.week)),
                href: Some(format!("/labs/{}", lab.id)),
            })
    });
    lessons.chain(labs).collect()
}
