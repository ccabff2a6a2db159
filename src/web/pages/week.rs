//! A week: its outcomes, its lessons, its labs.

use askama::Template;

use super::frame::{Frame, Section};
use crate::base::Timestamp;

/// The page at `/weeks/{n}`.
#[derive(Clone, Debug, Template)]
#[template(path = "week.html")]
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

/// A lesson in a list.
#[derive(Clone, Debug)]
pub struct LessonLine {
    pub title: String,
    /// `None` where it is not written yet.
    pub href: Option<String>,
    pub minutes: Option<u32>,
}

/// A lab in a list.
#[derive(Clone, Debug)]
pub struct LabLine {
    pub title: String,
    /// `None` where it is not written yet.
    pub href: Option<String>,
    pub minutes: u32,
    /// `running, 3 of 6`, `passed 6 of 6`; empty where there is nothing to say.
    pub note: String,
}

/// A link to a neighbour.
#[derive(Clone, Debug)]
pub struct Step {
    pub title: String,
    pub href: String,
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
                },
                LessonLine {
                    title: "Maturity levels".into(),
                    href: None,
                    minutes: None,
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
