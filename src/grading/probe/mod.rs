//! Looks: one file a kind of probe, each turns what is there into an [`Observation`].
//!
//! The only IO of grading besides the trial's acts. Never judges, and never lets a hostile file, program or server do
//! more than give a poor observation: everything has a cap and a time limit. An absent thing is [`Observation::Absent`],
//! one that is there and cannot be read is `Unreadable`, one that could not be looked at is `Blocked`, and what is the
//! platform's own fault is `Fault`.

mod command;
mod file;
mod http;
mod referee;
mod scratch;

#[cfg(test)]
pub(in crate::grading) mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::base::SessionId;
use crate::model::check::Probe;
use crate::model::{Limits, Observation, Parameters};
use crate::sandbox::{PythonEnvironment, Runner, Sandbox, SessionFolder, Workspace, WorkspaceError};

pub use scratch::sweep as sweep_scratch;

/// What probes of one session look through; cheap to clone.
#[derive(Clone, Debug)]
pub struct ProbeContext {
    pub session: SessionId,
    /// The lab's folder on this machine.
    pub lab_folder: PathBuf,
    pub limits: Limits,
    pub parameters: Arc<Parameters>,
    /// `None` while the agent is not there: then `command` and `http` are blocked, `file` and `referee` are not.
    pub sandbox: Option<Sandbox>,
    pub workspace: Workspace,
    pub folder: SessionFolder,
    pub runner: Runner,
    pub environment: Option<PythonEnvironment>,
    /// How many referees of all sessions may run at once on this machine.
    pub referees: Arc<Semaphore>,
}

/// Looks once. Dropping the future ends whatever it has started.
pub async fn observe(probe: &Probe, context: &ProbeContext) -> Observation {
    match probe {
        Probe::File(probe) => file::observe(probe, &context.workspace).await,
        Probe::Command(probe) => command::observe(probe, context.sandbox.as_ref()).await,
        Probe::Http(probe) => http::observe(probe, context.sandbox.as_ref()).await,
        Probe::Referee(probe) => referee::observe(probe, context).await,
    }
}

/// The observation where the agent is not there.
fn no_agent() -> Observation {
    Observation::Blocked("the lab is not running".to_owned())
}

/// What a refusal of the workspace says about the learner's work.
fn refused(error: &WorkspaceError) -> Observation {
    match error {
        WorkspaceError::NotFound { .. } => Observation::Absent(error.to_string()),
        WorkspaceError::Io { .. } | WorkspaceError::Full { .. } => Observation::Fault(error.to_string()),
        other => Observation::Unreadable(other.to_string()),
    }
}
