//! What is a person's on this server: all of it as one archive, or deleted.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tokio_util::io::ReaderStream;

use super::frame::{Frame, Section};
use super::session::act::attachment;
use super::session::confirm::ConfirmPage;
use super::show::{Shown, page};
use crate::web::identity::Who;
use crate::web::{Failure, Site, VERSION};

/// `POST /settings/export`: the archive that `halfway import` takes in.
///
/// # Errors
/// Where the disk is full, or the database or a workspace fails.
pub async fn export(State(site): State<Site>, Who(person): Who) -> Shown {
    let file = site.labs().portable(person, VERSION).await?;
    let size = file
        .metadata()
        .map_err(|error| Failure::internal(format_args!("cannot tell the size of an archive: {error}")))?
        .len();
    let stream = ReaderStream::new(tokio::fs::File::from_std(file));
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    headers.insert(header::CONTENT_DISPOSITION, attachment("halfway.tar"));
    Ok(response)
}

/// `GET /settings/delete`: asks first.
///
/// # Errors
/// While a lab is open.
pub async fn confirm(State(site): State<Site>, Who(person): Who) -> Shown {
    let live = site.labs().history(person).await?;
    if let Some(open) = live.iter().find(|attempt| attempt.ended.is_none()) {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "state",
            format!(
                "“{}” is still open. End it first; then everything can be deleted.",
                open.title
            ),
        )
        .way("To the lab", format!("/sessions/{}", open.session)));
    }
    page(&ConfirmPage {
        frame: Frame::new("Delete all of it?".to_owned(), Section::Settings, site.clock().now()),
        title: "Delete everything that is yours?".to_owned(),
        goes: vec![
            "every attempt at a lab, with what you achieved and its evidence".into(),
            "every archive of your files".into(),
            "your answers, and which lessons you have read".into(),
        ],
        stays: vec![
            "the lessons and labs themselves".into(),
            "what this browser keeps: colours, letters".into(),
            "an archive that you downloaded before".into(),
        ],
        verb: "Delete all of it",
        action: "/settings/delete".to_owned(),
        cancel: "/settings".to_owned(),
    })
}

/// `POST /settings/delete`.
///
/// # Errors
/// While a lab is open, or where the database fails.
pub async fn delete(State(site): State<Site>, Who(person): Who) -> Shown {
    site.labs().forget(person).await?;
    site.reading().forget(person);
    site.quizzes().forget(person);
    Ok(Redirect::to("/").into_response())
}
