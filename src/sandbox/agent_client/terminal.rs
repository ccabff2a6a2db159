//! The stream of a terminal: frames of the agent's WebSocket, passed on without a copy.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream};
use halfway_agent::protocol::{ClientFrame, ServerFrame, TerminalSize};
use http::Request;
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{self, Message};

use super::{AgentClient, Result, connection, nonsense};
use crate::sandbox::error::SandboxError;

/// One frame, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalFrame {
    /// Output of the terminal, or input for it.
    Bytes(Bytes),
    /// JSON: a [`ServerFrame`] from the agent, a [`ClientFrame`] for it.
    Text(String),
}

impl TerminalFrame {
    /// The agent's word, if this is one that is known.
    #[must_use]
    pub fn server(&self) -> Option<ServerFrame> {
        match self {
            Self::Text(text) => serde_json::from_str(text).ok(),
            Self::Bytes(_) => None,
        }
    }
}

/// A terminal as a stream of frames and a sink for them. Ends when the terminal has, or when the agent goes.
#[derive(Debug)]
pub struct TerminalStream(WebSocketStream<UnixStream>);

pub(super) async fn attach(agent: &AgentClient, path: &str) -> Result<TerminalStream> {
    let stream = connection::connect(&agent.0).await?;
    let mut request = Request::builder()
        .uri(format!("ws://agent{path}"))
        .header("host", "agent")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key());
    for (name, value) in connection::headers(&agent.0) {
        request = request.header(name, value);
    }
    let request = request.body(()).map_err(nonsense)?;
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, response)) => {
            connection::version(response.headers())?;
            Ok(TerminalStream(socket))
        }
        Err(tungstenite::Error::Http(response)) => {
            connection::version(response.headers())?;
            let body = response.body().as_deref().unwrap_or_default();
            Err(connection::refused(response.status(), body))
        }
        Err(error) => Err(lost(&error)),
    }
}

fn lost(error: &tungstenite::Error) -> SandboxError {
    SandboxError::AgentUnreachable(format!("the terminal's stream broke: {error}"))
}

impl TerminalStream {
    /// Sets the terminal's size.
    ///
    /// # Errors
    /// When the stream broke.
    pub async fn resize(&mut self, size: TerminalSize) -> Result<()> {
        let frame = ClientFrame::Resize {
            cols: size.cols,
            rows: size.rows,
        };
        self.send(TerminalFrame::Text(serde_json::to_string(&frame).map_err(nonsense)?))
            .await
    }

    /// Says goodbye. Dropping the stream is as good, but less polite.
    ///
    /// # Errors
    /// When the stream broke.
    pub async fn close(mut self) -> Result<()> {
        self.0.close(None).await.map_err(|error| lost(&error))
    }
}

impl Stream for TerminalStream {
    type Item = Result<TerminalFrame>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let item = match ready!(Pin::new(&mut self.0).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => Some(Ok(TerminalFrame::Bytes(bytes))),
                Some(Ok(Message::Text(text))) => Some(Ok(TerminalFrame::Text(text.as_str().to_owned()))),
                // Answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                None
                | Some(
                    Ok(Message::Close(_))
                    | Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed),
                ) => None,
                Some(Err(error)) => Some(Err(lost(&error))),
            };
            return Poll::Ready(item);
        }
    }
}

impl Sink<TerminalFrame> for TerminalStream {
    type Error = SandboxError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_ready(cx).map_err(|error| lost(&error))
    }

    fn start_send(mut self: Pin<&mut Self>, frame: TerminalFrame) -> Result<()> {
        let message = match frame {
            TerminalFrame::Bytes(bytes) => Message::Binary(bytes),
            TerminalFrame::Text(text) => Message::Text(text.into()),
        };
        Pin::new(&mut self.0).start_send(message).map_err(|error| lost(&error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx).map_err(|error| lost(&error))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_close(cx).map_err(|error| lost(&error))
    }
}
