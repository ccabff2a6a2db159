//! A week: its outcomes, its lessons, its labs.

use axum::extract::{Path, State};
use serde::Serialize;

use super::curriculum::{week_after, week_before, week_name};
use super::frame::{Frame, Section};
use super::progress::Done;
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::web::identity::Who;
use crate::web::templates::View;
use crate::web::{Failure, Site};

/// The page at `/weeks/{n}`.
#[derive(Clone, Debug, Serialize)]
pub struct WeekPage {
    pub frame: Frame,
    /// `Week 3`, or `Capstone`.
    pub name: String,
    /// `Month 1 · Models as artifacts`.
    pub month: String,
    pub title: String,
    pub summary: String,
    pub outcomes: Vec<String>,
    pub lessons: Vec<LessonLine>,
    pub labs: Vec<LabLine>,
    pub previous: Option<Step>,
    pub next: Option<Step>,
}

impl View for WeekPage {
    const TEMPLATE: &'static str = "week.html";
}

/// A lesson in a list.
#[derive(Clone, Debug, Serialize)]
pub struct LessonLine {
    pub title: String,
    /// `None` where it is not written yet.
    pub href: Option<String>,
    pub minutes: Option<u32>,
    /// `answered 3 of 4`; empty where nothing was answered.
    pub note: String,
}

/// A lab in a list.
#[derive(Clone, Debug, Serialize)]
pub struct LabLine {
    pub title: String,
    /// `None` where it is not written yet.
    pub href: Option<String>,
    pub minutes: u32,
    /// `running, 3 of 6`, `passed 6 of 6`; empty where there is nothing to say.
    pub note: String,
}

/// A link to a neighbour.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    pub title: String,
    pub href: String,
}

/// `GET /weeks/{n}`.
///
/// # Errors
/// Where there is no such week.
pub async fn show(State(site): State<Site>, Who(person): Who, Path(number): Path<String>) -> Shown {
    let catalogue = site.catalogue();
    let week = number
        .parse::<u8>()
        .ok()
        .and_then(|number| catalogue.curriculum.weeks.iter().find(|week| week.number == number))
        .ok_or_else(no_week)?;
    let attempts = site.labs().history(person).await?;
    let answered = site.quizzes().of(site.store(), person).await?;
    let best = Done {
        attempts: &attempts,
        read: &[],
    }
    .best();
    let name = week_name(week.number);
    let month = catalogue
        .curriculum
        .months
        .iter()
        .find(|month| month.number == week.month);
    page(&WeekPage {
        frame: Frame::new(
            format!("{} · {name}", week.title),
            Section::Curriculum,
            site.clock().now(),
        ),
        month: month.map_or_else(
            || format!("Month {}", week.month),
            |month| format!("Month {} · {}", month.number, month.title),
        ),
        title: week.title.clone(),
        summary: week.summary.clone(),
        outcomes: week.outcomes.clone(),
        lessons: week
            .lessons
            .iter()
            .map(|lesson| LessonLine {
                title: lesson.title.clone(),
                href: lesson
                    .body
                    .as_ref()
                    .map(|_| format!("/weeks/{}/{}", week.number, lesson.slug)),
                minutes: lesson.body.as_ref().map(|body| body.minutes),
                note: catalogue
                    .quiz(week.number, &lesson.slug)
                    .map(|entry| answered.score(entry).words())
                    .unwrap_or_default(),
            })
            .collect(),
        labs: week
            .labs
            .iter()
            .map(|lab| LabLine {
                title: lab.title.clone(),
                href: lab.id.as_ref().map(|id| format!("/labs/{id}")),
                minutes: lab.minutes,
                note: lab
                    .id
                    .as_ref()
                    .and_then(|id| best.get(id))
                    .map(|best| best.note())
                    .unwrap_or_default(),
            })
            .collect(),
        previous: week_before(&catalogue, week.number),
        next: week_after(&catalogue, week.number),
        name,
    })
}

/// There is no such week.
#[must_use]
pub fn no_week() -> Failure {
    Failure::not_found("There is no such week or lesson in this curriculum.").way("The curriculum", "/")
}

impl WeekPage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::new("Week 1: ML lifecycle for operators", Section::Curriculum, Timestamp(0)),
            name: "Week 1".into(),
            month: "Month 1 · Models as artifacts".into(),
            title: "ML lifecycle for operators".into(),
            summary: "The loop you know, and the one you do not.".into(),
            outcomes: vec!["Name the loop's stages.".into()],
            lessons: vec![
                LessonLine {
                    title: "Metrics and thresholds".into(),
                    href: Some("/weeks/1/metrics-and-thresholds".into()),
                    minutes: Some(15),
                    note: "answered 3 of 4".into(),
                },
                LessonLine {
                    title: "Maturity levels".into(),
                    href: None,
                    minutes: None,
                    note: String::new(),
                },
            ],
            labs: vec![LabLine {
                title: "Inherited notebook".into(),
                href: Some("/labs/inherited-notebook".into()),
                minutes: 60,
                note: "running, 3 of 6".into(),
            }],
            previous: None,
            next: Some(Step {
                title: "Reproducible environments".into(),
                href: "/weeks/2".into(),
            }),
        }
    }
}
