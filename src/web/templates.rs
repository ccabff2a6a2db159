//! Templates: from a view to HTML.
//!
//! They lie beside the pages (`pages/**.html`) and are embedded in the binary, parsed once. While developing they are
//! read from disk and parsed again when a file changes. Everything that is printed is escaped, in text and in
//! attributes alike, and no template can switch that off; what is HTML already comes as [`SafeHtml`], which only code
//! makes, never from what a learner wrote. A name that the view does not have is an error, and so is printing nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde::{Serialize, Serializer};

use super::assets;

/// Path beneath `pages/` and source; none in a debug build (`build.rs`).
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));
/// Where a debug build reads them; a release binary names no folder of the machine that built it.
const FOLDER: &str = if cfg!(debug_assertions) {
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/pages")
} else {
    ""
};

/// What a template shows. Its fields, and nothing else, are the template's names.
pub trait View: Serialize {
    /// The template's path beneath `pages/`.
    const TEMPLATE: &'static str;

    /// As HTML.
    ///
    /// # Errors
    /// When the template cannot be parsed, or asks for what the view does not have.
    fn render(&self) -> Result<String, TemplateError>
    where
        Self: Sized,
    {
        render(Self::TEMPLATE, &Value::from(Serde(self)))
    }
}

/// HTML that is safe to be shown as it is: rendered Markdown and the like. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeHtml(Value);

impl SafeHtml {
    /// HTML that our own code made from text that it escaped.
    #[must_use]
    pub fn rendered(html: String) -> Self {
        Self(Value::from_safe_string(html))
    }

    /// Text, escaped.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::rendered(escaped(text))
    }

    /// The HTML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().unwrap_or_default()
    }
}

impl Serialize for SafeHtml {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A template's value keeps that it is safe.
        self.0.serialize(serializer)
    }
}

/// A template that cannot be shown.
#[derive(Debug)]
pub struct TemplateError {
    error: Error,
    /// The names that the view has.
    names: Vec<String>,
}

impl TemplateError {
    /// The innermost error: an error within an included template is wrapped by those around it.
    fn innermost(&self) -> &Error {
        let mut found = &self.error;
        let mut next = std::error::Error::source(&self.error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<Error>()
                && error.line().is_some()
            {
                found = error;
            }
            next = error.source();
        }
        found
    }

    /// For the author: what is wrong, file and line, an excerpt with a caret, and what to do.
    #[must_use]
    pub fn report(&self) -> String {
        let error = self.innermost();
        let what = error.detail().map_or_else(
            || error.kind().to_string(),
            |detail| format!("{}: {detail}", error.kind()),
        );
        let mut report = String::new();
        let _ = writeln!(report, "{what}");
        if let (Some(name), Some(line)) = (error.name(), error.line()) {
            let _ = writeln!(report, "  --> src/web/pages/{name}:{line}");
            if let Some(source) = error.template_source() {
                excerpt(&mut report, source, line, error.range().as_ref());
            }
        }
        let _ = write!(report, "help: {}", self.help(error.kind()));
        report
    }

    fn help(&self, kind: ErrorKind) -> String {
        match kind {
            ErrorKind::SyntaxError | ErrorKind::BadEscape => {
                "mend the tag at the mark: each {% if %}, {% for %} and {% block %} has its {% end… %}".to_owned()
            }
            ErrorKind::UndefinedError => format!(
                "the view has these names: {}. Use one of them, or add a field to the view's struct and build again",
                self.names.join(", ")
            ),
            ErrorKind::TemplateNotFound | ErrorKind::BadInclude => {
                "a template is named by its path beneath src/web/pages/".to_owned()
            }
            ErrorKind::UnknownFilter => "filters of ours are: part, icon, code, seconds".to_owned(),
            ErrorKind::UnknownFunction => "the one function of ours is asset(\"name\")".to_owned(),
            _ => "change the template, and load this page again".to_owned(),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report())
    }
}

impl std::error::Error for TemplateError {}

/// The line with two before and one after it, and a mark below what is meant.
fn excerpt(into: &mut String, source: &str, line: usize, range: Option<&std::ops::Range<usize>>) {
    let mut start = 0;
    for (number, text) in source.split('\n').enumerate().map(|(at, text)| (at + 1, text)) {
        if (line.saturating_sub(2)..=line + 1).contains(&number) {
            let _ = writeln!(into, "{number:>4} | {text}");
        }
        if number == line
            && let Some(range) = range.filter(|range| range.start >= start)
        {
            let before = source.get(start..range.start).map_or(0, |text| text.chars().count());
            let end = range.end.min(start + text.len());
            let marked = source.get(range.start..end).map_or(1, |text| text.chars().count());
            let _ = writeln!(into, "     | {}{}", " ".repeat(before), "^".repeat(marked.max(1)));
        }
        start += text.len() + 1;
    }
}

/// What is being served now.
static CURRENT: LazyLock<RwLock<Arc<Environment<'static>>>> =
    LazyLock::new(|| RwLock::new(Arc::new(environment(&embedded(), Vec::new(), false))));

