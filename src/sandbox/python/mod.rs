//! Python environments by content: `envs/<hash>`, built once from hash-locked requirements, shared read-only.
//!
//! Never changes an environment that is built; another lock is another environment.

use std::path::{Path, PathBuf};

use super::driver::StepLog;
use super::error::SandboxError;

/// A built environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonEnvironment {
    /// `<state>/envs/<hash>`; `bin/python` is in it.
    pub root: PathBuf,
    /// `sys.base_prefix` of the Python that it was built with.
    pub base: PathBuf,
}

/// Builds environments and finds those that are built; cheap to clone.
#[derive(Clone, Debug)]
pub struct PythonEnvironments {
    state: PathBuf,
}

impl PythonEnvironments {
    /// For a state directory.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self {
            state: state.to_owned(),
        }
    }

    /// The environment for these requirements if it is built already.
    ///
    /// # Errors
    /// When there is no Python on this machine.
    pub async fn find(&self, requirements: &[u8]) -> Result<Option<PythonEnvironment>, SandboxError> {
        let _ = (requirements, &self.state);
        todo!()
    }

    /// The environment for these requirements, built if need be; two callers at once build it once.
    ///
    /// # Errors
    /// [`SandboxError::Environment`] with what to do.
    pub async fn ensure(&self, requirements: &[u8], steps: &dyn StepLog) -> Result<PythonEnvironment, SandboxError> {
        let _ = (requirements, steps);
        todo!()
    }
}
