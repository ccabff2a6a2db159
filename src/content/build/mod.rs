//! Makes the domain's types of what authors wrote, and finds everything that is wrong on the way.

mod check;
mod instructions;
mod lab;
mod proof;
mod trial;

pub(super) use lab::{Built, lab};

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use super::diagnostic::{Diagnostic, Severity};
use super::parameters::{Piece, pieces};
use super::raw::{WrittenDuration, WrittenSize};
use super::source::{Folder, Source};
use super::yaml::At;
use crate::base::nearest;
use crate::expr::{Expression, Wanted};

/// What is built from, and what was found.
pub(super) struct Builder<'f> {
    pub folder: &'f Folder,
    pub source: Source,
    /// Names of the lab's parameters.
    pub parameters: BTreeSet<String>,
    /// Whether the lab has a Python environment.
    pub python: bool,
    pub found: Vec<Diagnostic>,
}

impl<'f> Builder<'f> {
    pub fn new(folder: &'f Folder, source: Source) -> Self {
        Self {
            folder,
            source,
            parameters: BTreeSet::new(),
            python: false,
            found: Vec::new(),
        }
    }

    /// Says that something is wrong at a value.
    pub fn error<T>(&mut self, rule: &'static str, at: &At<T>, message: impl Into<String>, help: impl Into<String>) {
        self.say(rule, Severity::Error, at.span.clone(), message.into(), help.into());
    }

