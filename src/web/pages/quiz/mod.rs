//! The questions of a lesson and of the review: one form a page, answered with or without JavaScript.

pub mod asked;
pub mod fields;
pub mod read;
mod sample;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use self::asked::Asked;
use self::fields::Fields;
use self::view::{Page, QuizView, Sent};
use super::lesson;
use super::show::{Shown, Wants};
use crate::base::{PersonId, Timestamp};
use crate::content::Catalogue;
use crate::model::quiz::grade;
use crate::store::QuizTry;
use crate::web::failure::Dressed;
use crate::web::identity::Who;
use crate::web::quizzes::Answered;
use crate::web::reading::key;
use crate::web::templates::View as _;
use crate::web::{Failure, Site};

/// The heading of a lesson's questions.
pub const TITLE: &str = "Check yourself";

/// Names that a form may have besides its questions'.
const SUBMISSION: &str = "submission";

/// Questions that a query opens again; more than any page asks are left.
#[must_use]
pub fn retries(query: Option<&str>) -> Vec<String> {
    query
        .and_then(|query| Fields::read(query.as_bytes()))
        .map(|fields| fields.all("retry").take(20).map(str::to_owned).collect())
        .unwrap_or_default()
}

/// What became of a form.
pub enum Taken {
    /// The answers are kept.
    Kept(std::sync::Arc<Answered>),
    /// None is, for these reasons by the questions' names.
    Refused(BTreeMap<String, String>),
}

/// Reads, marks and keeps the answers of a form: all of them, or none where something is wrong with one.
///
/// # Errors
/// When the database fails.
pub async fn take(
    site: &Site,
    person: PersonId,
    asked: &[Asked<'_>],
    place: &str,
    fields: &Fields,
) -> Result<Taken, Failure> {
    let now = site.clock().now();
    let mut problems = BTreeMap::new();
    let mut tries = Vec::new();
    let mut known: BTreeSet<String> = [SUBMISSION.to_owned()].into();
    for one in asked {
        known.extend(read::names(one.question, &one.name));
        match read::answer(one.question, &one.name, fields) {
            Ok(None) => {}
            Ok(Some(answer)) => match grade(one.question, &answer) {
                Some(marked) => tries.push(QuizTry {
                    lesson: key(one.entry.week, &one.entry.slug),
                    question: one.question.id.clone(),
                    at: now,
                    hash: one.question.hash.clone(),
                    right: marked.right,
                    answer: Some(answer),
                    place: place.to_owned(),
                }),
                None => {
                    problems.insert(one.name.clone(), "This cannot be an answer: choose anew.".to_owned());
                }
            },
            Err(problem) => {
                problems.insert(one.name.clone(), problem);
            }
        }
    }
    if fields.names().any(|name| !known.contains(name)) {
        problems.insert(
            String::new(),
            "The questions were changed after the page was loaded. Look through them, and check again.".to_owned(),
        );
    } else if problems.is_empty() && tries.is_empty() {
        problems.insert(String::new(), "No question was answered.".to_owned());
    }
    if !problems.is_empty() {
        return Ok(Taken::Refused(problems));
    }
    let submission = fields
        .first(SUBMISSION)
        .filter(|text| {
            (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        .map_or_else(|| site.unique(), str::to_owned);
    let answered = site.quizzes().add(site.store(), person, &submission, &tries).await?;
    Ok(Taken::Kept(answered))
}

/// What a page asks, and besides what its form brings of other lessons: a question that was due when the page was
/// loaded may be so no more.
#[must_use]
pub fn with_visitors<'c>(
    mut asked: Vec<Asked<'c>>,
    catalogue: &'c Catalogue,
    answered: &'c Answered,
    fields: &Fields,
) -> Vec<Asked<'c>> {
    for name in fields.names() {
        // An item's key stands after a full stop.
        let name = name.split('.').next().unwrap_or(name);
        if asked.len() < 20
            && asked.iter().all(|one| one.name != name)
            && let Some(visitor) = asked::visiting(catalogue, answered, name)
        {
            asked.push(visitor);
        }
    }
    asked
}

/// The quiz of a lesson as HTML; empty where it has none.
///
/// # Errors
/// When the template cannot be rendered.
pub fn in_lesson(
    site: &Site,
    catalogue: &Catalogue,
    answered: &Answered,
    (week, slug): (u8, &str),
    retry: &[String],
    sent: Option<Sent<'_>>,
    now: Timestamp,
) -> Result<String, Failure> {
    let asked = asked::in_lesson(catalogue, answered, week, slug, now);
    let asked = match sent {
        Some(sent) => with_visitors(asked, catalogue, answered, sent.fields),
        None => asked,
    };
    let href = format!("/weeks/{week}/{slug}");
    let page = Page {
        title: TITLE,
        href: &href,
        action: &format!("{href}/quiz"),
        retry,
        sent,
        review: answered.review,
    };
    let mut html = String::new();
    if catalogue.broken_quizzes.contains(&(week, slug.to_owned())) {
        html.push_str(
            "<div class=\"callout warning\" role=\"note\"><p class=\"callout-title\">The questions of this lesson cannot be \
             read</p><p>Their author finds file, line and what to do with: <code>halfway lab lint</code></p></div>\n",
        );
    }
    if let Some(view) = QuizView::new(catalogue, &asked, page, &site.times()) {
        html.push_str(&view.render()?);
    }
    Ok(html)
}

/// `POST /weeks/{n}/{lesson}/quiz`.
///
/// # Errors
/// Where there is no such quiz, or the form is none. Answers that cannot be taken come back with what is wrong.
pub async fn answer(
    State(site): State<Site>,
    Who(person): Who,
    Path((number, slug)): Path<(String, String)>,
    wants: Wants,
    fields: Fields,
) -> Shown {
    let catalogue = site.catalogue();
    let week: u8 = number.parse().map_err(|_| super::week::no_week())?;
    if catalogue.lesson(week, &slug).is_none() {
        return Err(super::week::no_week().way("The week", format!("/weeks/{week}")));
    }
    let href = format!("/weeks/{week}/{slug}");
    if catalogue.quiz(week, &slug).is_none() && fields.names().all(|name| !name.contains('/')) {
        return Err(Failure::not_found("This lesson has no questions that can be answered.").way("The lesson", href));
    }
    let now = site.clock().now();
    let answered = site.quizzes().of(site.store(), person).await?;
    let asked = asked::in_lesson(&catalogue, &answered, week, &slug, now);
    let asked = with_visitors(asked, &catalogue, &answered, &fields);
    let at = (week, slug.as_str());
    match take(&site, person, &asked, &key(week, &slug), &fields).await? {
        Taken::Kept(answered) => {
            let html = in_lesson(&site, &catalogue, &answered, at, &[], None, now)?;
            Ok(wants.stay(&format!("{href}#quiz"), json!({ "html": { "quiz": html } })))
        }
        Taken::Refused(problems) => {
            let sent = Sent {
                fields: &fields,
                problems: &problems,
            };
            let html = in_lesson(&site, &catalogue, &answered, at, &[], Some(sent), now)?;
            if wants.json() {
                return Ok(refusal(axum::Json(json!({ "html": { "quiz": html } }))));
            }
            let page = lesson::with_quiz(&site, &catalogue, person, at, &html).await?;
            Ok(refusal(Html(page)))
        }
    }
}

/// Answers that could not be taken come back as they were typed, with what is wrong beside each: no page of an error.
#[must_use]
pub fn refusal(body: impl IntoResponse) -> Response {
    let mut response = (StatusCode::UNPROCESSABLE_ENTITY, body).into_response();
    response.extensions_mut().insert(Dressed);
    response
}