/// Set while developing: the folder that is watched, and its files as they were read.
static WATCHED: Mutex<Option<Watched>> = Mutex::new(None);

/// The same as a flag, which costs a page nothing.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

struct Watched {
    folder: PathBuf,
    seen: BTreeMap<String, Stamp>,
    faults: Vec<String>,
}

/// When a file was changed, and how long it is.
type Stamp = (Option<SystemTime>, u64);

/// Parses every template, so that a mistake is found at the start and not by a reader.
///
/// # Errors
/// With the first template that cannot be parsed.
pub fn check() -> Result<(), TemplateError> {
    if is_watched() {
        // Their author sees the mistake on the page.
        return Ok(());
    }
    let templates = current();
    for name in embedded().keys() {
        templates.get_template(name).map_err(|error| TemplateError {
            error,
            names: Vec::new(),
        })?;
    }
    Ok(())
}

/// Reads the templates from a folder from now on; [`reload`] looks for changes.
pub fn watch(folder: &Path) {
    *WATCHED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Watched {
        folder: folder.to_owned(),
        seen: BTreeMap::new(),
        faults: Vec::new(),
    });
    IS_WATCHED.store(true, Ordering::Relaxed);
    reload(Vec::new());
}

/// Whether templates are read from a folder, so that their author looks at the pages.
#[must_use]
pub fn is_watched() -> bool {
    IS_WATCHED.load(Ordering::Relaxed)
}

/// Reads the watched folder again where a file of it has changed; `faults` is what is wrong with content, for every
/// page. Blocks on the file system, for well under a millisecond where nothing has changed.
pub fn reload(faults: Vec<String>) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(watched) = watched.as_mut() else { return };
    let mut files = BTreeMap::new();
    list(&watched.folder, &watched.folder, &mut files);
    if files == watched.seen && faults == watched.faults {
        return;
    }
    let sources = read(&watched.folder, files.keys());
    watched.seen = files;
    watched.faults.clone_from(&faults);
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(environment(&sources, faults, true));
}

fn list(root: &Path, folder: &Path, into: &mut BTreeMap<String, Stamp>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            list(root, &path, into);
        } else if path.extension().is_some_and(|extension| extension == "html")
            && let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str)
        {
            into.insert(name.to_owned(), (about.modified().ok(), about.len()));
        }
    }
}

/// Every template by its path beneath `pages/`.
fn embedded() -> BTreeMap<String, Arc<str>> {
    if cfg!(debug_assertions) && EMBEDDED.is_empty() {
        let root = Path::new(FOLDER);
        let mut files = BTreeMap::new();
        list(root, root, &mut files);
        return read(root, files.keys());
    }
    EMBEDDED
        .iter()
        .map(|(name, source)| ((*name).to_owned(), Arc::from(*source)))
        .collect()
}

fn read<'a>(root: &Path, names: impl Iterator<Item = &'a String>) -> BTreeMap<String, Arc<str>> {
    names
        .filter_map(|name| Some((name.clone(), std::fs::read_to_string(root.join(name)).ok()?.into())))
        .collect()
}

fn environment(sources: &BTreeMap<String, Arc<str>>, faults: Vec<String>, for_author: bool) -> Environment<'static> {
    let sources = sources.clone();
    let mut environment = Environment::new();
    environment.set_debug(for_author || cfg!(debug_assertions));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(print);
    // Parsed when it is first needed, and kept: one template that cannot be parsed takes only its own pages with it.
    environment.set_loader(move |name| Ok(sources.get(name).map(ToString::to_string)));
    environment.add_global("version", super::VERSION);
    environment.add_global("faults", faults);
    environment.add_function("asset", |name: &str| assets::url(name));
    environment.add_filter("part", part);
    environment.add_filter("icon", |state: &State<'_, '_>, mark: Value| {
        inner(state, "parts/mark.html", mark)
    });
    environment.add_filter("code", |text: &str| Value::from_safe_string(code(text)));
    environment.add_filter("seconds", seconds);
    environment
}

fn current() -> Arc<Environment<'static>> {
    CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn render(template: &str, view: &Value) -> Result<String, TemplateError> {
    let templates = current();
    let told = |error| TemplateError {
        error,
        names: view
            .try_iter()
            .map(|names| names.map(|name| name.to_string()).collect())
            .unwrap_or_default(),
    };
    let found = templates.get_template(template).map_err(told)?;
    found.render(view.clone()).map_err(told)
}

/// The path of every template.
#[cfg(test)]
pub(crate) fn names() -> Vec<String> {
    embedded().into_keys().collect()
}

/// The names that a template asks for in any of its branches, with their attributes: `frame.title`.
#[cfg(test)]
pub(crate) fn asked(template: &str) -> Vec<String> {
    let templates = current();
    let template = templates.get_template(template).expect("it was rendered");
    template.undeclared_variables(true).into_iter().collect()
}

