//! A terminal in the browser: its WebSocket is joined to the agent's, frame for frame, without being unpacked.
//!
//! Both sides speak the same frames, so after the two handshakes bytes are passed on as they are: nothing is parsed but
//! the lengths of the agent's frames, to know where a close frame of ours may stand. Nothing is kept: a browser that
//! does not read makes the agent wait, whose ring is bounded.

mod frames;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use self::frames::{Place, close};
use super::identity::Who;
use super::metrics::Open;
use super::pages::show::{SessionPath, Shown};
use super::security::origin::SameOrigin;
use super::{Failure, Site};
use crate::base::SessionId;

/// Keystrokes are few; a paste comes in pieces.
const INPUT: usize = 4 * 1024;
/// What a flooding terminal is moved in.
const OUTPUT: usize = 64 * 1024;
/// So often typing counts as activity of the session.
const TOUCH: Duration = Duration::from_secs(5);
/// A close frame that the browser does not take in this time is dropped with the connection.
const FAREWELL: Duration = Duration::from_secs(1);

/// The address's query: where the output goes on.
#[derive(Debug, Default, Deserialize)]
pub struct After {
    #[serde(default)]
    after: Option<u64>,
}

/// `GET /api/v1/sessions/{id}/terminals/{tid}/stream?after=`.
///
/// # Errors
/// For a foreign origin, a request that is no WebSocket's, or a terminal that is not there.
pub async fn stream(
    _: SameOrigin,
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Path((_, terminal)): Path<(String, String)>,
    Query(After { after }): Query<After>,
    request: Request,
) -> Shown {
    let accept = handshake(request.headers())?;
    let agent = site.labs().tunnel_terminal(person, session, &terminal, after).await?;
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(browser) => join(&site, session, TokioIo::new(browser), agent).await,
            Err(error) => tracing::debug!("a terminal's browser went before it was connected: {error}"),
        }
    });
    Ok(switching(accept))
}

/// The server's half of the opening handshake (RFC 6455, section 4.2.1); no extension is taken.
fn handshake(headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    let has = |name: header::HeaderName, token: &str| {
        headers.get_all(name).iter().any(|value| {
            value
                .to_str()
                .is_ok_and(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(token)))
        })
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| {
        has(header::CONNECTION, "upgrade")
            && has(header::UPGRADE, "websocket")
            && has(header::SEC_WEBSOCKET_VERSION, "13")
    });
    key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok())
        .ok_or_else(|| {
            Failure::new(
                StatusCode::UPGRADE_REQUIRED,
                "no-websocket",
                "A terminal's stream is a WebSocket. Open the lab's page.",
            )
        })
}

fn switching(accept: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// Why a joined pair came apart.
enum End {
    /// One of the two has said goodbye, or the browser has gone.
    Quiet,
    /// The agent has gone without a word, at a place where a frame may stand.
    AgentGone,
    /// The server stops, at a place where a frame may stand.
    Stopping,
}

async fn join(
    site: &Site,
    session: SessionId,
    browser: impl AsyncRead + AsyncWrite,
    agent: impl AsyncRead + AsyncWrite,
) {
    let _open = Open::terminal();
    let (mut from_browser, mut to_browser) = tokio::io::split(browser);
    let (mut from_agent, mut to_agent) = tokio::io::split(agent);
    let end = tokio::select! {
        _ = input(site, session, &mut from_browser, &mut to_agent) => End::Quiet,
        end = output(site, &mut from_agent, &mut to_browser) => end,
    };
    let word = match end {
        End::Quiet => None,
        End::AgentGone => Some(close(1011, "the lab's sandbox has gone")),
        End::Stopping => Some(close(1001, "the server is restarting; the terminal goes on")),
    };
    let farewell = async {
        if let Some(word) = word {
            to_browser.write_all(&word).await?;
        }
        to_browser.shutdown().await?;
        to_agent.shutdown().await
    };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

async fn input(
    site: &Site,
    session: SessionId,
    browser: &mut (impl AsyncRead + Unpin),
    agent: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<()> {
    let mut buffer = vec![0; INPUT];
    let mut touched: Option<Instant> = None;
    loop {
        let count = browser.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        agent.write_all(&buffer[..count]).await?;
        agent.flush().await?;
        if touched.is_none_or(|touched| touched.elapsed() >= TOUCH) {
            site.labs().touch(session);
            touched = Some(Instant::now());
        }
    }
}

async fn output(site: &Site, agent: &mut (impl AsyncRead + Unpin), browser: &mut (impl AsyncWrite + Unpin)) -> End {
    let mut place = Place::default();
    let mut buffer = vec![0; INPUT];
    loop {
        let read = tokio::select! {
            biased;
            () = site.stopping().cancelled(), if place.between() => return End::Stopping,
            read = agent.read(&mut buffer) => read.unwrap_or(0),
        };
        if read == 0 {
            return if place.between() && !place.closed() {
                End::AgentGone
            } else {
                End::Quiet
            };
        }
        place.pass(&buffer[..read]);
        let written = async {
            browser.write_all(&buffer[..read]).await?;
            browser.flush().await
        };
        if written.await.is_err() {
            return End::Quiet;
        }
        // A flood gets a larger buffer; a terminal that is typed into keeps the small one.
        if read == buffer.len() && read < OUTPUT {
            buffer.resize(OUTPUT, 0);
        }
    }
}
