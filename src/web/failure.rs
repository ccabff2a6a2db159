//! What goes wrong, in two halves: words for the reader, and the cause for the log, joined by a reference.
//!
//! Handlers answer with a [`Failure`]; one layer around everything ([`dress`]) turns it, and every bare error of the
//! framework, into a page or JSON. Nothing else writes the body of an error.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use serde_json::json;

use super::Site;
use super::pages::error::{ErrorPage, PlainErrorPage};
use super::pages::frame::{Frame, Section};
use super::templates::{self, TemplateError, View as _, escaped};
use crate::lab::LabError;
use crate::sandbox::{SandboxError, WorkspaceError};
use crate::store::StoreError;

/// An error on its way to the reader.
#[derive(Clone, Debug)]
pub struct Failure {
    status: StatusCode,
    /// A word for programs.
    kind: &'static str,
    /// What happened and what to do, for the reader.
    message: String,
    /// For the log alone.
    cause: Option<String>,
    /// Way out besides home: text and address.
    way: Option<(String, String)>,
    /// More for programs, beside kind and message.
    detail: Option<serde_json::Value>,
    /// For the author of a template, while developing: file, line, excerpt and what to do.
    report: Option<String>,
}

impl Failure {
    /// With a status, a word for programs and words for people.
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            cause: None,
            way: None,
            detail: None,
            report: None,
        }
    }

    /// There is no such page or thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// The request is wrong; the words say where.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// Something of ours broke; `cause` goes into the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let mut failure = Self::of_status(StatusCode::INTERNAL_SERVER_ERROR);
        failure.cause = Some(cause.to_string());
        failure
    }

    /// The request was addressed to a name that is not ours.
    #[must_use]
    pub fn wrong_host() -> Self {
        Self::of_status(StatusCode::MISDIRECTED_REQUEST)
    }

    /// With another way out than home.
    #[must_use]
    pub fn way(mut self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.way = Some((text.into(), href.into()));
        self
    }

    /// With a cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// With more for programs.
    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// What is said where only a status is known.
    fn of_status(status: StatusCode) -> Self {
        let (kind, message) = match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => (
                "bad-request",
                "The request cannot be understood. Go back, load the page again, and try once more.",
            ),
            StatusCode::FORBIDDEN => (
                "forbidden",
                "This request came from another site, so it was refused. Open the page here and try again.",
            ),
            StatusCode::NOT_FOUND => ("not-found", "There is nothing at this address."),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method-not-allowed",
                "This address does not take that kind of request. Open the page and use its buttons.",
            ),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "That took too long. Try again."),
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "That is more than is taken at this address. Send less."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported-type", "This address does not take content of that type.")
            }
            StatusCode::MISDIRECTED_REQUEST => (
                "wrong-host",
                "This server is not known by that name. Use the address that it printed at its start; its operator adds \
                 names as allowed-hosts in halfway.toml.",
            ),
            StatusCode::SERVICE_UNAVAILABLE => (
                "busy",
                "The server is busy. Nothing was changed; try again in a few seconds.",
            ),
            StatusCode::INTERNAL_SERVER_ERROR => (
                "internal",
                "Something broke on our side. What you did last may or may not have happened: look before you repeat it.",
            ),
            status if status.is_server_error() => ("unavailable", "That could not be done just now. Try again."),
            _ => ("refused", "That request was refused."),
        };
        Self::new(status, kind, message)
    }

    fn title(&self) -> &'static str {
        match self.status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Refused",
            StatusCode::METHOD_NOT_ALLOWED => "Not like that",
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => "Not now",
            StatusCode::PAYLOAD_TOO_LARGE => "Too large",
            StatusCode::MISDIRECTED_REQUEST => "Wrong name",
            StatusCode::SERVICE_UNAVAILABLE => "Busy",
            status if status.is_server_error() => "Our fault",
            _ => "That does not work",
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let status = match &error {
            LabError::NotFound(_) => StatusCode::NOT_FOUND,
            LabError::State(_) | LabError::Unavailable { .. } => StatusCode::CONFLICT,
            LabError::Invalid(_) => StatusCode::BAD_REQUEST,
            LabError::Full => StatusCode::INSUFFICIENT_STORAGE,
            LabError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            LabError::Sandbox(_) => {
                let LabError::Sandbox(error) = error else {
                    unreachable!("just matched")
                };
                return error.into();
            }
            LabError::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let failure = Self::new(status, error.kind(), error.message());
        if status.is_server_error() {
            failure.because(error)
        } else {
            failure
        }
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        let status = match &error {
            WorkspaceError::NotFound { .. } => StatusCode::NOT_FOUND,
            WorkspaceError::Exists { .. } | WorkspaceError::NotEmpty { .. } => StatusCode::CONFLICT,
            WorkspaceError::Conflict { .. } => StatusCode::PRECONDITION_FAILED,
            WorkspaceError::Denied { .. } | WorkspaceError::Symlink { .. } => StatusCode::FORBIDDEN,
            WorkspaceError::TooLarge { .. } | WorkspaceError::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            WorkspaceError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
            WorkspaceError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let failure = Self::new(status, error.kind(), error.learner());
        let failure = match &error {
            WorkspaceError::Conflict { current, .. } => {
                failure.detail(json!({ "current": current.map(|hash| hash.to_string()) }))
            }
            WorkspaceError::TooLarge { size, cap, .. } => failure.detail(json!({ "size": size, "cap": cap })),
            _ => failure,
        };
        if status.is_server_error() {
            failure.because(error)
        } else {
            failure
        }
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        use halfway_agent::protocol::ErrorKind;
        let (status, kind) = match &error {
            SandboxError::Workspace(_) => {
                let SandboxError::Workspace(error) = error else {
                    unreachable!("just matched")
                };
                return error.into();
            }
            SandboxError::NotRunning => (StatusCode::CONFLICT, "not-running"),
            SandboxError::AgentVersion { .. } => (StatusCode::CONFLICT, "agent-version"),
            SandboxError::AgentUnreachable(_) => (StatusCode::BAD_GATEWAY, "agent-unreachable"),
            SandboxError::Agent { kind, .. } => match kind {
                ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not-found"),
                ErrorKind::Refused => (StatusCode::BAD_GATEWAY, "refused"),
                ErrorKind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
                ErrorKind::Limit => (StatusCode::TOO_MANY_REQUESTS, "limit"),
                ErrorKind::CannotStart => (StatusCode::UNPROCESSABLE_ENTITY, "cannot-start"),
                ErrorKind::BadRequest => (StatusCode::BAD_REQUEST, "bad-request"),
                ErrorKind::Denied => (StatusCode::FORBIDDEN, "denied"),
                _ => (StatusCode::BAD_GATEWAY, "agent"),
            },
            SandboxError::Exhausted(_) => (StatusCode::SERVICE_UNAVAILABLE, "exhausted"),
            SandboxError::DiskFull(_) => (StatusCode::INSUFFICIENT_STORAGE, "disk-full"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "sandbox"),
        };
        Self::new(status, kind, error.learner()).because(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = match &error {
            StoreError::Busy { .. } => Self::of_status(StatusCode::SERVICE_UNAVAILABLE),
            StoreError::NotFound { .. } => Self::of_status(StatusCode::NOT_FOUND),
            StoreError::Full { .. } => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk-full",
                "The server's disk is full. Nothing was changed; free some space and try again.",
            ),
            _ => Self::of_status(StatusCode::INTERNAL_SERVER_ERROR),
        };
        failure.because(error)
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        let report = error.report();
        let mut failure = Self::internal(format_args!("a template could not be rendered: {report}"));
        failure.report = templates::is_watched().then_some(report);
        failure
    }
}