/// `{{ task|part("task") }}`: the view by its own template `parts/task.html`, which sees that view and nothing else,
/// so that a page and a live event cannot differ.
fn part(state: &State<'_, '_>, view: Value, name: &str) -> Result<Value, Error> {
    inner(state, &format!("parts/{name}.html"), view)
}

fn inner(state: &State<'_, '_>, template: &str, view: Value) -> Result<Value, Error> {
    let html = state.env().get_template(template)?.render(view)?;
    Ok(Value::from_safe_string(html))
}

/// `1.2 s` of milliseconds.
fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

/// Text in which `` `words` `` are code, as HTML.
#[must_use]
pub fn code(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('`') {
        let after = &rest[open + 1..];
        let Some(close) = after.find('`').filter(|close| *close > 0) else {
            break;
        };
        let _ = write_escaped(&mut html, &rest[..open]);
        html.push_str("<code>");
        let _ = write_escaped(&mut html, &after[..close]);
        html.push_str("</code>");
        rest = &after[close + 1..];
    }
    let _ = write_escaped(&mut html, rest);
    html
}

/// How a value is printed: escaped, unless it is HTML already.
fn print(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "nothing to print: ask whether it is none before",
        ));
    }
    if value.is_safe() {
        return out.write_str(value.as_str().unwrap_or_default()).map_err(Error::from);
    }
    let text = match value.as_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(value.to_string()),
    };
    write_escaped(out, &text).map_err(Error::from)
}

/// As HTML, for text and for attributes in either kind of quotes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let _ = write_escaped(&mut html, text);
    html
}

fn write_escaped(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&#38;",
            b'<' => "&#60;",
            b'>' => "&#62;",
            b'"' => "&#34;",
            _ => "&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    out.write_str(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, view: Value) -> Result<String, TemplateError> {
        let sources = BTreeMap::from([("x.html".to_owned(), Arc::from(source))]);
        let environment = environment(&sources, Vec::new(), true);
        let told = |error| TemplateError {
            error,
            names: vec!["title".into()],
        };
        environment
            .get_template("x.html")
            .map_err(told)?
            .render(view)
            .map_err(told)
    }

    #[test]
    fn everything_is_escaped_also_in_attributes_and_whatever_the_template_says() {
        let view = || Value::from_pairs([("it", "<b> & \"double\" 'single'")]);
        let escaped = "&#60;b&#62; &#38; &#34;double&#34; &#39;single&#39;";
        for source in [
            "<p title=\"{{ it }}\">{{ it }}</p>",
            "{% autoescape false %}<p title=\"{{ it }}\">{{ it }}</p>{% endautoescape %}",
        ] {
            assert_eq!(
                shown(source, view()).unwrap(),
                format!("<p title=\"{escaped}\">{escaped}</p>")
            );
        }
    }

    #[test]
    fn html_of_ours_stays_through_a_struct() {
        #[derive(Serialize)]
        struct Inner {
            html: SafeHtml,
            text: &'static str,
        }
        let inner = Inner {
            html: SafeHtml::rendered("<b>".into()),
            text: "<b>",
        };
        let view = Value::from_pairs([("it", Value::from(Serde(vec![inner])))]);
        let source = "{% for one in it %}{{ one.html }}{{ one.text }}{% endfor %}";
        assert_eq!(shown(source, view).unwrap(), "<b>&#60;b&#62;");
    }

    #[test]
    fn an_unknown_name_is_reported_with_place_mark_and_help() {
        let error = shown("one\n<p>{{ titel }}</p>\n", Value::from_pairs([("title", "x")])).unwrap_err();
        let report = error.report();
        assert!(report.contains("src/web/pages/x.html:2"), "{report}");
        assert!(
            report.contains("   2 | <p>{{ titel }}</p>\n     |       ^^^^^"),
            "{report}"
        );
        assert!(report.contains("help: the view has these names: title"), "{report}");
    }

    #[test]
    fn a_template_that_cannot_be_parsed_is_reported() {
        let report = shown("{% if it %}\n", Value::from(())).unwrap_err().report();
        assert!(
            report.contains("x.html:") && report.contains("help: mend the tag"),
            "{report}"
        );
    }

    #[test]
    fn nothing_is_never_printed() {
        assert!(shown("{{ it }}", Value::from_pairs([("it", Value::from(()))])).is_err());
        assert!(
            shown(
                "{{ it.that }}",
                Value::from_pairs([("it", Value::from_pairs([("this", 1)]))])
            )
            .is_err()
        );
        assert!(shown("{% if that %}{% endif %}", Value::from(())).is_err());
    }

    #[test]
    fn words_between_backticks_are_code_after_escaping() {
        assert_eq!(code("`a < b` & c"), "<code>a &#60; b</code> &#38; c");
        assert_eq!(code("one ` alone"), "one ` alone");
        assert_eq!(code("``"), "``");
        assert_eq!(code("`<script>`"), "<code>&#60;script&#62;</code>");
    }
}
