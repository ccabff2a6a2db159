//! Service tabs: a learner's own server, shown on an origin of its own that only this session's page may embed.
//!
//! The server behind is hostile. Its requests carry nothing of the site (no cookie, no referrer), its answers cannot
//! set a cookie beyond their own host or refuse the frame, and it is reached through the sandbox only.

mod headers;

use axum::body::Body;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;

use super::routes::fail;
use super::{Failure, Site};
use crate::base::{PersonId, SessionId};
use crate::sandbox::SandboxError;

/// Answers a request that is addressed to a service's name.
pub async fn handle(site: &Site, label: &str, request: Request) -> Response {
    // The request is taken apart on the way, so what the error page needs is kept.
    let (method, uri, accept) = (
        request.method().clone(),
        request.uri().clone(),
        request.headers().get(header::ACCEPT).cloned(),
    );
    match pass(site, label, request).await {
        Ok(response) => response,
        Err(failure) => {
            let mut request = Request::new(Body::empty());
            *request.method_mut() = method;
            *request.uri_mut() = uri;
            if let Some(accept) = accept {
                request.headers_mut().insert(header::ACCEPT, accept);
            }
            let mut response = fail(site, failure, request).await;
            // The lab's page may show the error in the tab, too.
            headers::allow_frame(response.headers_mut(), &site.origins());
            response
        }
    }
}

async fn pass(site: &Site, label: &str, mut request: Request) -> Result<Response, Failure> {
    let (session, port) = site.capability(label).ok_or_else(gone)?;
    let person = owner(site, session, port).await?;
    if headers::is_websocket(request.headers()) && !super::security::origin::is_same_origin(request.headers()) {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "This connection came from another site, so it was refused.",
        ));
    }
    let browser = hyper::upgrade::on(&mut request);
    let upgrade = headers::is_upgrade(request.headers());
    let stream = site
        .labs()
        .dial(person, session, port)
        .await
        .map_err(|error| refused(error, port))?;
    site.labs().touch(session);
    let answering = |error: hyper::Error| {
        Failure::new(
            StatusCode::BAD_GATEWAY,
            "no-answer",
            format!(
                "Your server on port {port} took the connection and did not answer as HTTP. Its own output says why."
            ),
        )
        .because(error)
    };
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(answering)?;
    tokio::spawn(connection.with_upgrades());
    rewrite(&mut request, port)?;
    let mut response = sender.send_request(request).await.map_err(answering)?;
    headers::clean_response(response.headers_mut(), port, &site.origins());
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if !upgrade {
            return Err(gone());
        }
        let service = hyper::upgrade::on(&mut response);
        let stopping = site.stopping().clone();
        tokio::spawn(async move {
            if let (Ok(browser), Ok(service)) = tokio::join!(browser, service) {
                let (mut browser, mut service) = (TokioIo::new(browser), TokioIo::new(service));
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut browser, &mut service) => {}
                    () = stopping.cancelled() => {}
                }
            }
        });
        return Ok(response.map(|_| Body::empty()));
    }
    Ok(response.map(Body::new).into_response())
}

/// Whose session it is, if it is ready and its lab offers that port.
async fn owner(site: &Site, session: SessionId, port: u16) -> Result<PersonId, Failure> {
    let row = site.store().session(session).await?.ok_or_else(gone)?;
    if row.state.is_live() {
        let offered = site
            .catalogue()
            .labs
            .get(&row.lab)
            .is_some_and(|entry| entry.lab.services.iter().any(|service| service.port == port));
        if offered {
            return Ok(row.person);
        }
    }
    Err(gone())
}

fn gone() -> Failure {
    Failure::not_found("This tab's session has ended, or its address was never given out. Open the lab's page anew.")
}

fn refused(error: crate::lab::LabError, port: u16) -> Failure {
    use halfway_agent::protocol::ErrorKind;
    match &error {
        crate::lab::LabError::Sandbox(SandboxError::Agent {
            kind: ErrorKind::Refused,
            ..
        }) => Failure::new(
            StatusCode::BAD_GATEWAY,
            "nobody-listens",
            format!(
                "Nothing listens on port {port} in your lab yet. Start your server in a terminal, then reload this tab."
            ),
        ),
        _ => error.into(),
    }
}

/// As a request of a browser inside the sandbox would be.
fn rewrite(request: &mut Request, port: u16) -> Result<(), Failure> {
    let path = request
        .uri()
        .path_and_query()
        .cloned()
        .unwrap_or(PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    *request.version_mut() = Version::HTTP_11;
    headers::clean_request(request.headers_mut(), port)
        .map_err(|error| Failure::internal(format_args!("a service's host cannot be a header: {error}")))
}
