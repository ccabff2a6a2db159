//! One-shot sandboxes without any network, for set-up and referee.
//!
//! A run sees only what is bound into it, and everything that it started is gone when it is over. Never keeps a
//! sandbox: that is a driver's work.

mod run;

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::SandboxError;
use super::python::PythonEnvironment;
use crate::base::SessionId;

/// Where a bound directory stands inside, which is also the name of its variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Lab,
    Workspace,
    Hidden,
    In,
    Secret,
    Out,
    Learner,
}

impl Place {
    /// `/lab`…
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Lab => "/lab",
            Self::Workspace => "/workspace",
            Self::Hidden => "/hidden",
            Self::In => "/in",
            Self::Secret => "/secret",
            Self::Out => "/out",
            Self::Learner => "/learner",
        }
    }

    /// `HALFWAY_LAB`…
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::Lab => "HALFWAY_LAB",
            Self::Workspace => "HALFWAY_WORKSPACE",
            Self::Hidden => "HALFWAY_HIDDEN",
            Self::In => "HALFWAY_IN",
            Self::Secret => "HALFWAY_SECRET",
            Self::Out => "HALFWAY_OUT",
            Self::Learner => "HALFWAY_LEARNER",
        }
    }
}

/// A directory of the machine that the run sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    pub place: Place,
    pub host: PathBuf,
    pub writable: bool,
}

/// Bounds of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// Bytes.
    pub memory: u64,
    pub processes: u32,
    /// The largest file that may be written, in bytes.
    pub file: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            processes: 256,
            file: 1 << 30,
        }
    }
}

/// One command in a sandbox of its own.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// Whose run it is: it gets that session's user, and counts as that session's.
    pub session: SessionId,
    pub binds: Vec<Bind>,
    /// Words that begin with a place's path are rewritten where the sandbox cannot show it there.
    pub argv: Vec<String>,
    /// Must be bound.
    pub directory: Place,
    pub environment: Option<PythonEnvironment>,
    pub variables: BTreeMap<String, String>,
    pub timeout: Duration,
    pub limits: RunLimits,
    /// Bytes kept of each of the two streams.
    pub output_cap: usize,
}

impl RunSpec {
    /// A word that begins with a bound place is led to where that place really is.
    pub(crate) fn rewritten(&self, word: &str, real: impl Fn(&Bind) -> PathBuf) -> OsString {
        for bind in &self.binds {
            if let Some(rest) = word.strip_prefix(bind.place.path())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                let mut path = real(bind).into_os_string();
                path.push(rest);
                return path;
            }
        }
        word.into()
    }
}

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    Stdout,
    Stderr,
}

/// Called with output as it comes, not capped.
pub type OnOutput = Arc<dyn Fn(OutputStream, &[u8]) + Send + Sync>;

/// What a stream of a run held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    pub bytes: Vec<u8>,
    /// There was more than the cap.
    pub truncated: bool,
}

impl Captured {
    /// As text, with U+FFFD for what is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOutput {
    /// `None` if it was stopped at its time limit. Above 128 where a signal ended it, as a shell says it.
    pub exit_code: Option<i32>,
    /// The signal that ended it, as far as the exit code tells.
    pub signal: Option<i32>,
    pub timed_out: bool,
    pub stdout: Captured,
    pub stderr: Captured,
    pub duration: Duration,
}

impl RunOutput {
    /// Ended by itself with 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.exit_code == Some(0)
    }
}

/// A one-shot as a command line, and what is to be tidied up when it is over.
pub(crate) struct Launch {
    pub line: Vec<OsString>,
    /// Dropped, on a thread that may block, after the run has ended.
    pub over: Box<dyn Any + Send>,
}

/// What a driver contributes: the walls of a one-shot.
pub(crate) trait Once: Send + Sync {
    /// May block for a moment.
    fn launch(&self, spec: &RunSpec) -> Result<Launch, SandboxError>;
}

/// Runs one-shots; cheap to clone.
#[derive(Clone)]
pub struct Runner(Arc<dyn Once>);

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}

impl Runner {
    pub(crate) fn new(once: Arc<dyn Once>) -> Self {
        Self(once)
    }

    /// Runs the command to its end. Dropping the future ends the run.
    ///
    /// # Errors
    /// When the sandbox cannot be started; a command that fails is no error.
    pub async fn run(&self, spec: RunSpec, on_output: Option<OnOutput>) -> Result<RunOutput, SandboxError> {
        let once = Arc::clone(&self.0);
        let (timeout, cap) = (spec.timeout, spec.output_cap);
        let launch = tokio::task::spawn_blocking(move || once.launch(&spec))
            .await
            .map_err(|error| SandboxError::Start(error.to_string()))??;
        let running = run::Running::start(launch)?;
        running.finish(timeout, cap, on_output).await
    }
}
