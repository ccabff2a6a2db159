//! What a press of a button does: one handler a button, 303 back to a page, or JSON for the page's script.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::base::{PersonId, SessionId};
use crate::lab::StartOptions;
use crate::model::TaskId;
use crate::web::identity::Who;
use crate::web::pages::fill;
use crate::web::pages::show::{Fields, LabPath, SessionPath, Shown, TaskPath, Wants, not_served};
use crate::web::templates::View as _;
use crate::web::{Failure, Site};

/// Fields of the form on a lab's card.
#[derive(Debug, Default, Deserialize)]
pub struct StartForm {
    /// Name of an archive to begin with; empty for a fresh workspace.
    #[serde(default)]
    export: String,
}

fn page_of(session: SessionId) -> String {
    format!("/sessions/{session}")
}

/// `POST /labs/{id}/start`.
///
/// # Errors
/// Where the lab cannot be started.
pub async fn start(
    State(site): State<Site>,
    Who(person): Who,
    LabPath(lab): LabPath,
    wants: Wants,
    Fields(form): Fields<StartForm>,
) -> Shown {
    let options = StartOptions {
        from_export: Some(form.export).filter(|name| !name.is_empty()),
        ..StartOptions::default()
    };
    let catalogue = site.catalogue();
    if catalogue.lab(&lab).is_none() {
        return Err(not_served(&catalogue, &lab));
    }
    let session = site
        .labs()
        .start(person, &lab, options)
        .await
        .map_err(|error| Failure::from(error).way("To the lab", format!("/labs/{lab}")))?;
    Ok(wants.go(&page_of(session)))
}

/// `POST /sessions/{id}/extend`.
///
/// # Errors
/// Where no more time can be had.
pub async fn extend(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    wants: Wants,
) -> Shown {
    site.labs().extend(person, session).await?;
    let view = site.labs().view(person, session).await?;
    let time = fill::time(&view, &site.times());
    let say = format!("{} left", time.left);
    Ok(wants.stay(
        &page_of(session),
        json!({ "html": { "session-time": time.render()? }, "say": say }),
    ))
}

/// `POST /sessions/{id}/end`.
///
/// # Errors
/// Where there is no such session.
pub async fn end(State(site): State<Site>, Who(person): Who, SessionPath(session): SessionPath, wants: Wants) -> Shown {
    site.labs().end(person, session).await?;
    Ok(wants.go(&format!("{}/finish", page_of(session))))
}

/// `POST /sessions/{id}/reset`.
///
/// # Errors
/// Where it cannot be reset now.
pub async fn reset(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    wants: Wants,
) -> Shown {
    site.labs().reset(person, session).await?;
    Ok(wants.go(&page_of(session)))
}

/// `POST /sessions/{id}/retry`.
///
/// # Errors
/// Where it has not failed.
pub async fn retry(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    wants: Wants,
) -> Shown {
    site.labs().retry(person, session).await?;
    Ok(wants.go(&page_of(session)))
}

/// `POST /sessions/{id}/resume`.
///
/// # Errors
/// Where it is not paused.
pub async fn resume(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    wants: Wants,
) -> Shown {
    site.labs().resume(person, session).await?;
    Ok(wants.go(&page_of(session)))
}

/// `POST /sessions/{id}/cancel`.
///
/// # Errors
/// Where it is ready already.
pub async fn cancel(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    wants: Wants,
) -> Shown {
    let view = site.labs().view(person, session).await?;
    site.labs().cancel(person, session).await?;
    Ok(wants.go(&format!("/labs/{}", view.session.lab)))
}

/// `POST /sessions/{id}/export`.
///
/// # Errors
/// Where there is no workspace, or no room for the archive.
pub async fn export(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    wants: Wants,
) -> Shown {
    let export = site.labs().export(person, session).await?;
    let href = format!("/sessions/{session}/exports/{}", export.name);
    Ok(wants.stay(
        &page_of(session),
        json!({ "say": "The workspace is saved.", "export": { "name": export.name, "size": export.size, "href": href } }),
    ))
}

