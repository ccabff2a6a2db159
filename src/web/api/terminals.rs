//! Terminals: list, open, close. Their streams are `web/terminal`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use halfway_agent::protocol::{Terminal, TerminalSize};
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::Document;
use crate::web::Site;
use crate::web::identity::Who;
use crate::web::pages::show::{SessionPath, Shown};

/// What a new terminal should be; every field has a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    name: Option<String>,
    cols: Option<u16>,
    rows: Option<u16>,
}

/// Of what the agent tells, what the page needs.
fn line(terminal: &Terminal) -> Value {
    json!({
        "id": terminal.id,
        "name": terminal.name,
        "cols": terminal.size.cols,
        "rows": terminal.size.rows,
        "sequence": terminal.sequence,
        "exit": terminal.exit,
        // How many pages show it: its size follows who typed last, and one that nobody shows is the next page's.
        "clients": terminal.clients,
    })
}

/// `GET /sessions/{id}/terminals`.
pub(super) async fn list(State(site): State<Site>, Who(person): Who, SessionPath(session): SessionPath) -> Shown {
    let terminals = site.labs().terminals(person, session).await?;
    let lines: Vec<_> = terminals.iter().map(line).collect();
    Ok(Json(json!({ "terminals": lines })).into_response())
}

/// `POST /sessions/{id}/terminals`.
pub(super) async fn create(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Document(wanted): Document<Wanted>,
) -> Shown {
    let usual = TerminalSize::default();
    let size = TerminalSize {
        cols: wanted.cols.unwrap_or(usual.cols),
        rows: wanted.rows.unwrap_or(usual.rows),
    };
    let terminal = site.labs().create_terminal(person, session, wanted.name, size).await?;
    Ok((StatusCode::CREATED, Json(line(&terminal))).into_response())
}

/// `DELETE /sessions/{id}/terminals/{tid}`.
pub(super) async fn remove(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Path((_, terminal)): Path<(String, String)>,
) -> Shown {
    site.labs().delete_terminal(person, session, &terminal).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
