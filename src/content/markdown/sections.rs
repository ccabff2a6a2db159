//! A lesson's text without its marks, cut at its headings: what a search looks through.
//!
//! What a question hides until it is opened is left out, so that a search does not give it away.

use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};

use super::blocks::Ids;
use super::parse;

/// A part of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The id of its heading on the page; empty for what stands before the first.
    pub id: String,
    pub title: String,
    /// Words with single spaces between them.
    pub text: String,
}

/// The sections of a text; the first has no heading.
#[must_use]
pub fn sections(markdown: &str) -> Vec<Section> {
    let mut ids = Ids::default();
    let mut out = vec![Section::default()];
    let mut heading: Option<(bool, String)> = None;
    let mut quotes: Vec<Quote> = Vec::new();
    for event in parse(markdown) {
        match &event {
            Event::Start(Tag::BlockQuote(_)) => quotes.push(Quote::default()),
            Event::End(TagEnd::BlockQuote(_)) => {
                quotes.pop();
            }
            Event::Start(Tag::Heading { level, .. }) => heading = Some((*level <= HeadingLevel::H3, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((own, title)) = heading.take() {
                    let id = ids.next(&title);
                    if own && quotes.is_empty() {
                        out.push(Section {
                            id,
                            title,
                            text: String::new(),
                        });
                    } else {
                        put(&mut out, &quotes, &title);
                        put(&mut out, &quotes, " ");
                    }
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, title)) = &mut heading {
                    title.push_str(text);
                } else {
                    if let Some(quote) = quotes.last_mut() {
                        quote.begin(text);
                    }
                    put(&mut out, &quotes, text);
                }
            }
            Event::SoftBreak | Event::HardBreak => match &mut heading {
                Some((_, title)) => title.push(' '),
                None => put(&mut out, &quotes, " "),
            },
            // What is hidden begins at the line, or after the first paragraph where there is no line.
            Event::Rule | Event::End(TagEnd::Paragraph) if quotes.last().is_some_and(|quote| quote.asked) => {
                if let Some(quote) = quotes.last_mut() {
                    quote.hides = true;
                }
            }
            Event::Start(_) | Event::End(_) if heading.is_none() && !is_inline(&event) => put(&mut out, &quotes, " "),
            _ => {}
        }
    }
    for section in &mut out {
        section.text = plain(&section.text);
    }
    out
}

/// An open quote.
#[derive(Default)]
struct Quote {
    /// What stands in it so far, as long as it may be a mark such as `[!PREDICT]`.
    mark: String,
    /// It begins with such a mark.
    asks: bool,
    /// And something stands after the mark.
    asked: bool,
    hides: bool,
}

impl Quote {
    fn begin(&mut self, text: &str) {
        if self.asks {
            self.asked |= !text.trim().is_empty();
        } else if self.mark.len() < 16 {
            self.mark.push_str(text);
            self.asks = self.mark.starts_with("[!") && self.mark.contains(']');
        }
    }
}

fn put(out: &mut [Section], quotes: &[Quote], text: &str) {
    if let Some(section) = out.last_mut()
        && !quotes.iter().any(|quote| quote.hides)
    {
        section.text.push_str(text);
    }
}

fn is_inline(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link)
    )
}

/// Words with single spaces between them, without the marks of questions.
fn plain(text: &str) -> String {
    text.split_whitespace()
        .filter(|word| !matches!(*word, "[!PREDICT]" | "[!QUESTION]" | "[!QUIZ]"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_headings() {
        let text = "Before *all*\nof it, [a link](/x).\n\n## `A` & B\n\n| You know | Here |\n|---|---|\n| one | two |\n\n\
                    > [!PREDICT]\n> How many?\n>\n> ---\n>\n> Three, a secret.\n\n> [!QUESTION]\n> Why?\n>\n> A secret.\n\n> [!NOTE]\n> Seen.\n\n\
                    ## A & B\n\n```python\nx = 1\n```\n\n> [!QUIZ]\n\n#### Deep\n\n<b>raw</b>\n";
        let sections = sections(text);
        let seen: Vec<(&str, &str, &str)> = sections
            .iter()
            .map(|section| (section.id.as_str(), section.title.as_str(), section.text.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("", "", "Before all of it, a link."),
                ("s-a-b", "A & B", "You know Here one two How many? Why? Seen."),
                ("s-a-b-2", "A & B", "x = 1 Deep raw"),
            ]
        );
        let rendered = render(text, None);
        for (section, heading) in sections[1..].iter().zip(&rendered.headings) {
            assert_eq!((&section.id, &section.title), (&heading.id, &heading.title));
        }
    }
}
