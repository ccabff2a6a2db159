//! The agent's client: HTTP/1.1 over its unix socket, one connection a request or stream.
//!
//! Speaks exactly one protocol version and refuses any other. Never trusts an answer: sizes are capped, and what does
//! not parse is an error.

mod connection;
mod terminal;

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use halfway_agent::protocol::{
    Command, CommandEvent, CommandResult, CreateTerminal, Dial, Health, PROTOCOL, Port, Ports, Process, Processes,
    STREAM_UPGRADE, Terminal, TerminalSize, Terminals,
};
use http::Method;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::SandboxError;
use super::folder::open_directory;
use crate::base::{Secret, SessionId};

pub use terminal::{TerminalFrame, TerminalStream};

/// Bytes of an answer that is read as a whole; a command's two outputs as base64 fit in.
const LARGEST_ANSWER: usize = 48 << 20;

type Result<T> = std::result::Result<T, SandboxError>;

/// Speaks to the agent of one session; cheap to clone.
#[derive(Clone)]
pub struct AgentClient(Arc<Inner>);

struct Inner {
    /// The directory of the socket: unix paths end at 108 bytes, so it is reached through this.
    directory: OwnedFd,
    socket: String,
    session: SessionId,
    token: Option<Secret>,
}

impl fmt::Debug for AgentClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentClient")
            .field("session", &self.0.session)
            .finish_non_exhaustive()
    }
}