/// `GET /sessions/{id}/exports/{name}`.
///
/// # Errors
/// Where there is no such archive of that person.
pub async fn download(
    State(site): State<Site>,
    Who(person): Who,
    Path((_, name)): Path<(String, String)>,
    SessionPath(session): SessionPath,
) -> Shown {
    let gone = || Failure::not_found("There is no such archive, or it is not yours.").way("Your attempts", "/history");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() || name.starts_with('.') || name.contains("..") || !name.bytes().all(plain) {
        return Err(gone());
    }
    let export = site.labs().export_file(person, &name).await?;
    if export.view.session != session {
        return Err(gone());
    }
    let file = tokio::fs::File::open(&export.path)
        .await
        .map_err(|error| Failure::internal(format_args!("cannot open an export: {error}")))?;
    let mut response = Response::new(Body::from_stream(tokio_util::io::ReaderStream::new(file)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(export.view.size));
    headers.insert(header::CONTENT_DISPOSITION, attachment(&name));
    Ok(response)
}

/// `Content-Disposition` for a file of that name: ASCII as it is, everything by RFC 5987.
#[must_use]
pub fn attachment(name: &str) -> HeaderValue {
    use std::fmt::Write as _;
    let simple: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_graphic() && !"\"\\%;/".contains(letter) || letter == ' ' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    let exact = name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    });
    HeaderValue::from_str(&format!("attachment; filename=\"{simple}\"; filename*=UTF-8''{exact}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

/// Fields of the hint form: how many hints the page showed.
#[derive(Debug, Default, Deserialize)]
pub struct HintForm {
    #[serde(default)]
    seen: Option<usize>,
}

/// `POST /sessions/{id}/hints/{task}`.
///
/// # Errors
/// Where there is no such task.
pub async fn hint(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    TaskPath(task): TaskPath,
    wants: Wants,
    Fields(form): Fields<HintForm>,
) -> Shown {
    site.labs().hint(person, session, &task, form.seen).await?;
    changed(&site, person, session, &task, wants, "A hint was added.").await
}

/// How long the press of Retry waits for what it asked for; later it comes as an event.
const LOOKING: Duration = Duration::from_secs(20);

/// `POST /sessions/{id}/tasks/{task}/again`: looks again at what could not be checked.
///
/// # Errors
/// Where the session is not ready.
pub async fn again(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    TaskPath(task): TaskPath,
    wants: Wants,
) -> Shown {
    let said = match tokio::time::timeout(LOOKING, site.labs().regrade(person, session)).await {
        Ok(looked) => {
            looked?;
            "It was looked at again."
        }
        Err(_) => "It is being looked at.",
    };
    changed(&site, person, session, &task, wants, said).await
}

/// `POST /sessions/{id}/trials/{task}`.
///
/// # Errors
/// Where it cannot run now.
pub async fn trial(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    TaskPath(task): TaskPath,
    wants: Wants,
) -> Shown {
    site.labs().start_trial(person, session, &task).await?;
    changed(&site, person, session, &task, wants, "The trial runs.").await
}

/// Back to the task, or the task's leaf.
async fn changed(site: &Site, person: PersonId, session: SessionId, task: &TaskId, wants: Wants, say: &str) -> Shown {
    let id = format!("task-{task}");
    let back = format!("{}#{id}", page_of(session));
    if !wants.json() {
        return Ok(wants.go(&back));
    }
    let view = site.labs().view(person, session).await?;
    let times = site.times();
    let mut html = serde_json::Map::new();
    if let Some(task) = view.tasks.iter().find(|one| &one.id == task) {
        html.insert(id, fill::task(&view, task, &times).render()?.into());
    }
    Ok(wants.stay(&back, json!({ "html": html, "say": say })))
}

/// Fields of the form that puts one file back.
#[derive(Debug, Default, Deserialize)]
pub struct ResetFileForm {
    #[serde(default)]
    path: String,
}

/// `POST /sessions/{id}/reset-file`.
///
/// # Errors
/// Where the lab gave no such file.
pub async fn reset_file(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    wants: Wants,
    Fields(form): Fields<ResetFileForm>,
) -> Shown {
    let back = page_of(session);
    let reset = site
        .labs()
        .reset_file(person, session, &form.path, None)
        .await
        .map_err(|error| Failure::from(error).way("Back to the lab", &back))?;
    Ok(wants.stay(
        &back,
        json!({ "html": {}, "say": format!("{} is as the lab gave it.", reset.path), "path": reset.path }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_cannot_end_the_header() {
        assert_eq!(
            attachment("a\"b\r\n;é.txt"),
            HeaderValue::from_static("attachment; filename=\"a_b____.txt\"; filename*=UTF-8''a%22b%0D%0A%3B%C3%A9.txt")
        );
    }
}
