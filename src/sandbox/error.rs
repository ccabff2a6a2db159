//! What can go wrong with a sandbox, with one text for the operator's log and another for the learner.
//!
//! `Display` is the operator's text and may name paths. It never reaches a browser: [`SandboxError::learner`] does.

use std::io;
use std::path::Path;

use halfway_agent::protocol::{ErrorKind, PROTOCOL};

use super::workspace::WorkspaceError;

/// Something that a sandbox or its driver could not do.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The server has no agent to start.
    #[error("this server has no agent for sandboxes: {0}")]
    AgentMissing(String),
    /// The agent of a running sandbox speaks another protocol.
    #[error("the sandbox's agent speaks protocol {found}, this server protocol {PROTOCOL}")]
    AgentVersion { found: u32 },
    /// The sandbox's agent is not alive.
    #[error("the sandbox is not running")]
    NotRunning,
    /// The agent is alive, or should be, and the conversation with it broke.
    #[error("the sandbox's agent does not answer: {0}")]
    AgentUnreachable(String),
    /// The agent answered with an error of its own.
    #[error("the sandbox's agent refused: {message}")]
    Agent { kind: ErrorKind, message: String },
    /// A sandbox could not be started.
    #[error("the sandbox did not start: {0}")]
    Start(String),
    /// The driver needs something that this machine does not have.
    #[error("{what}")]
    Unsupported { what: String, fix: Option<String> },
    /// All ranges of ports, or all user ids, are taken.
    #[error("no {0} are left for another sandbox")]
    Exhausted(&'static str),
    /// The state directory has no room left.
    #[error("no room left on the disk: {0}")]
    DiskFull(String),
    /// A lab's Python environment could not be built.
    #[error("the Python environment could not be built: {message}")]
    Environment { message: String, fix: Option<String> },
    /// A file operation of the workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The machine.
    #[error("{doing}: {source}")]
    Io { doing: String, source: io::Error },
}

impl SandboxError {
    /// Wraps an error of the machine; a full disk becomes [`SandboxError::DiskFull`].
    pub fn io(doing: impl Into<String>, source: io::Error) -> Self {
        let doing = doing.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(doing),
            _ => Self::Io { doing, source },
        }
    }

    /// [`SandboxError::io`] with a path.
    pub fn at<'a>(doing: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::io(format!("{doing} {}", path.display()), source)
    }

    /// What a learner may read: what happened and what to do, no path of the machine.
    #[must_use]
    pub fn learner(&self) -> String {
        match self {
            Self::AgentMissing(_) => {
                "This server was built without the program that runs labs. Build it with `make build` and start it again."
                    .to_owned()
            }
            Self::AgentVersion { .. } => {
                "This lab was started by another version of the server. Restart this lab: its files stay, its \
                 programs end."
                    .to_owned()
            }
            Self::NotRunning => "The lab is not running. Resume it: its files are intact.".to_owned(),
            Self::AgentUnreachable(_) => {
                "The lab does not answer at the moment. Try again; if it stays so, restart this lab.".to_owned()
            }
            Self::Agent { kind, .. } => match kind {
                ErrorKind::Limit => {
                    "The lab has reached one of its limits. Close a terminal or end a program, then try again.".to_owned()
                }
                ErrorKind::Refused => "Nothing listens on that port in the lab.".to_owned(),
                ErrorKind::Timeout => "The lab's program did not answer in time.".to_owned(),
                ErrorKind::NotFound => "That does not exist in the lab any more.".to_owned(),
                ErrorKind::CannotStart => "The program could not be started in the lab.".to_owned(),
                _ => "The lab could not do that. Try again; if it stays so, restart this lab.".to_owned(),
            },
            Self::Start(_) | Self::Io { .. } => {
                "The lab could not be started. Retry it; if it fails again, `halfway doctor` says why.".to_owned()
            }
            Self::Unsupported { what, fix } => match fix {
                Some(fix) => format!("{what} This would bring it: `{fix}`."),
                None => what.clone(),
            },
            Self::Exhausted(_) => "This server has no room for another lab. End one, then try again.".to_owned(),
            Self::DiskFull(_) => {
                "The server's disk is full. Nothing is lost; make room on it, then retry.".to_owned()
            }
            Self::Environment { fix, .. } => match fix {
                Some(fix) => {
                    format!("The lab's Python environment could not be built. This would help: `{fix}`. Then retry.")
                }
                None => "The lab's Python environment could not be built. The step's output says why. Retry it.".to_owned(),
            },
            Self::Workspace(error) => error.learner(),
        }
    }
}
