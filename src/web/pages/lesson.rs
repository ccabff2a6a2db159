//! A lesson: text to read, its place in the week, and the lab that follows.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;

use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::show::{Shown, is_known, is_slug, not_modified};
use super::week::{Step, no_week};
use crate::base::Timestamp;
use crate::content::Catalogue;
use crate::model::curriculum::{Lesson, Week};
use crate::web::identity::Who;
use crate::web::templates::{SafeHtml, View};
use crate::web::{Failure, Site, assets, reading, templates};

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
    /// Rendered Markdown.
    pub body: SafeHtml,
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

/// `GET /weeks/{n}/{lesson}`. The same bytes for everybody who has read the same of the week, kept ready to be sent.
///
/// # Errors
/// Where there is no such lesson, or it is not written.
pub async fn show(
    State(site): State<Site>,
    Who(person): Who,
    Path((number, slug)): Path<(String, String)>,
    headers: HeaderMap,
) -> Shown {
    let number: u8 = number.parse().map_err(|_| no_week())?;
    let catalogue = site.catalogue();
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
        .open(site.store(), person, Some(&reading::key(number, &slug)), &before, now)
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
    let ready = site.lessons().get(&catalogue, (number, at, finished), || {
        fill(&catalogue, week, at, finished)
    })?;
    Ok(ready.answer(&headers))
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
        contents: entry.map_or_else(Vec::new, |entry| {
            entry
                .rendered()
                .headings
                .iter()
                .filter(|heading| heading.level == 2)
                .map(|heading| Heading {
                    id: heading.id.clone(),
                    title: heading.title.clone(),
                })
                .collect()
        }),
        body: SafeHtml::rendered(entry.map_or_else(String::new, |entry| entry.rendered().html.clone())),
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

/// Lessons that are rendered and compressed, by week, place in it, and what of the week was finished.
#[derive(Default)]
pub struct LessonCache(RwLock<Kept>);

type Key = (u8, usize, u64);

#[derive(Default)]
struct Kept {
    /// The content that they were made from: with other content all are made anew.
    from: Option<Arc<Catalogue>>,
    pages: HashMap<Key, Arc<ReadyPage>>,
}

/// More than there are lessons; what a person has finished multiplies them.
const MOST_KEPT: usize = 1000;

/// A page that is ready to be sent.
pub struct ReadyPage {
    plain: Bytes,
    gzip: Option<Bytes>,
    tag: HeaderValue,
}

impl LessonCache {
    fn get(
        &self,
        catalogue: &Arc<Catalogue>,
        key: Key,
        make: impl FnOnce() -> LessonPage,
    ) -> Result<Arc<ReadyPage>, Failure> {
        // A debug build serves assets from disk, whose addresses change, and a template may: nothing is kept.
        let keep = !cfg!(debug_assertions) && !templates::is_watched();
        if keep {
            let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if kept.from.as_ref().is_some_and(|from| Arc::ptr_eq(from, catalogue))
                && let Some(page) = kept.pages.get(&key)
            {
                return Ok(page.clone());
            }
        }
        let page = Arc::new(ReadyPage::of(make().render()?));
        if keep {
            let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if !kept.from.as_ref().is_some_and(|from| Arc::ptr_eq(from, catalogue)) {
                kept.from = Some(catalogue.clone());
                kept.pages.clear();
            }
            if kept.pages.len() >= MOST_KEPT {
                kept.pages.clear();
            }
            kept.pages.insert(key, page.clone());
        }
        Ok(page)
    }
}

impl ReadyPage {
    fn of(html: String) -> Self {
        let tag = assets::tag(html.as_bytes());
        Self {
            gzip: assets::compressed(html.as_bytes()).map(Bytes::from),
            plain: Bytes::from(html),
            tag,
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let known = self.tag.to_str().is_ok_and(|tag| is_known(headers, tag));
        let mut response = if known {
            not_modified(&self.tag)
        } else {
            let zipped = self.gzip.as_ref().filter(|_| assets::accepts_gzip(headers));
            let mut response = Response::new(Body::from(zipped.unwrap_or(&self.plain).clone()));
            if zipped.is_some() {
                response
                    .headers_mut()
                    .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            );
            response.headers_mut().insert(header::ETAG, self.tag.clone());
            response
        };
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
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
            body: SafeHtml::rendered(
                "<p>An alert that fires for every blip gets muted.</p><h2 id=\"check-yourself\">Check yourself</h2>"
                    .into(),
            ),
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
