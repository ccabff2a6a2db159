//! Home: where to go on, what runs, and the map of the four months.

use axum::extract::State;
use serde::Serialize;

use super::frame::{Frame, Live, Section};
use super::mark::Mark;
use super::parts::RunningLab;
use super::progress::Done;
use super::show::{Shown, page};
use super::time::span;
use crate::base::Timestamp;
use crate::lab::Attempt;
use crate::web::identity::Who;
use crate::web::templates::View;
use crate::web::{Site, texts};

/// The page at `/`.
#[derive(Clone, Debug, Serialize)]
pub struct HomePage {
    pub frame: Frame,
    /// Where to go on; `None` where nothing is written.
    pub next: Option<Continue>,
    pub running: Vec<RunningLab>,
    /// `2 questions are due`; `None` where none is.
    pub due: Option<String>,
    pub stages: Vec<Stage>,
    pub months: Vec<MonthRow>,
}

impl View for HomePage {
    const TEMPLATE: &'static str = "home.html";
}

/// The one next action.
#[derive(Clone, Debug, Serialize)]
pub struct Continue {
    /// `Week 3 · Data and pipelines`.
    pub place: String,
    pub title: String,
    pub note: String,
    pub href: String,
    /// `Start week 1` or `Continue`.
    pub verb: &'static str,
}

/// A stop on the model's loop.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    pub name: &'static str,
    /// Its twin on the loop that the reader knows.
    pub twin: Option<&'static str>,
    /// Whether a week that belongs to it is done.
    pub done: bool,
    /// Horizontal place in the picture, 0 to 1000.
    pub x: u32,
}

/// A month of the map.
#[derive(Clone, Debug, Serialize)]
pub struct MonthRow {
    pub number: u8,
    pub title: String,
    /// `Month 1 · 2 of 4 weeks`.
    pub note: String,
    pub stops: Vec<Stop>,
    pub gate: String,
    pub gate_open: bool,
}

/// A week on the map.
#[derive(Clone, Debug, Serialize)]
pub struct Stop {
    pub href: String,
    pub title: String,
    pub place: Place,
    /// `lab passed 6 of 6`, `5 lessons, lab 60 min`.
    pub note: String,
}

/// How far a week is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Done,
    Here,
    Ahead,
}

/// `GET /`.
///
/// # Errors
/// When the database fails.
pub async fn show(State(site): State<Site>, Who(person): Who) -> Shown {
    let last = crate::web::events::last(&site, person);
    let attempts = site.labs().history(person).await?;
    let read = site.reading().of(site.store(), person).await?;
    let answered = site.quizzes().of(site.store(), person).await?;
    let catalogue = site.catalogue();
    let done = Done {
        attempts: &attempts,
        read: &read,
    };
    let passed = attempts.iter().map(|attempt| attempt.score.achieved).sum::<usize>();
    let title = if passed == 0 {
        "Curriculum".to_owned()
    } else {
        format!("{passed} tasks passed · Curriculum")
    };
    page(&HomePage {
        frame: Frame::landing(title, Section::Curriculum, site.clock().now()).live(Live { last, session: None }),
        next: done.next(&catalogue),
        running: running(&attempts),
        due: answered.due_words(&catalogue, site.clock().now()),
        stages: super::curriculum::stages(&done.stages(&catalogue)),
        months: done.months(&catalogue),
    })
}

/// The sessions that are live.
#[must_use]
pub fn running(attempts: &[Attempt]) -> Vec<RunningLab> {
    attempts
        .iter()
        .filter(|attempt| attempt.state.is_live())
        .map(|attempt| {
            let (mark, state) = texts::session(attempt.state);
            RunningLab {
                title: attempt.title.clone(),
                mark,
                state: state.to_owned(),
                progress: format!("{} of {} tasks", attempt.score.passing, attempt.score.tasks),
                time: attempt.left.map(|left| format!("{} left", span(left))),
                href: format!("/sessions/{}", attempt.session),
            }
        })
        .collect()
}

impl HomePage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::landing("Week 1, 1 of 5", Section::Curriculum, Timestamp(0)),
            next: Some(Continue {
                place: "Week 1 · ML lifecycle for operators".into(),
                title: "Metrics and thresholds".into(),
                note: "15 min".into(),
                href: "/weeks/1/metrics-and-thresholds".into(),
                verb: "Continue",
            }),
            running: vec![RunningLab {
                title: "Inherited notebook".into(),
                mark: Mark::Passed,
                state: "Ready".into(),
                progress: "3 of 6 tasks".into(),
                time: Some("41 min left".into()),
                href: "/sessions/0190b6a4-0000-7000-8000-000000000001".into(),
            }],
            due: Some("1 question is due".into()),
            stages: super::curriculum::stages(&[]),
            months: vec![MonthRow {
                number: 1,
                title: "Models as artifacts".into(),
                note: "Month 1 · 1 of 4 weeks".into(),
                stops: vec![
                    Stop {
                        href: "/weeks/1".into(),
                        title: "ML lifecycle for operators".into(),
                        place: Place::Done,
                        note: "lab passed 6 of 6".into(),
                    },
                    Stop {
                        href: "/weeks/2".into(),
                        title: "Reproducible environments".into(),
                        place: Place::Ahead,
                        note: "4 lessons, lab 75 min".into(),
                    },
                ],
                gate: "Level 0 done properly".into(),
                gate_open: false,
            }],
        }
    }
}
