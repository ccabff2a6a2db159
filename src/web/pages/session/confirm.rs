//! Asks before something goes that cannot be undone: what goes, what stays, and the verb on the button.

use serde::Serialize;

use axum::extract::State;

use crate::base::{PersonId, SessionId, Timestamp};
use crate::lab::SessionView;
use crate::web::identity::Who;
use crate::web::pages::frame::{Frame, Section};
use crate::web::pages::show::{SessionPath, Shown, page};
use crate::web::templates::View;
use crate::web::{Failure, Site};

/// `GET /sessions/{id}/end` and `GET /sessions/{id}/reset`.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmPage {
    pub frame: Frame,
    pub title: String,
    pub goes: Vec<String>,
    pub stays: Vec<String>,
    pub verb: &'static str,
    /// Where the form is sent.
    pub action: String,
    pub cancel: String,
}

impl View for ConfirmPage {
    const TEMPLATE: &'static str = "session/confirm.html";
}

/// `GET /sessions/{id}/end`.
///
/// # Errors
/// Where there is no such session of that person, or nothing to end.
pub async fn end(State(site): State<Site>, Who(person): Who, SessionPath(session): SessionPath) -> Shown {
    let view = ask(&site, person, session, |view| view.may.end || view.may.cancel).await?;
    let work = view.session.ready.is_some();
    let back = format!("/sessions/{session}");
    page(&ConfirmPage {
        frame: Frame::new(format!("End? · {}", view.title), Section::Labs, site.clock().now()),
        title: format!("End “{}”?", view.title),
        goes: vec!["its terminals and everything that runs in them".into()],
        stays: if work {
            vec![
                "what you achieved, with its evidence".into(),
                "an archive of your files, to download or to start again from".into(),
            ]
        } else {
            vec!["the record of this attempt".into()]
        },
        verb: "End the lab",
        action: format!("{back}/end"),
        cancel: back,
    })
}

/// `GET /sessions/{id}/reset`.
///
/// # Errors
/// Where there is no such session of that person, or it cannot be reset now.
pub async fn reset(State(site): State<Site>, Who(person): Who, SessionPath(session): SessionPath) -> Shown {
    let view = ask(&site, person, session, |view| view.may.reset).await?;
    let back = format!("/sessions/{session}");
    page(&ConfirmPage {
        frame: Frame::new(format!("Reset? · {}", view.title), Section::Labs, site.clock().now()),
        title: format!("Reset “{}” to how it began?", view.title),
        goes: vec![
            "every change to your files".into(),
            "its terminals and everything that runs in them".into(),
        ],
        stays: vec![
            "what you achieved, with its evidence".into(),
            "an archive of your files as they are now".into(),
            "names and numbers that were drawn for you".into(),
        ],
        verb: "Reset the lab",
        action: format!("{back}/reset"),
        cancel: back,
    })
}

async fn ask(
    site: &Site,
    person: PersonId,
    session: SessionId,
    may: impl FnOnce(&SessionView) -> bool,
) -> Result<SessionView, Failure> {
    let view = site.labs().view(person, session).await?;
    if may(&view) {
        return Ok(view);
    }
    Err(Failure::new(
        http::StatusCode::CONFLICT,
        "state",
        format!(
            "That has no meaning while the session is {}.",
            view.session.state.word()
        ),
    )
    .way("To the session", format!("/sessions/{session}")))
}

impl ConfirmPage {
    /// The end of a session.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::new("End the lab? · Inherited notebook", Section::Labs, Timestamp(0)),
            title: "End “Inherited notebook”?".into(),
            goes: vec!["terminals and all that runs in them".into()],
            stays: vec!["what you achieved".into(), "an archive of your files".into()],
            verb: "End the lab",
            action: "/sessions/0190b6a4-0000-7000-8000-000000000001/end".into(),
            cancel: "/sessions/0190b6a4-0000-7000-8000-000000000001".into(),
        }
    }
}