impl AgentClient {
    /// A client of the agent that listens on `socket` in `directory`. Connects to nothing yet.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub fn new(directory: &Path, socket: &str, session: SessionId, token: Option<Secret>) -> Result<Self> {
        let opened = open_directory(directory).map_err(SandboxError::at("cannot open", directory))?;
        Ok(Self(Arc::new(Inner {
            directory: opened,
            socket: socket.to_owned(),
            session,
            token,
        })))
    }

    /// The session that it speaks to.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.0.session
    }

    /// How the agent is.
    ///
    /// # Errors
    /// [`SandboxError::AgentVersion`] when it speaks another protocol.
    pub async fn health(&self) -> Result<Health> {
        let bytes = self.request(Method::GET, "/v1/health", Bytes::new()).await?;
        // The version comes first: the rest of another version may not parse.
        let found = serde_json::from_slice::<ProtocolOnly>(&bytes)
            .map_err(nonsense)?
            .protocol;
        if found != PROTOCOL {
            return Err(SandboxError::AgentVersion { found });
        }
        serde_json::from_slice(&bytes).map_err(nonsense)
    }

    /// Starts a terminal, or answers the one that has the name already.
    ///
    /// # Errors
    /// When the agent cannot, or its limit of terminals is reached.
    pub async fn create_terminal(&self, wanted: &CreateTerminal) -> Result<Terminal> {
        self.call(Method::POST, "/v1/terminals", Some(wanted)).await
    }

    /// All terminals, ended ones included, in order of creation.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn list_terminals(&self) -> Result<Vec<Terminal>> {
        let list: Terminals = self.call(Method::GET, "/v1/terminals", NOTHING).await?;
        Ok(list.terminals)
    }

    /// Attaches to a terminal; output starts after the byte with sequence number `after`, or at the oldest one kept.
    ///
    /// # Errors
    /// When there is no such terminal.
    pub async fn terminal_stream(&self, id: &str, after: Option<u64>) -> Result<TerminalStream> {
        let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
        terminal::attach(self, &format!("/v1/terminals/{}/stream{after}", segment(id)?)).await
    }

    /// The same as a WebSocket's raw bytes after the handshake, frames of a client masked (RFC 6455): for whoever passes
    /// frames on between the agent and another WebSocket without looking into them.
    ///
    /// # Errors
    /// When there is no such terminal.
    pub async fn terminal_tunnel(&self, id: &str, after: Option<u64>) -> Result<AgentStream> {
        let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
        let path = format!("/v1/terminals/{}/stream{after}", segment(id)?);
        let upgraded = connection::websocket(&self.0, &path).await?;
        Ok(AgentStream(TokioIo::new(upgraded)))
    }

    /// Ends a terminal's programs and takes it off the list.
    ///
    /// # Errors
    /// When there is no such terminal.
    pub async fn delete_terminal(&self, id: &str) -> Result<()> {
        self.request(Method::DELETE, &format!("/v1/terminals/{}", segment(id)?), Bytes::new())
            .await
            .map(drop)
    }

    /// Resizes a terminal without attaching to it.
    ///
    /// # Errors
    /// When there is no such terminal.
    pub async fn resize_terminal(&self, id: &str, size: TerminalSize) -> Result<()> {
        let mut stream = self.terminal_stream(id, Some(u64::MAX)).await?;
        stream.resize(size).await?;
        stream.close().await
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it could not be started; a command that fails is no error.
    pub async fn command(&self, command: &Command) -> Result<CommandResult> {
        self.call(Method::POST, "/v1/commands", Some(command)).await
    }

    /// Runs a command and tells its output as it comes; the last item is [`CommandEvent::Exit`]. Dropping the stream
    /// ends the command.
    ///
    /// # Errors
    /// When it could not be started.
    pub async fn command_stream(
        &self,
        command: &Command,
    ) -> Result<impl Stream<Item = Result<CommandEvent>> + Send + use<>> {
        let body = Bytes::from(serde_json::to_vec(command).map_err(nonsense)?);
        let response = connection::send(&self.0, Method::POST, "/v1/commands/stream", body).await?;
        Ok(connection::lines::<CommandEvent>(response.into_body()))
    }

    /// Connects to a TCP port on the sandbox's loopback.
    ///
    /// # Errors
    /// [`SandboxError::Agent`] with `Refused` when nobody listens there.
    pub async fn dial_port(&self, port: u16) -> Result<AgentStream> {
        self.dial(&Dial::Port(port)).await
    }

    /// Connects to a unix socket in the sandbox.
    ///
    /// # Errors
    /// [`SandboxError::Agent`] with `Refused` or `NotFound`.
    pub async fn dial_unix(&self, path: &str) -> Result<AgentStream> {
        self.dial(&Dial::Unix(path.to_owned())).await
    }

    async fn dial(&self, target: &Dial) -> Result<AgentStream> {
        let body = Bytes::from(serde_json::to_vec(target).map_err(nonsense)?);
        let upgraded = connection::upgrade(&self.0, "/v1/dial", STREAM_UPGRADE, body).await?;
        Ok(AgentStream(TokioIo::new(upgraded)))
    }

    /// Every process in the sandbox but the agent.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn processes(&self) -> Result<Vec<Process>> {
        let list: Processes = self.call(Method::GET, "/v1/processes", NOTHING).await?;
        Ok(list.processes)
    }

    /// Every listening TCP socket in the sandbox.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn ports(&self) -> Result<Vec<Port>> {
        let list: Ports = self.call(Method::GET, "/v1/ports", NOTHING).await?;
        Ok(list.ports)
    }

    /// Asks the agent to end everything, itself last.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn shutdown(&self) -> Result<()> {
        self.request(Method::POST, "/v1/shutdown", Bytes::new()).await.map(drop)
    }

    async fn call<A: serde::Serialize, R: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&A>,
    ) -> Result<R> {
        let body = match body {
            Some(body) => Bytes::from(serde_json::to_vec(body).map_err(nonsense)?),
            None => Bytes::new(),
        };
        let bytes = self.request(method, path, body).await?;
        serde_json::from_slice(&bytes).map_err(nonsense)
    }

    async fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes> {
        let response = connection::send(&self.0, method, path, body).await?;
        http_body_util::Limited::new(response.into_body(), LARGEST_ANSWER)
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .map_err(|error| SandboxError::AgentUnreachable(format!("its answer broke off: {error}")))
    }
}

const NOTHING: Option<&()> = None;

#[derive(serde::Deserialize)]
struct ProtocolOnly {
    protocol: u32,
}

fn nonsense(error: impl fmt::Display) -> SandboxError {
    SandboxError::AgentUnreachable(format!("its answer cannot be read: {error}"))
}

/// Ids come from addresses: one that is not a plain word would be another path.
fn segment(id: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if id.is_empty() || id.len() > 64 || !id.bytes().all(plain) {
        return Err(SandboxError::Agent {
            kind: halfway_agent::protocol::ErrorKind::NotFound,
            message: format!("{id:?} is not an id of a terminal"),
        });
    }
    Ok(id)
}

/// A raw connection to something inside.
#[derive(Debug)]
pub struct AgentStream(TokioIo<hyper::upgrade::Upgraded>);

impl AsyncRead for AgentStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for AgentStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
