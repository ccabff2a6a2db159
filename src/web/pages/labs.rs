//! All labs of this server.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::lab::sentence;
use super::mark::Mark;
use super::parts::RunningLab;
use super::progress::Done;
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::lab::Availability;
use crate::model::{Egress, Lab};
use crate::web::Site;
use crate::web::identity::Who;
use crate::web::templates::View;

/// The page at `/labs`.
#[derive(Clone, Debug, Serialize)]
pub struct LabsPage {
    pub frame: Frame,
    pub running: Vec<RunningLab>,
    /// How they are grouped.
    pub by: By,
    pub groups: Vec<Group>,
    /// Folders that could not be read as labs.
    pub broken: Vec<String>,
}

/// What labs are grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    #[default]
    Need,
    Time,
    Week,
}

/// The address's query; what is not known counts as nothing.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    by: Option<String>,
}

/// Labs that have something in common.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// As the heading's id.
    pub id: String,
    pub title: String,
    pub labs: Vec<LabCard>,
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
    pub here: Here,
}

/// Whether a lab can run on this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Here {
    pub mark: Mark,
    /// `Can run here`, or why not.
    pub text: String,
    /// What would bring what is missing.
    pub command: Option<String>,
}

impl View for LabsPage {
    const TEMPLATE: &'static str = "labs.html";
}

/// `GET /labs`, grouped by what is needed; `?by=time` and `?by=week` group otherwise.
///
/// # Errors
/// When the database fails.
pub async fn show(State(site): State<Site>, Who(person): Who, Query(asked): Query<Asked>) -> Shown {
    let attempts = site.labs().history(person).await?;
    let catalogue = site.catalogue();
    let best = Done {
        attempts: &attempts,
        read: &[],
    }
    .best();
    let by = match asked.by.as_deref() {
        Some("time") => By::Time,
        Some("week") => By::Week,
        _ => By::Need,
    };
    let mut groups: BTreeMap<(u32, String), Vec<&Lab>> = BTreeMap::new();
    for entry in catalogue.labs.values() {
        groups.entry(group(by, &entry.lab)).or_default().push(&entry.lab);
    }
    page(&LabsPage {
        frame: Frame::landing("Labs", Section::Labs, site.clock().now()),
        running: super::home::running(&attempts),
        by,
        groups: groups
            .into_iter()
            .map(|((rank, title), mut labs)| {
                labs.sort_by_key(|lab| (lab.minutes, lab.week));
                Group {
                    id: format!("group-{rank}"),
                    title,
                    labs: labs
                        .into_iter()
                        .map(|lab| LabCard {
                            state: best.get(&lab.id).map(|best| best.note()).unwrap_or_default(),
                            here: here(&site.labs().availability(lab)),
                            ..card(lab)
                        })
                        .collect(),
                }
            })
            .collect(),
        broken: catalogue.broken.keys().map(ToString::to_string).collect(),
    })
}

/// Rank and title of the group that a lab is in.
fn group(by: By, lab: &Lab) -> (u32, String) {
    match by {
        By::Week => (u32::from(lab.week), week_name(lab.week)),
        By::Time => match lab.minutes {
            0..=15 => (0, "A quarter of an hour".to_owned()),
            16..=60 => (1, "Up to an hour".to_owned()),
            _ => (2, "More than an hour".to_owned()),
        },
        By::Need => match (&lab.needs.environment, lab.egress) {
            (None, Egress::None) => (0, "Needs a workspace alone".to_owned()),
            (Some(_), Egress::None) => (1, "Needs a workspace with Python".to_owned()),
            (None, _) => (2, "Needs a workspace and the network".to_owned()),
            (Some(_), _) => (3, "Needs a workspace with Python, and the network".to_owned()),
        },
    }
}

fn here(availability: &Availability) -> Here {
    match availability.missing.first() {
        None => Here {
            mark: Mark::Passed,
            text: "Can run here".to_owned(),
            command: None,
        },
        Some(missing) => Here {
            mark: Mark::NotYet,
            text: format!("Cannot run here: {}. {}", missing.what, sentence(&missing.why)),
            command: missing.fix.clone(),
        },
    }
}

fn card(lab: &Lab) -> LabCard {
    LabCard {
        href: format!("/labs/{}", lab.id),
        title: lab.title.clone(),
        summary: lab.summary.clone(),
        note: format!(
            "{} · {} min · {} task{}",
            week_name(lab.week),
            lab.minutes,
            lab.tasks.len(),
            if lab.tasks.len() == 1 { "" } else { "s" }
        ),
        state: String::new(),
        here: here(&Availability {
            missing: Vec::new(),
            weaker: Vec::new(),
        }),
    }
}

impl LabsPage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::landing("Labs", Section::Labs, Timestamp(0)),
            running: vec![],
            by: By::Need,
            groups: vec![Group {
                id: "group-1".into(),
                title: "Needs a workspace with Python".into(),
                labs: vec![LabCard {
                    href: "/labs/inherited-notebook".into(),
                    title: "Inherited notebook".into(),
                    summary: "A notebook that nobody else can run.".into(),
                    note: "Week 1 · 60 min · 6 tasks".into(),
                    state: "passed 6 of 6".into(),
                    here: Here {
                        mark: Mark::NotYet,
                        text: "Cannot run here: a network of its own. Bubblewrap is not installed.".into(),
                        command: Some("sudo apt install bubblewrap".into()),
                    },
                }],
            }],
            broken: vec!["half-written".into()],
        }
    }
}
