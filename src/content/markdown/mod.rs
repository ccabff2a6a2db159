//! Markdown of authors to HTML that is safe to put on a page: raw HTML and dangerous links are dropped, whoever wrote
//! them. Rendering is pure; whoever renders keeps the result.

mod blocks;
mod code;
mod fragment;
mod links;
mod sections;
mod terms;

use pulldown_cmark::{Event, Options, Parser, html};

use super::parameters::fill_text;
use crate::model::Parameters;

pub use fragment::{fragment, inline, plain};
pub use sections::{Section, sections};
pub use terms::Terms;
pub(super) use terms::leading_word;

/// How lessons are written.
pub(super) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_GFM);

/// What was rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub html: String,
    /// The byte of the HTML, between two blocks, at which the quiz stands: where `[!QUIZ]` is, else before the last
    /// section, else at the end.
    pub quiz_at: usize,
    /// Headings of the second and third level, for a table of contents.
    pub headings: Vec<Heading>,
}

impl Rendered {
    /// What stands before the quiz.
    #[must_use]
    pub fn before_quiz(&self) -> &str {
        &self.html[..self.quiz_at]
    }

    /// What stands after the quiz.
    #[must_use]
    pub fn after_quiz(&self) -> &str {
        &self.html[self.quiz_at..]
    }
}

/// Whether an address runs or carries something, or leads to another site without saying so: it is not shown.
pub(super) fn is_dangerous(address: &str) -> bool {
    links::kind(address) == links::Link::Dangerous
}

/// A heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 2 or 3.
    pub level: u8,
    pub id: String,
    pub title: String,
}

/// Renders a text. Pictures `figures/x.svg` are looked for below `figures`, an address that ends in `/`; without one,
/// pictures are dropped.
#[must_use]
pub fn render(markdown: &str, figures: Option<&str>) -> Rendered {
    render_lesson(markdown, figures, &Terms::default())
}

/// [`render`], with the first use of each term linked to its page in the glossary.
#[must_use]
pub fn render_lesson(markdown: &str, figures: Option<&str>, terms: &Terms) -> Rendered {
    // Marks of places are made of it.
    let clean = markdown.replace(blocks::MARK, "\u{fffd}");
    let markdown = clean.as_str();
    let (events, _) = terms::linked(parse(markdown), terms);
    let mut writer = blocks::Writer::new(figures);
    let events = writer.blocks(events, 0);
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, events.into_iter());
    let quiz_at = take_places(&mut out);
    Rendered {
        html: out,
        quiz_at,
        headings: writer.headings,
    }
}

/// Takes the marks of places out of a text, and tells where the quiz stands in what is left.
fn take_places(html: &mut String) -> usize {
    let mut left = String::with_capacity(html.len());
    let mut marked = None;
    let mut last_section = None;
    for (number, piece) in html.split(blocks::MARK).enumerate() {
        // Between two marks stands what they mark.
        match piece {
            blocks::QUIZ if number % 2 == 1 => marked = marked.or(Some(left.len())),
            blocks::SECTION if number % 2 == 1 => last_section = Some(left.len()),
            text => left.push_str(text),
        }
    }
    *html = left;
    marked.or(last_section).unwrap_or(html.len())
}

/// The slugs of the terms that [`render_lesson`] links.
#[must_use]
pub fn terms_used(markdown: &str, terms: &Terms) -> Vec<String> {
    terms::linked(parse(markdown), terms).1
}

/// The events of a lesson's text, raw HTML dropped.
fn parse(markdown: &str) -> Vec<Event<'_>> {
    Parser::new_ext(markdown, OPTIONS)
        .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)))
        .collect()
}

/// Renders a lab's text with its parameters filled in, without figures and without ids, so that several may stand on
/// one page.
#[must_use]
pub fn render_task(markdown: &str, parameters: &Parameters) -> String {
    let filled = fill_text(markdown, parameters);
    let mut writer = blocks::Writer::new(None);
    writer.ids = false;
    let events: Vec<Event<'_>> = Parser::new_ext(
        &filled,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM,
    )
    .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)))
    .collect();
    let events = writer.blocks(events, 0);
    let mut out = String::with_capacity(filled.len() * 2);
    html::push_html(&mut out, events.into_iter());
    out
}

#[cfg(test)]
mod tests;
