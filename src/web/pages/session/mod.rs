//! A session's page, by its state.

pub mod act;
pub mod confirm;
pub mod failed;
pub mod finish;
pub mod provisioning;
pub mod workspace;

use axum::extract::{Query, State};
use serde::Deserialize;

use crate::lab::SessionView;
use crate::model::SessionState;
use crate::web::Site;
use crate::web::identity::Who;
use crate::web::pages::frame::Live;
use crate::web::pages::show::{SessionPath, Shown, page};

/// `?still=1` keeps the page from loading itself again.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    still: Option<String>,
}

/// `GET /sessions/{id}`.
///
/// # Errors
/// Where there is no such session of that person.
pub async fn show(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(asked): Query<Asked>,
) -> Shown {
    // Taken before the view is read: what happens in between is told again.
    let last = crate::web::events::last(&site, person);
    let view = site.labs().view(person, session).await?;
    let times = site.times();
    match view.session.state {
        SessionState::Queued | SessionState::Provisioning => {
            let refresh = asked.still.is_none();
            page(&provisioning::fill(&view, &times, last, refresh))
        }
        SessionState::Failed => page(&failed::fill(&view, &times, last)),
        SessionState::Ready | SessionState::Paused => {
            let catalogue = site.catalogue();
            let filled = workspace::fill(&site, &catalogue, &view, &times, last);
            let frames = filled
                .services
                .iter()
                .map(|service| service.href.trim_end_matches('/').to_owned())
                .collect();
            let mut response = page(&filled)?;
            workspace::allow(&mut response, frames);
            Ok(response)
        }
        SessionState::Ending | SessionState::Ended => page(&finish::fill(&site.catalogue(), &view, &times, last)),
    }
}

/// What makes a session's page live.
fn live(view: &SessionView, last: i64) -> Live {
    Live {
        last,
        session: Some((view.session.id.to_string(), view.session.state.word())),
    }
}

/// The title of a session's page, state first; live events carry the same.
#[must_use]
pub fn title(view: &SessionView) -> String {
    let (passed, all) = (view.score.passing, view.score.tasks);
    let state = match view.session.state {
        SessionState::Queued => "Waiting".to_owned(),
        SessionState::Provisioning => {
            crate::web::pages::fill::step_of(&view.steps).unwrap_or_else(|| "Being made".to_owned())
        }
        SessionState::Ready => format!("{passed} of {all}"),
        SessionState::Paused => format!("Paused, {passed} of {all}"),
        SessionState::Ending => format!("Ending, {passed} of {all}"),
        SessionState::Ended => format!("Ended, {} of {all}", view.score.achieved),
        SessionState::Failed => "Failed".to_owned(),
    };
    format!("{state} · {}", view.title)
}
