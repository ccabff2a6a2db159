//! One connection to an agent: connect, handshake, one request.

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use halfway_agent::protocol::{ErrorBody, ErrorKind, PROTOCOL, PROTOCOL_HEADER, SESSION_HEADER};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use super::{Inner, Result, nonsense};
use crate::sandbox::error::SandboxError;
use crate::sandbox::folder::beneath;

/// An error's body is one sentence.
const LARGEST_ERROR: usize = 64 * 1024;

/// A line of a stream that is longer is no line of the protocol.
const LONGEST_LINE: usize = 8 << 20;

pub(super) async fn connect(agent: &Inner) -> Result<UnixStream> {
    UnixStream::connect(beneath(&agent.directory, &agent.socket))
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => SandboxError::NotRunning,
            _ => SandboxError::AgentUnreachable(error.to_string()),
        })
}

/// The headers that every request carries.
pub(super) fn headers(agent: &Inner) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        (SESSION_HEADER, agent.session.to_string()),
        (PROTOCOL_HEADER, PROTOCOL.to_string()),
    ];
    if let Some(token) = &agent.token {
        headers.push(("authorization", format!("Bearer {}", token.expose())));
    }
    headers
}

fn request(agent: &Inner, method: Method, path: &str, body: &Bytes) -> http::request::Builder {
    let mut builder = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "agent");
    for (name, value) in headers(agent) {
        builder = builder.header(name, value);
    }
    if !body.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    builder
}

async fn exchange(agent: &Inner, request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
    let stream = connect(agent).await?;
    let lost = |error: hyper::Error| SandboxError::AgentUnreachable(error.to_string());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(lost)?;
    // Ends by itself when the answer, or the stream that it became, is dropped.
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await.map_err(lost)?;
    version(response.headers())?;
    if response.status().is_client_error() || response.status().is_server_error() {
        return Err(refusal(response).await);
    }
    Ok(response)
}

pub(super) fn version(headers: &http::HeaderMap) -> Result<()> {
    match headers
        .get(PROTOCOL_HEADER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
    {
        Some(found) if found != PROTOCOL => Err(SandboxError::AgentVersion { found }),
        _ => Ok(()),
    }
}

async fn refusal(response: Response<Incoming>) -> SandboxError {
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST_ERROR).collect().await;
    let bytes = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    refused(status, &bytes)
}

pub(super) fn refused(status: StatusCode, bytes: &[u8]) -> SandboxError {
    match serde_json::from_slice::<ErrorBody>(bytes) {
        Ok(body) if body.error.kind == ErrorKind::UnknownProtocol => SandboxError::AgentVersion { found: 0 },
        Ok(body) => SandboxError::Agent {
            kind: body.error.kind,
            message: body.error.message,
        },
        Err(_) => SandboxError::Agent {
            kind: ErrorKind::Internal,
            message: format!("status {status} without a reason"),
        },
    }
}

pub(super) async fn send(agent: &Inner, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>> {
    let request = request(agent, method, path, &body)
        .body(Full::new(body))
        .map_err(nonsense)?;
    exchange(agent, request).await
}

pub(super) async fn upgrade(agent: &Inner, path: &str, token: &str, body: Bytes) -> Result<hyper::upgrade::Upgraded> {
    let request = request(agent, Method::POST, path, &body)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, token)
        .body(Full::new(body))
        .map_err(nonsense)?;
    upgraded(exchange(agent, request).await?).await
}

/// Opens a WebSocket and gives its bytes after the handshake. The answer's proof is not looked at: it guards against
/// caches, and there is none on a socket of our own.
pub(super) async fn websocket(agent: &Inner, path: &str) -> Result<hyper::upgrade::Upgraded> {
    let request = request(agent, Method::GET, path, &Bytes::new())
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, generate_key())
        .body(Full::new(Bytes::new()))
        .map_err(nonsense)?;
    upgraded(exchange(agent, request).await?).await
}

async fn upgraded(response: Response<Incoming>) -> Result<hyper::upgrade::Upgraded> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(nonsense(format!(
            "status {} where an upgrade was asked for",
            response.status()
        )));
    }
    hyper::upgrade::on(response)
        .await
        .map_err(|error| SandboxError::AgentUnreachable(error.to_string()))
}

/// Reads a body as one JSON document a line.
pub(super) fn lines<T>(body: Incoming) -> impl Stream<Item = Result<T>> + Send + use<T>
where
    T: serde::de::DeserializeOwned + Send,
{
    futures_util::stream::unfold(Some((body, BytesMut::new())), async |state| {
        let (mut body, mut held) = state?;
        loop {
            if let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                let line = held.split_to(end + 1);
                if line.trim_ascii().is_empty() {
                    continue;
                }
                let item = serde_json::from_slice(&line).map_err(nonsense);
                let rest = item.is_ok().then_some((body, held));
                return Some((item, rest));
            }
            if held.len() > LONGEST_LINE {
                return Some((Err(nonsense("a line without an end")), None));
            }
            match body.frame().await? {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        held.extend_from_slice(&data);
                    }
                }
                Err(error) => return Some((Err(SandboxError::AgentUnreachable(error.to_string())), None)),
            }
        }
    })
}
