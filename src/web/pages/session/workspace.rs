//! The lab itself: tasks on one side, terminals, editor and service tabs on the other.

use serde::Serialize;

use axum::http::header;
use axum::response::Response;

use crate::base::Timestamp;
use crate::content::Catalogue;
use crate::lab::SessionView;
use crate::model::SessionState;
use crate::web::pages::fill;
use crate::web::pages::frame::{Frame, Live, Section};
use crate::web::pages::mark::Mark;
use crate::web::pages::parts::{ExportChoice, Progress, SessionStateView, SessionTime, TaskView};
use crate::web::pages::time::Moment;
use crate::web::pages::time::Times;
use crate::web::security::headers::Policy;
use crate::web::templates::{SafeHtml, View};
use crate::web::{Site, texts};

/// `GET /sessions/{id}` while `ready` or `paused`.
#[derive(Clone, Debug, Serialize)]
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
    pub story: SafeHtml,
    pub tasks: Vec<TaskView>,
    pub services: Vec<ServiceTab>,
    /// The latest saved workspace.
    pub export: Option<ExportChoice>,
}

impl View for WorkspacePage {
    const TEMPLATE: &'static str = "session/workspace.html";
}

/// A learner's own server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceTab {
    pub name: String,
    pub title: String,
    pub port: u16,
    /// On an origin of its own.
    pub href: String,
}

/// From what `lab` tells.
#[must_use]
pub(super) fn fill(site: &Site, catalogue: &Catalogue, view: &SessionView, times: &Times, last: i64) -> WorkspacePage {
    let session = view.session.id;
    let (back, back_href) = catalogue.labs.get(&view.session.lab).map_or_else(
        || ("Labs".to_owned(), "/labs".to_owned()),
        |entry| {
            (
                crate::web::pages::curriculum::week_name(entry.lab.week),
                format!("/weeks/{}", entry.lab.week),
            )
        },
    );
    WorkspacePage {
        frame: Frame::new(super::title(view), Section::Labs, times.now()).live(super::live(view, last)),
        id: session.to_string(),
        title: view.title.clone(),
        back,
        back_href,
        state: fill::state(view),
        paused: (view.session.state == SessionState::Paused).then(|| {
            view.session.reason.clone().unwrap_or_else(|| {
                "Your files are as you left them; programs that ran are gone. Resume starts a fresh terminal."
                    .to_owned()
            })
        }),
        progress: fill::progress(view),
        time: fill::time(view, times),
        extend: view.may.extend.then(|| view.time.extension.as_secs().div_ceil(60)),
        story: texts::markdown(&view.story),
        tasks: fill::tasks(view, times),
        services: view
            .services
            .iter()
            .map(|service| ServiceTab {
                name: service.name.clone(),
                title: service.title.clone(),
                port: service.port,
                href: format!("{}/", site.service_origin(session, service.port)),
            })
            .collect(),
        export: view.exports.first().map(|export| fill::export(export, times)),
    }
}

/// Lets the page embed its service tabs, and xterm.js write its styles.
pub(super) fn allow(response: &mut Response, frames: Vec<String>) {
    let policy = Policy {
        inline_styles: true,
        frames,
    };
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy.value());
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
            story: SafeHtml::rendered("<p>A data scientist left.</p>".into()),
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
