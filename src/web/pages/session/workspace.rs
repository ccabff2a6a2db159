//! The lab itself: tasks on one side, terminals, editor and service tabs on the other.

use askama::Template;

use crate::base::Timestamp;
use crate::web::pages::frame::{Frame, Live, Section};
use crate::web::pages::mark::Mark;
use crate::web::pages::parts::{ExportChoice, Progress, SessionStateView, SessionTime, TaskView};
use crate::web::pages::time::Moment;

/// `GET /sessions/{id}` while `ready` or `paused`.
#[derive(Clone, Debug, Template)]
#[template(path = "session/workspace.html")]
pub struct WorkspacePage {
    pub frame: Frame,
    pub id: String,
    pub title: String,
    pub back: String,
    pub back_href: String,
    pub state: SessionStateView,
    /// Set where nothing runs: why, and what pressing Resume does.
    pub paused: Option<String>,
    pub progress: Progress,
    pub time: SessionTime,
    /// Minutes that one press of Extend brings; `None` where no more is allowed.
    pub extend: Option<u64>,
    /// HTML.
    pub story: String,
    pub tasks: Vec<TaskView>,
    pub services: Vec<ServiceTab>,
    /// The latest saved workspace.
    pub export: Option<ExportChoice>,
}

/// A learner's own server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTab {
    pub name: String,
    pub title: String,
    pub port: u16,
    /// On an origin of its own.
    pub href: String,
}

impl WorkspacePage {
    /// A session with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        let task = TaskView::sample();
        Self {
            frame: Frame::new("3 of 6, ready · Inherited notebook", Section::Labs, Timestamp(0)).live(Live {
                last: 12,
                session: Some((task.session.clone(), "ready")),
            }),
            id: task.session.clone(),
            title: "Inherited notebook".into(),
            back: "Week 1".into(),
            back_href: "/weeks/1".into(),
            state: SessionStateView {
                mark: Mark::Passed,
                word: "Ready".into(),
            },
            paused: None,
            progress: Progress { passed: 3, all: 6 },
            time: SessionTime {
                left: "42 min".into(),
                left_ms: 2_520_000,
                deadline: Some(1_764_000_000_000_000),
                until: Some(Moment {
                    exact: "2026-11-24T15:10:00Z".into(),
                    text: "15:10".into(),
                }),
                still: None,
            },
            extend: Some(30),
            story: "<p>A data scientist left.</p>".into(),
            tasks: vec![task],
            services: vec![ServiceTab {
                name: "site".into(),
                title: "Your site".into(),
                port: 8080,
                href: "http://abcd.localhost:7070/".into(),
            }],
            export: None,
        }
    }
}
