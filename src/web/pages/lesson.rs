//! A lesson: text to read with its questions, its place in the week, and the lab that follows.

mod cache;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Serialize;

pub use self::cache::LessonCache;
use self::cache::{Halves, QUIZ};
use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::quiz;
use super::ready::{self, Piece};
use super::show::{Shown, is_slug};
use super::week::{Step, no_week};
use crate::base::{PersonId, Timestamp};
use crate::content::{Catalogue, LessonEntry};
use crate::model::curriculum::{Lesson, Week};
use crate::web::identity::Who;
use crate::web::templates::{SafeHtml, View};
use crate::web::{Failure, Site, reading};

/// The page at `/weeks/{n}/{lesson}`.
#[derive(Clone, Debug, Serialize)]
pub struct LessonPage {
    pub frame: Frame,
    pub week: String,
    pub week_href: String,
    pub side: Vec<SideLink>,
    pub title: String,
    pub minutes: u32,
    pub objectives: Vec<String>,
    pub prerequisites: Vec<String>,
    pub versions: Vec<VersionLine>,
    pub contents: Vec<Heading>,
    /// Rendered Markdown before the quiz.
    pub before: SafeHtml,
    pub quiz: SafeHtml,
    /// And after it.
    pub after: SafeHtml,
    pub previous: Option<Step>,
    pub next: Option<Step>,
    pub lab: Option<LabTeaser>,
}

impl View for LessonPage {
    const TEMPLATE: &'static str = "lesson.html";
}

/// A line of the week's contents.
#[derive(Clone, Debug, Serialize)]
pub struct SideLink {
    pub title: String,
    pub href: Option<String>,
    pub current: bool,
    /// Finished.
    pub done: bool,
}

/// What was checked, and when.
#[derive(Clone, Debug, Serialize)]
pub struct VersionLine {
    pub tool: String,
    pub version: String,
    pub checked: String,
}

/// A heading of the text.
#[derive(Clone, Debug, Serialize)]
pub struct Heading {
    pub id: String,
    pub title: String,
}

/// The week's lab.
#[derive(Clone, Debug, Serialize)]
pub struct LabTeaser {
    pub title: String,
    pub summary: String,
    pub minutes: u32,
    pub href: String,
}

