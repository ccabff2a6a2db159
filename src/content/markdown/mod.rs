//! Markdown of authors to HTML that is safe to put on a page: raw HTML and dangerous links are dropped, whoever wrote
//! them. Rendering is pure; whoever renders keeps the result.

mod blocks;
mod code;
mod links;

use pulldown_cmark::{Event, Options, Parser, html};

use super::parameters::fill_text;
use crate::model::Parameters;

/// What was rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub html: String,
    /// Headings of the second and third level, for a table of contents.
    pub headings: Vec<Heading>,
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
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let events: Vec<Event<'_>> = Parser::new_ext(markdown, options)
        .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)))
        .collect();
    let mut writer = blocks::Writer::new(figures);
    let events = writer.blocks(events, 0);
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, events.into_iter());
    Rendered {
        html: out,
        headings: writer.headings,
    }
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
