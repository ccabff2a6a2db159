//! What can go wrong when somebody uses a lab session, in two halves: words for the person, and the cause for the log.

use std::fmt;

use crate::sandbox::{SandboxError, WorkspaceError};
use crate::store::StoreError;

/// Why an operation was refused or failed.
#[derive(Debug)]
pub enum LabError {
    /// There is no such thing, or it belongs to somebody else: the two are never told apart.
    NotFound(&'static str),
    /// Not in the session's present state; the words say what to do instead.
    State(String),
    /// The request itself is wrong; the words say where and what to do.
    Invalid(String),
    /// This server cannot run the lab: the reason, and the command that would change it.
    Unavailable { reason: String, fix: Option<String> },
    /// The disk that holds the state is full: nothing was changed.
    Full,
    /// Busy or briefly unreachable: trying again is safe.
    Busy(String),
    /// The sandbox or a file in it refused.
    Sandbox(SandboxError),
    /// A fault of the platform. The text is for the log, never for a browser.
    Fault(String),
}

impl LabError {
    /// A fault, with what was being done.
    pub(crate) fn fault(doing: &str, why: impl fmt::Display) -> Self {
        Self::Fault(format!("{doing}: {why}"))
    }

    /// A word for the kind, for the API.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::State(_) => "state",
            Self::Invalid(_) => "invalid",
            Self::Unavailable { .. } => "unavailable",
            Self::Full => "disk_full",
            Self::Busy(_) => "busy",
            Self::Sandbox(SandboxError::Workspace(error)) => error.kind(),
            Self::Sandbox(_) => "sandbox",
            Self::Fault(_) => "fault",
        }
    }

    /// What a browser may show: never the cause of a fault.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NotFound(what) => format!("There is no such {what}, or it is not yours."),
            Self::State(words) | Self::Invalid(words) | Self::Busy(words) => words.clone(),
            Self::Unavailable { reason, fix: Some(fix) } => format!("{reason} To change it: {fix}"),
            Self::Unavailable { reason, fix: None } => reason.clone(),
            Self::Full => "The server's disk is full. Nothing was lost: free some space and try again.".to_owned(),
            Self::Sandbox(error) => error.learner(),
            Self::Fault(_) => "Something failed on our side. It does not count against you: try again.".to_owned(),
        }
    }
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(why) => f.write_str(why),
            Self::Sandbox(error) => error.fmt(f),
            other => f.write_str(&other.message()),
        }
    }
}

impl std::error::Error for LabError {}

impl From<SandboxError> for LabError {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::DiskFull(_) | SandboxError::Workspace(WorkspaceError::Full { .. }) => Self::Full,
            other => Self::Sandbox(other),
        }
    }
}

impl From<WorkspaceError> for LabError {
    fn from(error: WorkspaceError) -> Self {
        SandboxError::from(error).into()
    }
}

impl From<StoreError> for LabError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { .. } => Self::Full,
            StoreError::Busy { .. } => {
                Self::Busy("The database is busy. Nothing was changed: try again in a moment.".to_owned())
            }
            StoreError::Conflict { .. } => Self::Busy(
                "Somebody else changed this session just now, perhaps another tab. Look again, then retry.".to_owned(),
            ),
            other => Self::Fault(other.to_string()),
        }
    }
}
