//! Reads `curriculum/` and `labs/` into the domain's types.
//!
//! Each lab is read on its own: a broken one becomes diagnostics with file, line and caret, and the rest is served.
//! What an author writes is data, never trusted to be small, well-formed or free of links out of its folder. Knows
//! nothing of the database, of sandboxes or of HTTP; expressions are compiled here only to say early what is wrong.

mod build;
pub mod catalogue;
mod curriculum;
pub mod diagnostic;
mod figure;
pub mod glossary;
mod lesson;
mod lint;
pub mod markdown;
pub mod parameters;
pub mod proof;
pub mod quiz;
mod raw;
pub mod report;
pub mod schema;
pub mod scratch;
mod source;
mod yaml;

pub use catalogue::{Catalogue, LabEntry, LessonEntry, Library, Roots};
pub use diagnostic::{Diagnostic, Severity};
pub use glossary::Glossary;
pub use lint::{LintFacts, lint_all};
pub use proof::{Overlay, ProofMaterial, WrongSolution};
pub use quiz::QuizEntry;

#[cfg(test)]
mod tests;
