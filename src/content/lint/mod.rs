//! Rules that a lab must keep beyond being readable: one a file. Each is a function over what was read; none opens a
//! file of its own but by the folder's bounded reader.

mod command_alone;
mod expected;
mod hash_locked;
mod hints;
pub mod lesson;
mod proof;
mod stable_ids;
mod titles;
mod trial;

use super::build::Built;
use super::catalogue::Catalogue;
use super::diagnostic::{Diagnostic, Severity};
use super::source::Folder;
use super::yaml::At;
pub use lesson::LintFacts;

/// What a rule sees.
pub(super) struct Subject<'s> {
    pub folder: &'s Folder,
    pub built: &'s Built,
    found: Vec<Diagnostic>,
}

impl Subject<'_> {
    /// Says that something should be mended, at a value of lab.yaml.
    fn warn<T>(&mut self, rule: &'static str, at: &At<T>, message: impl Into<String>, help: impl Into<String>) {
        self.say(rule, Severity::Warning, at, message.into(), help.into());
    }

    /// Says that something must be mended before the lab is served.
    fn error<T>(&mut self, rule: &'static str, at: &At<T>, message: impl Into<String>, help: impl Into<String>) {
        self.say(rule, Severity::Error, at, message.into(), help.into());
    }

    fn say<T>(&mut self, rule: &'static str, severity: Severity, at: &At<T>, message: String, help: String) {
        let source = &self.built.source;
        let mut diagnostic = Diagnostic::about(rule, severity, source.file.clone(), message).help(help);
        if let Some(span) = at.span.clone() {
            let first = source.text.get(span.clone()).unwrap_or_default();
            let first = first.lines().next().unwrap_or_default().trim_end().len().max(1);
            diagnostic = diagnostic.at(&source.text, span.start..span.start + first);
        }
        self.found.push(diagnostic);
    }
}

/// All that is wrong with all content: what was found when it was read, and what the rules for lessons find. Errors
/// first, then by file and place.
#[must_use]
pub fn lint_all(catalogue: &Catalogue, facts: &LintFacts<'_>) -> Vec<Diagnostic> {
    let mut found = catalogue.diagnostics.clone();
    found.extend(lesson::lessons(catalogue, facts));
    sort(&mut found);
    found
}

/// Errors first, then by file and place.
pub(super) fn sort(found: &mut [Diagnostic]) {
    found.sort_by(|a, b| {
        let place = |one: &Diagnostic| one.span.as_ref().map(|span| span.start);
        b.severity
            .cmp(&a.severity)
            .then_with(|| (&a.file, place(a)).cmp(&(&b.file, place(b))))
    });
}

/// All that the rules find.
pub(super) fn lab(folder: &Folder, built: &Built) -> Vec<Diagnostic> {
    let mut subject = Subject {
        folder,
        built,
        found: Vec::new(),
    };
    for rule in [
        titles::check,
        stable_ids::check,
        hints::check,
        expected::check,
        trial::check,
        command_alone::check,
        hash_locked::check,
        proof::check,
    ] {
        rule(&mut subject);
    }
    subject.found
}