/// Marks a request that was addressed to another name than the site's: styles and scripts of the site are not there.
#[derive(Clone, Copy, Debug)]
pub struct Elsewhere;

/// Marks an answer that refuses and is a page in its own right: it is sent as it is.
#[derive(Clone, Copy, Debug)]
pub struct Dressed;

/// Turns a panic into a [`Failure`], then every error into a page or JSON with a reference that is in the log.
pub async fn dress(State(site): State<Site>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let json = wants_json(&path, request.headers());
    let elsewhere = request.extensions().get::<Elsewhere>().is_some();
    let response = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = response.unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Failure::internal(format_args!("a handler panicked: {words}")).into_response()
    });
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<Dressed>().is_some() {
        return response;
    }
    let failure = response
        .extensions_mut()
        .remove::<Failure>()
        .unwrap_or_else(|| Failure::of_status(status));
    let reference = site.reference();
    log(&failure, &reference, &method, &path);
    let headers = std::mem::take(response.headers_mut());
    let mut dressed = if json {
        as_json(&failure, &reference)
    } else {
        as_page(&site, &failure, reference, elsewhere)
    };
    *dressed.status_mut() = status;
    for (name, value) in &headers {
        // `Allow`, `Retry-After` and the like stay; what describes the old body goes with it.
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) {
            dressed.headers_mut().append(name, value.clone());
        }
    }
    dressed
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        dressed
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
    }
    if method == Method::HEAD {
        *dressed.body_mut() = Body::empty();
    }
    dressed
}

