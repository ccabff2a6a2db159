//! What every driver offers, and the plain types that go in and come out.
//!
//! A driver makes, finds, stops and removes sandboxes. It never decides when: the session's state machine does, from
//! its rows and from what the driver reports.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;

use super::agent_client::AgentClient;
use super::error::SandboxError;
use super::folder::SessionFolder;
use super::guarantees::Guarantees;
use super::python::PythonEnvironment;
use super::runner::Runner;
use super::workspace::Workspace;
use crate::base::SessionId;
use crate::model::{Egress, LabId, Limits};

/// The kinds of driver that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DriverKind {
    /// Processes of this machine, walled in by bubblewrap or by Landlock.
    Process,
    /// For tests: no walls at all.
    Fake,
}

impl DriverKind {
    /// The word that rows, configuration and pages use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Fake => "fake",
        }
    }
}

impl fmt::Display for DriverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a sandbox should be like.
#[derive(Clone, Debug)]
pub struct SandboxSpec {
    pub session: SessionId,
    pub lab: LabId,
    pub egress: Egress,
    pub limits: Limits,
    /// Shown read-only at its own path, and first on `PATH`.
    pub environment: Option<PythonEnvironment>,
    /// Environment variables of everything that the learner starts.
    pub variables: BTreeMap<String, String>,
}

/// What a driver finds of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxState {
    /// Its agent is alive.
    Running,
    /// Its files are intact; its agent is gone, and with it every process.
    Stopped,
    /// There is nothing.
    Absent,
}

/// Something that bears this installation's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub session: SessionId,
    /// Its agent is alive.
    pub running: bool,
    /// Its folder is there.
    pub files: bool,
}

/// What a sandbox uses at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in memory of all its processes, the agent's own included.
    pub memory: u64,
    /// Bytes of workspace and home together, as blocks on the disk.
    pub disk: u64,
    pub processes: u32,
}

/// One line of `halfway doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was tried: `bubblewrap`.
    pub what: String,
    pub works: bool,
    /// What was seen, in one sentence.
    pub why: String,
    /// The command that would mend it, where there is one.
    pub fix: Option<String>,
}

/// Takes the lines that a step of provisioning prints, as they come.
pub trait StepLog: Send + Sync {
    /// One line, without its end.
    fn line(&self, text: &str);
}

/// A log for those who do not look.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLog;

impl StepLog for NoLog {
    fn line(&self, _text: &str) {}
}

/// A handle to a running sandbox; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub session: SessionId,
    pub agent: AgentClient,
    /// Its files, from outside.
    pub workspace: Workspace,
    pub folder: SessionFolder,
    /// TCP ports that a learner's server may use, first and last: everything where the sandbox has a network of its
    /// own, a range where it has not.
    pub ports: (u16, u16),
}

/// Makes, finds, stops and removes sandboxes. Every operation is idempotent and may be called again after a crash at
/// any point of an earlier call.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Which driver this is.
    fn kind(&self) -> DriverKind;

    /// What its sandboxes promise; the conformance suite tests exactly these.
    fn guarantees(&self) -> Guarantees;

    /// Really tries what the driver needs, for `halfway doctor`.
    async fn examine(&self) -> Vec<Finding>;

    /// Makes the session's folder with its directories, owned as the sandbox needs it. Set-up runs between this and
    /// [`Driver::create`].
    ///
    /// # Errors
    /// When the state directory cannot be written.
    async fn prepare(&self, session: SessionId) -> Result<SessionFolder, SandboxError>;

    /// Starts the sandbox's agent, unless one is alive; includes [`Driver::prepare`].
    ///
    /// # Errors
    /// When it cannot be started; nothing of it runs then.
    async fn create(&self, spec: &SandboxSpec, steps: &dyn StepLog) -> Result<(), SandboxError>;

    /// A handle to a running sandbox. Also brings its egress proxy back after a restart of the server, so call it
    /// for every running session at start.
    ///
    /// # Errors
    /// [`SandboxError::NotRunning`] when its agent is not alive, [`SandboxError::AgentVersion`] when it speaks
    /// another protocol.
    async fn connect(&self, session: SessionId) -> Result<Sandbox, SandboxError>;

    /// The session's files, whether or not its agent is alive.
    ///
    /// # Errors
    /// When there is no workspace.
    async fn workspace(&self, session: SessionId) -> Result<Workspace, SandboxError>;

    /// What there is of the session.
    ///
    /// # Errors
    /// When it cannot be told.
    async fn state(&self, session: SessionId) -> Result<SandboxState, SandboxError>;

    /// What the sandbox uses now.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn sample(&self, session: SessionId) -> Result<Usage, SandboxError>;

    /// Ends every process and keeps every file.
    ///
    /// # Errors
    /// When something still runs afterwards.
    async fn stop(&self, session: SessionId) -> Result<(), SandboxError>;

    /// Removes everything.
    ///
    /// # Errors
    /// When something is left afterwards.
    async fn destroy(&self, session: SessionId) -> Result<(), SandboxError>;

    /// Everything that bears this installation's id, known to the database or not.
    ///
    /// # Errors
    /// When it cannot be looked for.
    async fn owned(&self) -> Result<Vec<Owned>, SandboxError>;

    /// One-shot sandboxes of the same strength, for set-up and referee.
    fn runner(&self) -> Runner;
}
