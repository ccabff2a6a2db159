//! `solution.yaml`, `wrong.yaml`, `undo.yaml`.

use serde::Deserialize;

use super::super::yaml::At;

/// A solution or an undo.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawOverlay {
    /// Paths of the workspace.
    #[serde(default)]
    pub remove: Vec<At<String>>,
}

/// A wrong solution.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWrong {
    /// One sentence.
    pub why: At<String>,
    /// Ids of tasks.
    pub fails: At<Vec<At<String>>>,
    #[serde(default)]
    pub remove: Vec<At<String>>,
}
