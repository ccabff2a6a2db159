//! A lesson: text to read, its place in the week, and the lab that follows.

use askama::Template;

use super::frame::{Frame, Section};
use super::week::Step;
use crate::base::Timestamp;

/// The page at `/weeks/{n}/{lesson}`.
#[derive(Clone, Debug, Template)]
#[template(path = "lesson.html")]
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
    pub body: String,
    pub previous: Option<Step>,
    pub next: Option<Step>,
    pub lab: Option<LabTeaser>,
}

/// A line of the week's contents.
#[derive(Clone, Debug)]
pub struct SideLink {
    pub title: String,
    pub href: Option<String>,
    pub current: bool,
}

/// What was checked, and when.
#[derive(Clone, Debug)]
pub struct VersionLine {
    pub tool: String,
    pub version: String,
    pub checked: String,
}

/// A heading of the text.
#[derive(Clone, Debug)]
pub struct Heading {
    pub id: String,
    pub title: String,
}

/// The week's lab.
#[derive(Clone, Debug)]
pub struct LabTeaser {
    pub title: String,
    pub summary: String,
    pub minutes: u32,
    pub href: String,
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
                },
                SideLink {
                    title: "Maturity levels".into(),
                    href: None,
                    current: false,
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
            body: "<p>An alert that fires for every blip gets muted.</p><h2 id=\"check-yourself\">Check yourself</h2>"
                .into(),
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
