//! Starts the first process of a terminal on a new PTY. Never keeps the far end of the PTY open itself.

use std::{
    os::fd::OwnedFd,
    sync::{Arc, Mutex},
};

use halfway_agent::protocol::{CreateTerminal, ErrorKind, TerminalSize};
use tokio::sync::{Notify, watch};

use super::{State, Terminal, pump};
use crate::{environment, http::error::ApiError, options::Options, readiness, reaper::Owned, ring::Ring};

/// Bytes of a terminal's name.
const LONGEST_NAME: usize = 200;

pub fn start(
    options: &Options,
    id: u64,
    request: CreateTerminal,
    size: TerminalSize,
) -> Result<Arc<Terminal>, ApiError> {
    let name = request.name.unwrap_or_else(|| format!("terminal-{id}"));
    if name.len() > LONGEST_NAME {
        return Err(ApiError::new(
            ErrorKind::BadRequest,
            format!("a terminal's name has at most {LONGEST_NAME} bytes"),
        ));
    }
    let argv = if request.argv.is_empty() {
        vec![options.shell.clone(), "-i".to_owned()]
    } else {
        request.argv
    };
    let cannot = |what: &str, error: pty_process::Error| match error {
        pty_process::Error::Io(error) => ApiError::starting(what, &error),
        pty_process::Error::Rustix(error) => ApiError::starting(what, &error.into()),
        other => ApiError::new(ErrorKind::CannotStart, format!("{what}: {other}")),
    };
    let (pty, pts) = pty_process::open().map_err(|error| cannot("a new pseudo-terminal", error))?;
    pty.resize(pty_process::Size::new(size.rows, size.cols))
        .map_err(|error| cannot("the size of a new pseudo-terminal", error))?;
    let child = pty_process::Command::new(&argv[0])
        .args(&argv[1..])
        .env_clear()
        .envs(environment::terminal(options))
        .envs(&request.env)
        .current_dir(environment::directory(options, request.cwd.as_deref()))
        .spawn(pts)
        .map_err(|error| cannot(&argv[0], error))?;
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .ok_or_else(|| ApiError::new(ErrorKind::Internal, "a process that was just started has no pid"))?;
    let owned = Owned::new(pid);
    let master =
        readiness::register(OwnedFd::from(pty)).map_err(|error| ApiError::starting("a new pseudo-terminal", &error))?;
    let master = Arc::new(master);
    let terminal = Arc::new(Terminal {
        id,
        name,
        argv,
        pid,
        patience: options.stall,
        state: Mutex::new(State {
            ring: Ring::new(options.scrollback),
            size,
            sized_by: None,
            master: Some(Arc::clone(&master)),
            exit: None,
            deleted: false,
            clients: std::collections::BTreeMap::new(),
            next_client: 0,
        }),
        changed: watch::Sender::new(()),
        advanced: Notify::new(),
    });
    tokio::spawn(pump::run(Arc::clone(&terminal), master, child, owned));
    Ok(terminal)
}
