//! What is wrong with a file of an author, where, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The lab is served, and should be mended.
    Warning,
    /// The lab is not served, and `lab lint` fails.
    Error,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Which rule says so: `yaml`, `expression`, `hints-present`, …
    pub rule: &'static str,
    pub severity: Severity,
    /// Relative to the folder that holds `labs/` and `curriculum/`: `labs/three-am-oom/lab.yaml`.
    pub file: String,
    /// From 1; `None` where the file as a whole is meant.
    pub line: Option<usize>,
    /// From 1, in characters.
    pub column: Option<usize>,
    /// Bytes of the file.
    pub span: Option<Range<usize>>,
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The file's text, where there is a span.
    #[serde(skip)]
    pub text: Option<Arc<str>>,
}

impl Diagnostic {
    /// About a file as a whole.
    #[must_use]
    pub fn about(rule: &'static str, severity: Severity, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            file: file.into(),
            line: None,
            column: None,
            span: None,
            message: message.into(),
            help: None,
            text: None,
        }
    }

    /// At a place of the file, given in bytes; places beyond the text are moved to its end.
    #[must_use]
    pub fn at(mut self, text: &Arc<str>, span: Range<usize>) -> Self {
        let clamp = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let span = clamp(span.start)..clamp(span.end.max(span.start));
        let before = &text[..span.start];
        self.line = Some(before.matches('\n').count() + 1);
        self.column = Some(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
        self.span = Some(span);
        self.text = Some(Arc::clone(text));
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As a report with the place's lines and a caret, for a terminal.
    #[must_use]
    pub fn render(&self, colours: bool) -> String {
        let mut shown = MietteDiagnostic::new(self.message.clone())
            .with_code(self.rule)
            .with_severity(match self.severity {
                Severity::Warning => miette::Severity::Warning,
                Severity::Error => miette::Severity::Error,
            });
        shown.help.clone_from(&self.help);
        let report = match (&self.span, &self.text) {
            (Some(span), Some(text)) if shows(text, span) => {
                shown = shown.with_label(LabeledSpan::underline(span.clone()));
                Report::new(shown).with_source_code(NamedSource::new(&self.file, text.to_string()))
            }
            _ => {
                let place = match (self.line, self.column) {
                    (Some(line), Some(column)) => format!(":{line}:{column}"),
                    _ => String::new(),
                };
                shown.message = format!("{}{place}: {}", self.file, self.message);
                Report::new(shown)
            }
        };
        let theme = if colours {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let mut out = String::new();
        match GraphicalReportHandler::new_themed(theme)
            .with_width(100)
            .with_links(false)
            .render_report(&mut out, report.as_ref())
        {
            Ok(()) => out,
            Err(fmt::Error) => self.to_string(),
        }
    }
}

/// Whether the lines round a place are short enough to be looked at.
fn shows(text: &str, span: &Range<usize>) -> bool {
    let before = text[..span.start]
        .rfind('\n')
        .map_or(0, |at| text[..at].rfind('\n').map_or(0, |at| at + 1));
    let after = text[span.end..]
        .match_indices('\n')
        .nth(1)
        .map_or(text.len(), |(at, _)| span.end + at);
    text[before..after].lines().all(|line| line.len() <= 400)
}

/// One line: `labs/x/lab.yaml:3:7: error: message (help) [rule]`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, ": {severity}: {}", self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        write!(f, " [{}]", self.rule)
    }
}
