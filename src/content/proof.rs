//! What proves that a lab works: a solution, wrong solutions, an undo.

use std::path::PathBuf;

use crate::model::TaskId;

/// Everything that `lab test` needs besides the lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProofMaterial {
    pub solution: Option<Overlay>,
    /// Sorted by name.
    pub wrong: Vec<WrongSolution>,
    pub undo: Option<Overlay>,
}

/// Files laid over a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Absolute folder that `files` and `run` are in.
    pub folder: PathBuf,
    /// Removed from the workspace first; relative to the workspace.
    pub remove: Vec<String>,
    /// Relative to the folder and to the workspace alike, sorted; neither the YAML file nor `run.sh` are among them.
    pub files: Vec<PathBuf>,
    /// Whether `run.sh` is there, to be run in the sandbox afterwards.
    pub run: bool,
}

/// A plausible wrong solution: laid over the solved workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongSolution {
    /// The folder's name.
    pub name: String,
    /// One sentence.
    pub why: String,
    /// The tasks that must be red, and no others but those that need them.
    pub fails: Vec<TaskId>,
    pub overlay: Overlay,
}
