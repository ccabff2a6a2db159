//! The `file` probe: a path in the learner's workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which file, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProbe {
    /// Relative to the workspace.
    pub path: String,
    pub form: FileForm,
}

/// How a file becomes an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileForm {
    /// `{text, size, executable}`.
    Text,
    /// The document itself.
    Json,
    /// The document itself.
    Yaml,
    /// A list of maps from the header's names to strings, or to numbers where they are numbers.
    Csv,
    /// `{sha256, size}`.
    Hash,
    /// A list of `{path, kind, size}` below the path, sorted by path, capped.
    Tree,
}
