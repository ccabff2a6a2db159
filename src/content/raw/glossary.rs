//! The front matter of a glossary's term.

use serde::Deserialize;

use super::super::yaml::At;

/// Between the `---` lines of `curriculum/glossary/<slug>.md`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTerm {
    pub term: At<String>,
    #[serde(default)]
    pub also: Vec<At<String>>,
    pub short: At<String>,
    pub taught: Option<At<String>>,
    #[serde(default)]
    pub see: Vec<At<String>>,
}
