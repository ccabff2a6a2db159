//! All labs of this server.

use askama::Template;

use super::frame::{Frame, Section};
use super::parts::RunningLab;
use crate::base::Timestamp;

/// The page at `/labs`.
#[derive(Clone, Debug, Template)]
#[template(path = "labs.html")]
pub struct LabsPage {
    pub frame: Frame,
    pub running: Vec<RunningLab>,
    pub labs: Vec<LabCard>,
    /// Folders that could not be read as labs.
    pub broken: Vec<String>,
}

/// A lab in the list.
#[derive(Clone, Debug)]
pub struct LabCard {
    pub href: String,
    pub title: String,
    pub summary: String,
    /// `Week 1 · 60 min · 6 tasks`.
    pub note: String,
    /// `passed 6 of 6`; empty where there is nothing to say.
    pub state: String,
}

impl LabsPage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::landing("Labs", Section::Labs, Timestamp(0)),
            running: vec![],
            labs: vec![LabCard {
                href: "/labs/inherited-notebook".into(),
                title: "Inherited notebook".into(),
                summary: "A notebook that nobody else can run.".into(),
                note: "Week 1 · 60 min · 6 tasks".into(),
                state: "passed 6 of 6".into(),
            }],
            broken: vec!["half-written".into()],
        }
    }
}
