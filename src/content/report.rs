//! Diagnostics for a terminal and for scripts.

use std::fmt::Write as _;

use super::diagnostic::{Diagnostic, Severity};

/// All diagnostics with their places, and a last line that counts them.
#[must_use]
pub fn text(diagnostics: &[Diagnostic], colours: bool) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(diagnostic.render(colours).trim_end());
        out.push_str("\n\n");
    }
    // Writing to a text cannot fail.
    let _ = writeln!(out, "{}", summary(diagnostics));
    out
}

/// `2 errors, 1 warning`, or `nothing wrong`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let words = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        many => Some(format!("{many} {word}s")),
    };
    let parts: Vec<String> = [
        words(count(Severity::Error), "error"),
        words(count(Severity::Warning), "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "nothing wrong".into()
    } else {
        parts.join(", ")
    }
}
