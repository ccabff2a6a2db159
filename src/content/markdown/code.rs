//! Code blocks: highlighted by class names alone, so that a page's style decides on colours.

use std::fmt::Write as _;
use std::sync::LazyLock;

use syntect::html::{ClassStyle, ClassedHTMLGenerator};
use syntect::parsing::SyntaxSet;
use syntect::util::LinesWithEndings;

/// Above this, a block is not highlighted: time grows with it.
const LARGEST: usize = 64 << 10;

/// Loading takes tens of milliseconds, so it waits for the first block.
static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// A block as HTML. `info` is what stands after the fence.
pub(super) fn block(info: &str, text: &str) -> String {
    let language: String = info
        .split([' ', ',', '{'])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '#'))
        .take(32)
        .collect::<String>()
        .to_lowercase();
    let inner = match language.as_str() {
        "console" | "shell-session" => console(text),
        _ => highlighted(&language, text).unwrap_or_else(|| escaped(text)),
    };
    let class = if language.is_empty() {
        String::new()
    } else {
        format!(" class=\"language-{}\"", escaped(&language))
    };
    format!("<div class=\"code\"><pre tabindex=\"0\" dir=\"ltr\"><code{class}>{inner}</code></pre></div>\n")
}

fn highlighted(language: &str, text: &str) -> Option<String> {
    if language.is_empty() || text.len() > LARGEST {
        return None;
    }
    let token = match language {
        "sh" | "shell" | "zsh" => "bash",
        "yml" => "yaml",
        other => other,
    };
    let syntax = SYNTAXES.find_syntax_by_token(token)?;
    let mut generator = ClassedHTMLGenerator::new_with_class_style(syntax, &SYNTAXES, ClassStyle::Spaced);
    for line in LinesWithEndings::from(text) {
        generator.parse_html_for_line_which_includes_newline(line).ok()?;
    }
    Some(generator.finalize())
}

/// Commands and their output told apart; prompts are marked, so that selecting leaves them out.
fn console(text: &str) -> String {
    let mut out = String::new();
    let mut goes_on = false;
    for line in LinesWithEndings::from(text) {
        let prompt = ["$ ", "# ", "> "].into_iter().find(|prompt| line.starts_with(prompt));
        let (prompt, rest) = match prompt {
            Some(prompt) if prompt != "> " || goes_on => (prompt, &line[2..]),
            _ => ("", line),
        };
        let rest = escaped(rest);
        // Writing to a text cannot fail.
        let _ = if !prompt.is_empty() {
            let prompt = escaped(prompt);
            write!(
                out,
                "<span class=\"prompt\">{prompt}</span><span class=\"command\">{rest}</span>"
            )
        } else if goes_on {
            write!(out, "<span class=\"command\">{rest}</span>")
        } else {
            write!(out, "<span class=\"output\">{rest}</span>")
        };
        goes_on = (goes_on || !prompt.is_empty()) && line.trim_end().ends_with('\\');
    }
    out
}

/// A text as HTML shows it, also within an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
