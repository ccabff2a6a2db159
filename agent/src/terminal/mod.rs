//! Terminals: a PTY, the ring of its output, and the streams attached to it. A terminal outlives every
//! connection; this module never touches HTTP (the stream's frames are made in [`stream`]).

pub mod pump;
pub mod start;
pub mod stream;

use std::{
    collections::BTreeMap,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use halfway_agent::protocol::{self, ErrorKind, Exit, TerminalSize};
use tokio::{
    io::unix::AsyncFd,
    sync::{Notify, watch},
    time::Instant,
};

use crate::{http::error::ApiError, options::Options, process, ring::Ring};

/// Terminals that a sandbox may have, ended ones included.
const MOST_TERMINALS: usize = 32;

/// Largest number of columns or rows.
const MOST_CELLS: u16 = 2000;

/// All terminals of the sandbox.
pub struct Terminals {
    options: Arc<Options>,
    list: Mutex<BTreeMap<u64, Arc<Terminal>>>,
    next: AtomicU64,
}

impl Terminals {
    pub fn new(options: Arc<Options>) -> Self {
        Self {
            options,
            list: Mutex::default(),
            next: AtomicU64::new(1),
        }
    }

    fn list(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Terminal>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self) -> usize {
        self.list().len()
    }

    pub fn all(&self) -> Vec<protocol::Terminal> {
        self.list().values().map(|one| one.describe()).collect()
    }

    /// Ids by the pid of the first process.
    pub fn by_pid(&self) -> BTreeMap<i32, String> {
        self.list().values().map(|one| (one.pid, one.id.to_string())).collect()
    }

    /// # Errors
    /// `not_found`, with the id.
    pub fn get(&self, id: &str) -> Result<Arc<Terminal>, ApiError> {
        id.parse()
            .ok()
            .and_then(|number: u64| self.list().get(&number).cloned())
            .ok_or_else(|| ApiError::new(ErrorKind::NotFound, format!("no terminal {id}")))
    }

    /// Starts a terminal, or finds the one that has the name already. The flag says whether it is new.
    ///
    /// # Errors
    /// `limit` and `cannot_start`, and `bad_request` for a size of no cells.
    pub fn create(&self, request: protocol::CreateTerminal) -> Result<(protocol::Terminal, bool), ApiError> {
        let size = size(request.cols, request.rows)?;
        let mut list = self.list();
        if let Some(name) = &request.name
            && let Some(existing) = list.values().find(|one| one.name == *name)
        {
            return Ok((existing.describe(), false));
        }
        if list.len() >= MOST_TERMINALS {
            return Err(ApiError::new(
                ErrorKind::Limit,
                format!("this sandbox has {MOST_TERMINALS} terminals already; close one first"),
            ));
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let terminal = start::start(&self.options, id, request, size)?;
        let description = terminal.describe();
        list.insert(id, terminal);
        Ok((description, true))
    }

    /// Takes a terminal off the list, ends its streams and its processes.
    ///
    /// # Errors
    /// `not_found`.
    pub fn delete(&self, id: &str) -> Result<(), ApiError> {
        let terminal = self.get(id)?;
        self.list().remove(&terminal.id);
        let running = {
            let mut state = terminal.state();
            state.deleted = true;
            state.exit.is_none()
        };
        terminal.changed.send_replace(());
        terminal.advanced.notify_one();
        if running {
            let leader = terminal.pid;
            tokio::spawn(process::end_session(leader));
        }
        Ok(())
    }
}

fn size(cols: u16, rows: u16) -> Result<TerminalSize, ApiError> {
    if cols == 0 || rows == 0 {
        return Err(ApiError::new(ErrorKind::BadRequest, "cols and rows must be at least 1"));
    }
    Ok(TerminalSize {
        cols: cols.min(MOST_CELLS),
        rows: rows.min(MOST_CELLS),
    })
}

/// One terminal.
pub struct Terminal {
    id: u64,
    name: String,
    argv: Vec<String>,
    pid: i32,
    /// How long the program waits for a client that reads nothing.
    patience: Duration,
    state: Mutex<State>,
    /// Anything in `state` changed that a stream shows.
    changed: watch::Sender<()>,
    /// A stream has moved on, or there is one less: the pump may read again.
    advanced: Notify,
}

struct State {
    ring: Ring,
    size: TerminalSize,
    /// The stream that changed the size last.
    sized_by: Option<u64>,
    /// Gone once the PTY has ended.
    master: Option<Arc<AsyncFd<OwnedFd>>>,
    exit: Option<Exit>,
    deleted: bool,
    clients: BTreeMap<u64, Client>,
    next_client: u64,
}

/// Where a stream is.
struct Client {
    /// Everything before this sequence number is sent.
    sent: u64,
    /// When it last moved on, or first fell behind.
    since: Instant,
}

impl Terminal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe(&self) -> protocol::Terminal {
        let state = self.state();
        protocol::Terminal {
            id: self.id.to_string(),
            name: self.name.clone(),
            size: state.size,
            argv: self.argv.clone(),
            pid: self.pid.unsigned_abs(),
            sequence: state.ring.end(),
            oldest: state.ring.oldest(),
            exit: state.exit,
            clients: state.clients.len(),
        }
    }
}