fn log(failure: &Failure, reference: &str, method: &Method, path: &str) {
    let status = failure.status.as_u16();
    let cause = failure.cause.as_deref().unwrap_or(&failure.message);
    if failure.status.is_server_error() {
        tracing::error!(reference, status, %method, path, "{method} {path} failed: {cause}");
    } else {
        tracing::info!(reference, status, %method, path, "{method} {path} refused: {cause}");
    }
}

/// Programs get JSON: below `/api/`, or where they say that they take it and not HTML.
#[must_use]
pub fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    path.starts_with("/api/")
        || headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}

fn as_json(failure: &Failure, reference: &str) -> Response {
    let mut error = json!({ "kind": failure.kind, "message": failure.message, "reference": reference });
    if let (Some(object), Some(serde_json::Value::Object(detail))) = (error.as_object_mut(), failure.detail.clone()) {
        object.extend(detail);
    }
    axum::Json(json!({ "error": error })).into_response()
}

fn as_page(site: &Site, failure: &Failure, reference: String, elsewhere: bool) -> Response {
    if let Some(report) = &failure.report {
        return for_author("A template cannot be shown", report, &reference);
    }
    let mut ways = Vec::new();
    ways.extend(failure.way.clone());
    let home = if elsewhere {
        site.origins().swap_remove(0) + "/"
    } else {
        "/".to_owned()
    };
    ways.push(("Home".to_owned(), home));
    let page = ErrorPage {
        frame: Frame::new(failure.title(), Section::Elsewhere, site.clock().now()),
        title: failure.title().to_owned(),
        what: failure.message.clone(),
        ways,
        reference,
    };
    let html = if elsewhere {
        PlainErrorPage(&page).render()
    } else {
        page.render()
    };
    match html {
        Ok(html) => axum::response::Html(html).into_response(),
        Err(error) => {
            tracing::error!("the error page could not be rendered: {error}");
            if templates::is_watched() {
                return for_author(
                    "The error page itself cannot be shown",
                    &error.report(),
                    &page.reference,
                );
            }
            "Something broke on our side.".into_response()
        }
    }
}

/// What an author of templates sees while developing. Without any template, since the layout may be the broken one.
fn for_author(title: &str, report: &str, reference: &str) -> Response {
    axum::response::Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title} · Halfway</title><link rel=\"stylesheet\" \
         href=\"{}\"></head><body><main class=\"page\"><h1>{title}</h1><pre class=\"log\" tabindex=\"0\" \
         role=\"region\" aria-label=\"What is wrong\">{}</pre><p>Mend it and load this page again. Reference \
         <code>{reference}</code>.</p></main></body></html>",
        escaped(&super::assets::url("site.css")),
        escaped(report),
    ))
    .into_response()
}