/// `GET /weeks/{n}/{lesson}`. What is the same for everybody who has read the same of the week is kept ready to be sent;
/// the quiz stands in it as the person has answered it. `?retry=` opens questions again.
///
/// # Errors
/// Where there is no such lesson, or it is not written.
pub async fn show(
    State(site): State<Site>,
    Who(person): Who,
    Path((number, slug)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Shown {
    let number: u8 = number.parse().map_err(|_| no_week())?;
    let catalogue = site.catalogue();
    let (page, at) = halves(&site, &catalogue, person, (number, &slug)).await?;
    let answered = site.quizzes().of(site.store(), person).await?;
    let now = site.clock().now();
    let retry = quiz::retries(query.as_deref());
    let make = || quiz::in_lesson(&site, &catalogue, &answered, (number, &slug), &retry, None, now);
    let quiz = if retry.is_empty() {
        site.lessons()
            .quiz((person, number, at), &catalogue, &answered, now, make)?
    } else {
        Arc::new(Piece::of(make()?)?)
    };
    Ok(ready::answer(&[&page.before, &quiz, &page.after], &headers))
}

/// The lesson's page around a quiz, which was rendered.
///
/// # Errors
/// As [`show`].
pub async fn with_quiz(
    site: &Site,
    catalogue: &Arc<Catalogue>,
    person: PersonId,
    lesson: (u8, &str),
    quiz: &str,
) -> Result<String, Failure> {
    let (page, _) = halves(site, catalogue, person, lesson).await?;
    Ok([page.before.text(), quiz, page.after.text()].concat())
}

/// The lesson's page without its quiz, and its place in the week; writes down that it was opened.
async fn halves(
    site: &Site,
    catalogue: &Arc<Catalogue>,
    person: PersonId,
    (number, slug): (u8, &str),
) -> Result<(Arc<Halves>, usize), Failure> {
    let week = catalogue
        .curriculum
        .weeks
        .iter()
        .find(|week| week.number == number)
        .ok_or_else(no_week)?;
    let at = week
        .lessons
        .iter()
        .position(|lesson| lesson.slug == slug && lesson.body.is_some())
        .ok_or_else(|| no_week().way("The week", format!("/weeks/{number}")))?;
    let before = at
        .checked_sub(1)
        .map(|at| reading::key(number, &week.lessons[at].slug))
        .into_iter()
        .collect::<Vec<_>>();
    let now = site.clock().now();
    site.reading()
        .open(site.store(), person, Some(&reading::key(number, slug)), &before, now)
        .await?;
    let read = site.reading().of(site.store(), person).await?;
    let finished = week
        .lessons
        .iter()
        .take(64)
        .enumerate()
        .filter(|(_, lesson)| {
            read.iter()
                .any(|read| read.finished.is_some() && read.lesson == reading::key(number, &lesson.slug))
        })
        .fold(0u64, |mask, (at, _)| mask | 1 << at);
    let page = site.lessons().page(catalogue, (number, at, finished), || {
        fill(catalogue, week, at, finished)
    })?;
    Ok((page, at))
}

/// `GET /weeks/{n}/figures/{name}`.
///
/// # Errors
/// Where there is no such picture.
pub async fn figure(State(site): State<Site>, Path((number, name)): Path<(String, String)>) -> Shown {
    let missing = || Failure::not_found("There is no such picture.");
    let number: u8 = number.parse().map_err(|_| missing())?;
    let stem = name
        .strip_suffix(".svg")
        .filter(|stem| is_slug(stem))
        .ok_or_else(missing)?;
    let picture = site
        .catalogue()
        .figure(number, &format!("{stem}.svg"))
        .map(ToString::to_string)
        .ok_or_else(missing)?;
    let mut response = Response::new(Body::from(picture));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn fill(catalogue: &Catalogue, week: &Week, at: usize, finished: u64) -> LessonPage {
    let lesson = &week.lessons[at];
    let name = week_name(week.number);
    let body = lesson.body.as_ref();
    let entry = catalogue.lesson(week.number, &lesson.slug);
    let step = |lesson: &Lesson| Step {
        title: lesson.title.clone(),
        href: format!("/weeks/{}/{}", week.number, lesson.slug),
    };
    let half =
        |of: &dyn Fn(&LessonEntry) -> String| SafeHtml::rendered(entry.map_or_else(String::new, |entry| of(entry)));
    LessonPage {
        // The page has no times that go by the clock, so that it can be kept.
        frame: Frame::new(format!("{} · {name}", lesson.title), Section::Curriculum, Timestamp(0)),
        week_href: format!("/weeks/{}", week.number),
        side: week
            .lessons
            .iter()
            .enumerate()
            .map(|(other, lesson)| SideLink {
                title: lesson.title.clone(),
                href: lesson
                    .body
                    .as_ref()
                    .map(|_| format!("/weeks/{}/{}", week.number, lesson.slug)),
                current: other == at,
                done: other < 64 && finished >> other & 1 == 1,
            })
            .chain(week.labs.iter().map(|lab| SideLink {
                title: format!("Lab: {}", lab.title),
                href: lab.id.as_ref().map(|id| format!("/labs/{id}")),
                current: false,
                done: false,
            }))
            .collect(),
        title: lesson.title.clone(),
        minutes: body.map_or(0, |body| body.minutes),
        objectives: body.map_or_else(Vec::new, |body| {
            body.objectives.iter().map(|objective| objective.does.clone()).collect()
        }),
        prerequisites: body.map_or_else(Vec::new, |body| {
            body.prerequisites
                .iter()
                .map(|slug| prerequisite(catalogue, week.number, slug))
                .collect()
        }),
        versions: body.map_or_else(Vec::new, |body| {
            body.versions
                .iter()
                .map(|version| VersionLine {
                    tool: version.tool.clone(),
                    version: version.version.clone(),
                    checked: version.checked.clone(),
                })
                .collect()
        }),
        contents: contents(catalogue, week.number, &lesson.slug),
        before: half(&|entry| entry.rendered().before_quiz().to_owned()),
        quiz: SafeHtml::rendered(QUIZ.to_owned()),
        after: half(&|entry| entry.rendered().after_quiz().to_owned()),
        previous: week.lessons[..at]
            .iter()
            .rev()
            .find(|lesson| lesson.body.is_some())
            .map(step),
        next: week.lessons[at + 1..]
            .iter()
            .find(|lesson| lesson.body.is_some())
            .map(step),
        lab: week
            .labs
            .iter()
            .find_map(|lab| catalogue.labs.get(lab.id.as_ref()?))
            .map(|entry| LabTeaser {
                title: entry.lab.title.clone(),
                summary: entry.lab.summary.clone(),
                minutes: entry.lab.minutes,
                href: format!("/labs/{}", entry.lab.id),
            }),
        week: name,
    }
}

/// The headings of the text, and the quiz where it stands between them.
fn contents(catalogue: &Catalogue, week: u8, slug: &str) -> Vec<Heading> {
    let Some(entry) = catalogue.lesson(week, slug) else {
        return Vec::new();
    };
    let mut contents: Vec<Heading> = entry
        .rendered()
        .headings
        .iter()
        .filter(|heading| heading.level == 2)
        .map(|heading| Heading {
            id: heading.id.clone(),
            title: heading.title.clone(),
        })
        .collect();
    if catalogue.quiz(week, slug).is_some() {
        let before = entry.rendered().before_quiz();
        let at = contents
            .iter()
            .take_while(|heading| before.contains(&format!("<h2 id=\"{}\"", heading.id)))
            .count();
        contents.insert(
            at,
            Heading {
                id: "quiz".into(),
                title: quiz::TITLE.into(),
            },
        );
    }
    contents
}

/// The title of a lesson that is named `slug`, or `w01/slug`.
fn prerequisite(catalogue: &Catalogue, week: u8, name: &str) -> String {
    let (week, slug) = name
        .split_once('/')
        .and_then(|(week, slug)| Some((week.strip_prefix('w')?.parse().ok()?, slug)))
        .unwrap_or((week, name));
    catalogue
        .curriculum
        .weeks
        .iter()
        .find(|other| other.number == week)
        .and_then(|week| week.lessons.iter().find(|lesson| lesson.slug == slug))
        .map_or_else(|| name.to_owned(), |lesson| lesson.title.clone())
}

impl LessonPage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::new("Metrics and thresholds · Week 1", Section::Curriculum, Timestamp(0)),
            week: "Week 1".into(),
            week_href: "/weeks/1".into(),
            side: vec![
                SideLink {
                    title: "Metrics and thresholds".into(),
                    href: Some("/weeks/1/metrics-and-thresholds".into()),
                    current: true,
                    done: false,
                },
                SideLink {
                    title: "Maturity levels".into(),
                    href: None,
                    current: false,
                    done: true,
                },
            ],
            title: "Metrics and thresholds".into(),
            minutes: 15,
            objectives: vec!["Choose a threshold for a stated cost.".into()],
            prerequisites: vec!["Features, labels, leakage".into()],
            versions: vec![VersionLine {
                tool: "scikit-learn".into(),
                version: "1.7".into(),
                checked: "2026-11-20".into(),
            }],
            contents: vec![Heading {
                id: "check-yourself".into(),
                title: "Check yourself".into(),
            }],
            before: SafeHtml::rendered("<p>An alert that fires for every blip gets muted.</p>".into()),
            quiz: SafeHtml::rendered(
                "<section id=\"quiz\"><h2 id=\"check-yourself\">Check yourself</h2></section>".into(),
            ),
            after: SafeHtml::rendered("<p>What is true now.</p>".into()),
            previous: None,
            next: Some(Step {
                title: "Anatomy of a model".into(),
                href: "/weeks/1/anatomy-of-a-model".into(),
            }),
            lab: Some(LabTeaser {
                title: "Inherited notebook".into(),
                summary: "A notebook that nobody else can run.".into(),
                minutes: 60,
                href: "/labs/inherited-notebook".into(),
            }),
        }
    }
}
