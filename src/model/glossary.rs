//! The words of the course, each explained once.

use serde::{Deserialize, Serialize};

/// A term of the glossary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// In the address: `/glossary/<slug>`.
    pub slug: String,
    /// As it is written in the middle of a heading: `Data leakage`.
    pub term: String,
    /// Other words for it, which lessons link to it too.
    pub also: Vec<String>,
    /// One sentence of plain text, at most 160 characters.
    pub short: String,
    /// Week and slug of the lesson that teaches it first.
    pub taught: Option<(u8, String)>,
    /// Slugs of other terms.
    pub see: Vec<String>,
    /// One to three short paragraphs, without the front matter.
    pub markdown: String,
    /// Relative path of the file, for messages to authors.
    pub source: String,
}

impl Term {
    /// Every word that stands for it, its own first.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.term.as_str()).chain(self.also.iter().map(String::as_str))
    }
}
