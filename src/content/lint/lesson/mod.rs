//! Rules for lessons: one a file. Each is a function over what was read of one lesson and of all content; none opens a
//! file, runs a block or tells the time.

mod asked;
mod blocks;
mod bridge;
mod ending;
mod environment;
mod figures;
mod links;
mod markup;
mod minutes;
mod objectives;
mod pictures;
mod predictions;
mod prerequisites;
mod quiz;
mod recall;
mod text;
mod versions;
mod words;

use std::ops::Range;
use std::time::Duration;

use super::super::catalogue::{Catalogue, LessonEntry};
use super::super::diagnostic::{Diagnostic, Severity};
use super::super::lesson;
use super::super::raw::RawFrontMatter;
use crate::model::lesson::LessonBody;
use text::Text;

/// What the rules cannot find in the files.
pub struct LintFacts<'f> {
    /// ISO date.
    pub today: String,
    /// How long a lesson's blocks take, where that was measured of this very text.
    pub took: &'f dyn Fn(&LessonEntry) -> Option<Duration>,
}

/// What a rule sees.
pub(super) struct Subject<'s> {
    pub catalogue: &'s Catalogue,
    pub facts: &'s LintFacts<'s>,
    pub entry: &'s LessonEntry,
    pub body: &'s LessonBody,
    /// With places in the file.
    pub raw: &'s RawFrontMatter,
    text: &'s Text,
    found: Vec<Diagnostic>,
}

impl Subject<'_> {
    /// Says that the lesson breaks a rule.
    fn error(
        &mut self,
        rule: &'static str,
        at: Option<Range<usize>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.say(rule, Severity::Error, at, message.into(), help.into());
    }

    /// Says that something should be looked at.
    fn warn(
        &mut self,
        rule: &'static str,
        at: Option<Range<usize>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.say(rule, Severity::Warning, at, message.into(), help.into());
    }

    fn say(&mut self, rule: &'static str, severity: Severity, at: Option<Range<usize>>, message: String, help: String) {
        let source = &self.entry.written.source;
        let mut diagnostic = Diagnostic::about(rule, severity, source.file.clone(), message).help(help);
        if let Some(span) = at {
            let first = source.text.get(span.clone()).unwrap_or_default();
            let first = first.lines().next().unwrap_or_default().trim_end().len().max(1);
            diagnostic = diagnostic.at(&source.text, span.start..span.start + first);
        }
        self.found.push(diagnostic);
    }
}

/// All that the rules find in lessons and their pictures.
pub(super) fn lessons(catalogue: &Catalogue, facts: &LintFacts<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut used = Vec::new();
    for entry in catalogue.lessons.values() {
        let Some(body) = &entry.lesson.body else { continue };
        // It was read before, so it can be read again.
        let Ok((raw, from)) = lesson::front(&entry.written.source) else {
            continue;
        };
        let text = Text::read(&entry.written.source.text, from);
        used.extend(text.images.iter().map(|image| (entry.week, image.address.clone())));
        let mut subject = Subject {
            catalogue,
            facts,
            entry,
            body,
            raw: &raw,
            text: &text,
            found: Vec::new(),
        };
        for rule in [
            objectives::check,
            asked::check,
            minutes::check,
            words::check,
            versions::check,
            prerequisites::check,
            environment::check,
            blocks::check,
            bridge::check,
            predictions::check,
            figures::check,
            quiz::check,
            recall::check,
            links::check,
            markup::check,
            ending::check,
        ] {
            rule(&mut subject);
        }
        found.extend(subject.found);
    }
    found.extend(pictures::check(catalogue, &used));
    found
}

#[cfg(test)]
mod tests;