    fn say(
        &mut self,
        rule: &'static str,
        severity: Severity,
        span: Option<Range<usize>>,
        message: String,
        help: String,
    ) {
        let mut diagnostic = Diagnostic::about(rule, severity, self.source.file.clone(), message);
        if let Some(span) = span {
            diagnostic = diagnostic.at(&self.source.text, self.one_line(span));
        }
        self.found.push(if help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(help)
        });
    }

    /// Of a span over many lines, what stands in the first.
    fn one_line(&self, span: Range<usize>) -> Range<usize> {
        let text = self.source.text.get(span.clone()).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().trim_end();
        span.start..span.start + first.len().max(1)
    }

    /// A text in which parameters may stand.
    pub fn text(&mut self, at: &At<String>) -> String {
        self.check_template(at);
        if at.trim().is_empty() {
            self.error(
                "texts",
                at,
                "this text is empty",
                "write something, or leave the key out",
            );
        }
        at.value.clone()
    }

    /// A text in which parameters may stand, or nothing.
    pub fn any_text(&mut self, at: &At<String>) -> String {
        self.check_template(at);
        at.value.clone()
    }

    /// A text that is read before an attempt, so that no parameter can stand in it.
    pub fn plain(&mut self, at: &At<String>) -> String {
        if at.trim().is_empty() {
            self.error("texts", at, "this text is empty", "write something");
        }
        if pieces(at).iter().any(|piece| matches!(piece, Piece::Name(..))) {
            let message = "parameters are drawn when an attempt begins: this is read before";
            self.error("parameters", at, message, "write it without `${…}`");
        }
        at.value.clone()
    }

    fn check_template(&mut self, at: &At<String>) {
        for (span, message, help) in self.template_errors(&at.value) {
            let place = self.inside(at, &span);
            self.say("parameters", Severity::Error, place, message, help);
        }
    }

    /// What is wrong with the parameters in a text.
    pub fn template_errors(&self, text: &str) -> Vec<(Range<usize>, String, String)> {
        pieces(text)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Name(name, span) if !self.parameters.contains(name) => Some((
                    span,
                    format!("there is no parameter `{name}`"),
                    match nearest(name, self.parameters.iter().map(String::as_str)) {
                        Some(near) => format!("did you mean `${{{near}}}`?"),
                        None => format!("add it to `parameters`, or write `$${{{name}}}` for the literal text"),
                    },
                )),
                Piece::Broken(span) => Some((
                    span,
                    "`${` without the name of a parameter and `}`".into(),
                    "write `$${` for a literal `${`".into(),
                )),
                _ => None,
            })
            .collect()
    }

    /// Where a part of a scalar stands in the file: exactly where the file has the text as it is, else the whole scalar.
    fn inside(&self, at: &At<String>, part: &Range<usize>) -> Option<Range<usize>> {
        let span = at.span.clone()?;
        let written = self.source.text.get(span.clone())?;
        match written.find(at.value.as_str()) {
            Some(start) if !at.value.is_empty() => {
                let start = span.start + start;
                Some(start + part.start..start + part.end.max(part.start + 1))
            }
            // In a block or over several lines, the file has each line with an indentation of its own.
            _ => Some(line_inside(written, &at.value, part).map_or(span.clone(), |inside| {
                span.start + inside.start..span.start + inside.end
            })),
        }
    }

    /// An expression over these names; what is wrong with it is said.
    pub fn expression(&mut self, at: &At<String>, names: &[&str], wanted: Wanted) -> String {
        let errors = match Expression::compile(&at.value) {
            Ok(expression) => {
                let mut errors = expression.lint(names, wanted);
                for (name, span) in expression.selections("params") {
                    if !self.parameters.contains(name) {
                        errors.push(crate::expr::ExprError {
                            message: format!("there is no parameter `{name}`"),
                            span,
                            help: Some(match nearest(name, self.parameters.iter().map(String::as_str)) {
                                Some(near) => format!("did you mean `params.{near}`?"),
                                None => "add it to `parameters`".into(),
                            }),
                        });
                    }
                }
                errors
            }
            Err(error) => vec![error],
        };
        for error in errors {
            let place = self.inside(at, &error.span);
            self.say(
                "expression",
                Severity::Error,
                place,
                error.message,
                error.help.unwrap_or_default(),
            );
        }
        at.value.clone()
    }

    /// A time span, or what stands for none.
    pub fn duration(&mut self, at: Option<&At<WrittenDuration>>, default: Duration) -> Duration {
        let Some(at) = at else { return default };
        let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
        match written_number(&at.0, &units) {
            Some(millis) if millis > 0 => Duration::from_millis(millis),
            _ => {
                self.error(
                    "durations",
                    at,
                    format!("`{}` is no time span", at.0),
                    "write it as `500ms`, `3s`, `2m` or `1h`",
                );
                default
            }
        }
    }

    /// A size in bytes, or what stands for none.
    pub fn size(&mut self, at: Option<&At<WrittenSize>>, default: u64) -> u64 {
        let Some(at) = at else { return default };
        match written_number(&at.0, &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]) {
            Some(bytes) if bytes > 0 => bytes,
            _ => {
                self.error(
                    "sizes",
                    at,
                    format!("`{}` is no size", at.0),
                    "write it as `64KiB`, `256MiB` or `2GiB`",
                );
                default
            }
        }
    }

    /// A path that stays within what it is relative to.
    pub fn path(&mut self, at: &At<String>) -> String {
        let path = self.text(at);
        if let Some(why) = path_leads_out(&path) {
            self.error(
                "paths",
                at,
                format!("`{path}` {why}"),
                "write it relative, as `data/train.csv`",
            );
        }
        path
    }

    /// A program and its arguments. `sees` are folders of the lab that it may name.
    pub fn argv(&mut self, at: &At<Vec<At<String>>>, sees: &[&str]) -> Vec<String> {
        if at.is_empty() {
            self.error(
                "commands",
                at,
                "there is no program to run",
                "write it as `[python, train.py]`",
            );
        }
        let words: Vec<String> = at.iter().map(|word| self.any_text(word)).collect();
        if let Some(first) = at.first()
            && matches!(first.as_str(), "python" | "python3")
            && !self.python
        {
            let help = "add `needs: {workspace: {environment: python}}` and environment/requirements.txt";
            self.error("commands", first, "the lab has no Python environment", help);
        }
        for word in at.iter() {
            for folder in ["setup", "checks"] {
                if !word.starts_with(&format!("{folder}/")) || word.contains("${") {
                    continue;
                }
                if !sees.contains(&folder) {
                    let message = format!("`{folder}/` is not there when this runs");
                    self.error("commands", word, message, "it runs where only the learner's files are");
                } else if !self.folder.has(word) {
                    self.missing(word, word);
                }
            }
        }
        words
    }

    /// Says that a file that is named is not there.
    pub fn missing(&mut self, at: &At<String>, path: &str) {
        let message = format!("there is no `{path}` in {}", self.folder.name);
        let help = match nearest(path, self.folder.files.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "paths are relative to the lab's folder".into(),
        };
        self.error("files", at, message, help);
    }

    /// An id: lower-case letters, digits and hyphens, a letter first.
    pub fn id(&mut self, at: &At<String>) -> String {
        if !is_id(at) {
            let message = format!("`{}` is no id", at.value);
            self.error(
                "ids",
                at,
                message,
                "lower-case letters, digits and hyphens, a letter first, at most 48",
            );
        }
        at.value.clone()
    }

    /// A name that expressions use.
    pub fn bound(&mut self, at: &At<String>) -> String {
        self.bound_name(&at.value, at);
        at.value.clone()
    }

    /// A name that expressions use, which stands at another value's place.
    pub fn bound_name<T>(&mut self, name: &str, at: &At<T>) {
        if !is_identifier(name) {
            let message = format!("`{name}` is no name that an expression can use");
            self.error(
                "ids",
                at,
                message,
                "lower-case letters, digits and underscores, a letter first",
            );
        } else if matches!(name, "it" | "params" | "act" | "true" | "false" | "null" | "in") {
            self.error(
                "ids",
                at,
                format!("`{name}` means something else already"),
                "choose another name",
            );
        }
    }
}

/// Where a part of a value of several lines stands in what was written.
fn line_inside(written: &str, value: &str, part: &Range<usize>) -> Option<Range<usize>> {
    let (mut from, mut start) = (0, 0);
    for line in value.split_inclusive('\n') {
        let words = line.trim();
        let found = from + written.get(from..)?.find(words)?;
        if part.start < start + line.len() {
            let indent = line.len() - line.trim_start().len();
            let column = part.start.checked_sub(start + indent)?;
            let length = (part.end - part.start).clamp(1, words.len().checked_sub(column)?.max(1));
            return Some(found + column..found + column + length);
        }
        from = found + words.len();
        start += line.len();
    }
    None
}

/// Whether a text is an id.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= 48 && is_slug(text)
}

/// Whether a text can stand in an address.
pub(super) fn is_slug(text: &str) -> bool {
    text.len() <= 80
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text is a name in expressions.
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() <= 48
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Why a path does not stay within its folder.
fn path_leads_out(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        Some("is absolute")
    } else if path.split('/').any(|part| part == "..") {
        Some("leads out of its folder")
    } else if path.contains(['\0', '\\']) || path.len() > 1024 {
        Some("is no path")
    } else {
        None
    }
}

fn written_number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}
