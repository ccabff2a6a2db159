//! All labs of this server.

use axum::extract::State;
use serde::Serialize;

use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::parts::RunningLab;
use super::progress::Done;
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::web::Site;
use crate::web::identity::Who;
use crate::web::templates::View;

/// The page at `/labs`.
#[derive(Clone, Debug, Serialize)]
pub struct LabsPage {
    pub frame: Frame,
    pub running: Vec<RunningLab>,
    pub labs: Vec<LabCard>,
    /// Folders that could not be read as labs.
    pub broken: Vec<String>,
}

impl View for LabsPage {
    const TEMPLATE: &'static str = "labs.html";
}

/// A lab in the list.
#[derive(Clone, Debug, Serialize)]
pub struct LabCard {
    pub href: String,
    pub title: String,
    pub summary: String,
    /// `Week 1 · 60 min · 6 tasks`.
    pub note: String,
    /// `passed 6 of 6`; empty where there is nothing to say.
    pub state: String,
}

/// `GET /labs`.
///
/// # Errors
/// When the database fails.
pub async fn show(State(site): State<Site>, Who(person): Who) -> Shown {
    let attempts = site.labs().history(person).await?;
    let catalogue = site.catalogue();
    let best = Done {
        attempts: &attempts,
        read: &[],
    }
    .best();
    let mut labs: Vec<_> = catalogue.labs.values().map(|entry| &entry.lab).collect();
    labs.sort_by_key(|lab| lab.week);
    page(&LabsPage {
        frame: Frame::landing("Labs", Section::Labs, site.clock().now()),
        running: super::home::running(&attempts),
        labs: labs
            .into_iter()
            .map(|lab| LabCard {
                href: format!("/labs/{}", lab.id),
                title: lab.title.clone(),
                summary: lab.summary.clone(),
                note: format!(
                    "{} · {} min · {} tasks",
                    week_name(lab.week),
                    lab.minutes,
                    lab.tasks.len()
                ),
                state: best.get(&lab.id).map(|best| best.note()).unwrap_or_default(),
            })
            .collect(),
        broken: catalogue.broken.keys().map(ToString::to_string).collect(),
    })
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
