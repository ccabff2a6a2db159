//! YAML with places: every value knows where it stands, every error says where and what to do.

use std::fmt;
use std::ops::{Deref, Range};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Error, Location, MessageFormatter, Spanned, UserMessageFormatter};

use super::diagnostic::{Diagnostic, Severity};
use super::source::Source;
use crate::base::nearest;

/// A value and its place in the file.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub value: T,
    /// Bytes of the file; `None` where it is not known.
    pub span: Option<Range<usize>>,
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::<T>::deserialize(deserializer).map(|spanned| Self {
            span: bytes(spanned.referenced),
            value: spanned.value,
        })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<T: fmt::Display> fmt::Display for At<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

fn bytes(location: Location) -> Option<Range<usize>> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    (location.line() > 0).then(|| start..start + length)
}

/// Reads a document. Aliases, depth and size are bounded.
pub(super) fn parse<T: DeserializeOwned>(source: &Source) -> Result<T, Box<Diagnostic>> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 48,
            max_nodes: 50_000,
            max_anchors: 100,
            max_aliases: 1_000,
            max_documents: 1,
            max_merge_keys: 200,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(&source.text, options)
        .map_err(|error| Box::new(explain(source, error.without_snippet())))
}

/// Whether a bound was reached: told by the reader itself, or by the parser below it.
fn is_budget(error: &Error) -> bool {
    matches!(error, Error::Budget { .. }) || UserMessageFormatter.format_message(error).contains("limits breached")
}

/// The byte of a line and column, where that is all that is known.
fn by_line(text: &str, location: Location) -> Option<Range<usize>> {
    let line = usize::try_from(location.line().checked_sub(1)?).ok()?;
    let column = usize::try_from(location.column().saturating_sub(1)).ok()?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..)?;
    let at = start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    Some(at..at + 1)
}

/// The page that says what stands in a file.
fn describes(file: &str) -> &'static str {
    let name = file.rsplit('/').next().unwrap_or(file);
    let ends = |end| name.strip_suffix(end).is_some();
    if matches!(name, "course.yaml" | "week.yaml") || ends(".md") || ends(".quiz.yaml") {
        "docs/curriculum-format.md"
    } else {
        "docs/lab-format.md"
    }
}

/// An error of the parser in words of ours.
fn explain(source: &Source, error: &Error) -> Diagnostic {
    let (message, help) = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let help = match nearest(field, expected.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", expected.join(", ")),
            };
            (format!("there is no `{field}` here"), Some(help))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let help = match nearest(variant, expected.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of: {}", expected.join(", ")),
            };
            (format!("`{variant}` is not known here"), Some(help))
        }
        Error::SerdeMissingField { field, .. } => (format!("`{field}` is missing"), Some(format!("add `{field}:`"))),
        Error::SerdeInvalidType {
            unexpected, expected, ..
        }
        | Error::SerdeInvalidValue {
            unexpected, expected, ..
        } => (format!("this is {unexpected}, and {expected} stands here"), None),
        Error::InvalidScalar { ty, .. } => {
            let wanted = match *ty {
                "bool" => "`true` or `false`",
                "f32" | "f64" => "a number",
                _ => "a whole number",
            };
            (
                format!("{wanted} stands here"),
                Some("write it without quotation marks".into()),
            )
        }
        Error::Unexpected { expected, .. } => {
            let wanted = match *expected {
                "string scalar" => "a text",
                "sequence start" => "a list",
                "mapping start" => "a map",
                other => other,
            };
            (
                format!("{wanted} stands here"),
                Some(format!("see {}", describes(&source.file))),
            )
        }
        Error::DuplicateMappingKey { key, .. } => (
            match key {
                Some(key) => format!("`{key}` stands here twice"),
                None => "a key stands here twice".into(),
            },
            Some("remove one of them".into()),
        ),
        other if is_budget(other) => (
            "the file is too large, too deep, or its aliases make too much of it".to_owned(),
            Some("use anchors and aliases sparingly".into()),
        ),
        Error::Eof { .. } => (
            "the file is empty".to_owned(),
            Some(format!("{} shows what stands in it", describes(&source.file))),
        ),
        other => (
            UserMessageFormatter.format_message(other).into_owned(),
            Some("check indentation, colons and quotation marks; text with `: ` or ` #` in it is quoted".into()),
        ),
    };
    let mut diagnostic = Diagnostic::about("yaml", Severity::Error, source.file.clone(), message);
    if let Some(location) = error.location() {
        let span = bytes(location).or_else(|| by_line(&source.text, location));
        if let Some(span) = span {
            diagnostic = diagnostic.at(&source.text, span);
        }
    }
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
