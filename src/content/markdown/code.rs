//! Code blocks: highlighted by class names alone, so that a page's style decides on colours.

use std::fmt::Write as _;
use std::sync::LazyLock;

use syntect::html::{ClassStyle, ClassedHTMLGenerator};
use syntect::parsing::SyntaxSet;
use syntect::util::LinesWithEndings;

use crate::content::lesson::blocks::OUTPUT;
use crate::content::lesson::console::{self, Line};
use crate::content::lesson::info::{self, Info};

/// Above this, a block is not highlighted: time grows with it.
const LARGEST: usize = 64 << 10;

/// Loading takes tens of milliseconds, so it waits for the first block.
static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Whether what stands after the fence says that the block is what the one before it prints.
pub(super) fn is_output(info: &str) -> bool {
    info::read(info).0
        == Info {
            language: OUTPUT.into(),
            ..Info::default()
        }
}

/// Whether such a block is run alone, so that its output may follow.
pub(super) fn has_output(info: &str) -> bool {
    let info = info::read(info).0;
    info.file.is_none() && info.norun.is_none() && matches!(info.language.as_str(), "python" | "bash")
}

/// A block as HTML. `info` is what stands after the fence, `printed` what the block prints.
pub(super) fn block(info: &str, text: &str, printed: Option<&str>) -> String {
    let info = info::read(info).0;
    let language = info.language.as_str();
    let inner = match language {
        "console" | "shell-session" => console(text),
        _ => highlighted(language, text).unwrap_or_else(|| escaped(text)),
    };
    let class = if language.is_empty() {
        String::new()
    } else {
        format!(" class=\"language-{}\"", escaped(language))
    };
    let mut attributes = String::new();
    let mut caption = String::new();
    // Writing to a text cannot fail.
    if let Some(file) = &info.file {
        let file = escaped(file);
        let _ = write!(attributes, " data-file=\"{file}\"");
        let _ = write!(
            caption,
            "<p class=\"name\"><span class=\"hidden-text\">File </span>{file}</p>"
        );
    } else if info.norun.is_none() && matches!(language, "console" | "bash" | "python") {
        let _ = write!(attributes, " data-run=\"{language}\"");
    }
    let output = printed.map_or_else(String::new, |printed| {
        format!(
            "<pre class=\"printed\" tabindex=\"0\" dir=\"ltr\" role=\"group\" aria-label=\"What it prints\"><samp>{}</samp></pre>",
            escaped(printed)
        )
    });
    let reason = info.norun.map_or_else(String::new, |reason| {
        format!("<p class=\"why\">Not run here: {}</p>", escaped(&reason))
    });
    format!(
        "<div class=\"code\"{attributes}>{caption}<pre tabindex=\"0\" dir=\"ltr\"><code{class}>{inner}</code></pre>{output}{reason}</div>\n"
    )
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
    for (line, kind) in LinesWithEndings::from(text).zip(console::lines(text)) {
        let (prompt, rest) = line.split_at(kind.prompt(line));
        let rest = escaped(rest);
        if !prompt.is_empty() {
            // Writing to a text cannot fail.
            let _ = write!(out, "<span class=\"prompt\">{}</span>", escaped(prompt));
        }
        let class = if kind == Line::Output { "output" } else { "command" };
        let _ = write!(out, "<span class=\"{class}\">{rest}</span>");
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
