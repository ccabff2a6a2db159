//! The agent's HTTP: who may ask (session, token, protocol) and the routes. Never does the work itself;
//! each handler calls the module that has the subject.

pub mod error;
mod stream;

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State, ws::WebSocketUpgrade},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use halfway_agent::protocol::{
    self, Command, CommandResult, CreateTerminal, ErrorKind, Health, PROTOCOL, PROTOCOL_HEADER, Ports, Processes,
    SESSION_HEADER, Terminals as TerminalList,
};
use serde::Deserialize;
use tokio::sync::Notify;

use crate::{
    command,
    confine::Confinement,
    idle::{Held, Presence},
    options::Options,
    ports, process,
    terminal::{self, Terminals},
};
use error::ApiError;

/// Largest request body: a command's standard input in base64 is the biggest.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// Largest message of a terminal's client, in bytes.
const LARGEST_INPUT: usize = 1024 * 1024;

/// Everything that the handlers share.
pub struct Agent {
    pub options: Arc<Options>,
    pub confinement: Confinement,
    pub terminals: Terminals,
    pub presence: Presence,
    pub shutdown: Notify,
    pub started: tokio::time::Instant,
}

type Shared = State<Arc<Agent>>;

/// JSON of a request, with our own errors.
#[derive(FromRequest)]
#[from_request(via(Json), rejection(ApiError))]
struct Body<T>(T);

/// Query of a request, with our own errors.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
struct Query<T>(T);

pub fn router(agent: Arc<Agent>) -> Router {
    let v1 = Router::new()
        .route("/health", get(health))
        .route("/terminals", get(list_terminals).post(create_terminal))
        .route("/terminals/{id}", delete(delete_terminal))
        .route("/terminals/{id}/stream", get(attach))
        .route("/commands", post(run))
        .route("/commands/stream", post(stream::command))
        .route("/dial", post(stream::dial))
        .route("/processes", get(list_processes))
        .route("/ports", get(list_ports))
        .route("/files/events", get(stream::files))
        .route("/shutdown", post(shutdown));
    Router::new()
        .nest("/v1", v1)
        .fallback(async || ApiError::new(ErrorKind::NotFound, "no such route"))
        .method_not_allowed_fallback(async || {
            ApiError::new(ErrorKind::MethodNotAllowed, "this route has another method")
        })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&agent), admit))
        .with_state(agent)
}

/// Lets in who has the token and means this session in this protocol, in this order: a stranger does not
/// even learn which session it is.
async fn admit(State(agent): Shared, mut request: Request, next: Next) -> Response {
    let mut response = match examine(&agent.options, &request) {
        Ok(()) => {
            let held = Arc::new(agent.presence.hold());
            request.extensions_mut().insert(Arc::clone(&held));
            next.run(request).await
        }
        Err(error) => error.into_response(),
    };
    response
        .headers_mut()
        .insert(PROTOCOL_HEADER, HeaderValue::from(PROTOCOL));
    response
}

fn examine(options: &Options, request: &Request) -> Result<(), ApiError> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    if let Some(token) = &options.token {
        let given = header(header::AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        if !same(given.as_bytes(), token.as_bytes()) {
            return Err(ApiError::new(
                ErrorKind::WrongToken,
                "the bearer token is missing or wrong",
            ));
        }
    }
    let session = header(SESSION_HEADER).unwrap_or_default();
    if session != options.session {
        return Err(ApiError::new(
            ErrorKind::WrongSession,
            format!("this agent does not serve session {session:?} (header {SESSION_HEADER})"),
        ));
    }
    match header(PROTOCOL_HEADER) {
        Some(version) if version.trim().parse() != Ok(PROTOCOL) => Err(ApiError::new(
            ErrorKind::UnknownProtocol,
            format!(
                "the client speaks protocol {version:?}, this agent speaks {PROTOCOL}; \
                 restart the sandbox with an agent of the client's version"
            ),
        )),
        _ => Ok(()),
    }
}

/// Compares in a time that does not tell where the difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |difference, (left, right)| difference | (left ^ right))
            == 0
}

async fn health(State(agent): Shared) -> Json<Health> {
    Json(Health {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        session: agent.options.session.clone(),
        install: agent.options.install.clone(),
        pid: std::process::id(),
        start_ticks: process::stat("self").map(|stat| stat.start),
        uptime_ms: u64::try_from(agent.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        enforced: agent.confinement.enforced.clone(),
        not_enforced: agent.confinement.missing.clone(),
        terminals: agent.terminals.count(),
    })
}

async fn list_terminals(State(agent): Shared) -> Json<TerminalList> {
    Json(TerminalList {
        terminals: agent.terminals.all(),
    })
}

async fn create_terminal(
    State(agent): Shared,
    Body(request): Body<CreateTerminal>,
) -> Result<(StatusCode, Json<protocol::Terminal>), ApiError> {
    let (terminal, new) = agent.terminals.create(request)?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(terminal)))
}

async fn delete_terminal(State(agent): Shared, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    agent.terminals.delete(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct After {
    after: Option<u64>,
}

async fn attach(
    State(agent): Shared,
    Path(id): Path<String>,
    Query(After { after }): Query<After>,
    Extension(held): Extension<Arc<Held>>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let terminal = agent.terminals.get(&id)?;
    let upgrade = upgrade
        .map_err(|error| ApiError::new(ErrorKind::BadRequest, error.body_text()))?
        // The library's own sizes would cost a quarter of a MiB each.
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
        .max_message_size(LARGEST_INPUT)
        .max_frame_size(LARGEST_INPUT);
    Ok(upgrade.on_upgrade(async move |socket| {
        terminal::stream::serve(terminal, after, socket).await;
        drop(held);
    }))
}

async fn run(State(agent): Shared, Body(request): Body<Command>) -> Result<Json<CommandResult>, ApiError> {
    let running = command::start(&agent.options, &request)?;
    Ok(Json(command::collect(running).await))
}

async fn list_processes(State(agent): Shared) -> Result<Json<Processes>, ApiError> {
    let terminals = agent.terminals.by_pid();
    let processes = look(move || process::list(&terminals)).await?;
    Ok(Json(Processes { processes }))
}

async fn list_ports(State(agent): Shared) -> Result<Json<Ports>, ApiError> {
    let options = Arc::clone(&agent.options);
    let ports = look(move || ports::list(&options)).await?;
    Ok(Json(Ports { ports }))
}

/// A look at `/proc` can take milliseconds, which terminals must not feel.
async fn look<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ApiError::new(ErrorKind::Internal, format!("a look at /proc failed: {error}")))
}

async fn shutdown(State(agent): Shared) -> StatusCode {
    agent.shutdown.notify_one();
    StatusCode::ACCEPTED
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_equal_tokens_are_the_same() {
        assert!(same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abd"));
        assert!(!same(b"ab", b"abc"));
        assert!(!same(b"", b"abc"));
    }
}
