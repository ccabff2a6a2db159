//! What a lesson's Markdown holds, with places in its file.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::content::markdown;

/// What the rules ask of a text.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Words that are read as text, code left out.
    pub words: usize,
    /// Words in blocks of code.
    pub code_words: usize,
    pub links: Vec<Place>,
    pub images: Vec<Place>,
    /// Raw HTML, comments left out.
    pub html: Vec<Range<usize>>,
    /// Quotes that begin with `[!PREDICT]`.
    pub predictions: usize,
    /// Quotes that begin with `[!QUESTION]`.
    pub questions: Vec<Range<usize>>,
    /// Quotes that are `[!QUIZ]`.
    pub quizzes: Vec<Range<usize>>,
    /// Whether there is a table `You know`, `Here`.
    pub bridge: bool,
    /// The last heading of the second level.
    pub last_section: Option<Range<usize>>,
    /// Words in bold in the last section.
    pub bold: Vec<String>,
}

/// A link or a picture.
#[derive(Debug)]
pub(super) struct Place {
    pub address: String,
    /// Words of the link, or the picture's alternative text.
    pub words: String,
    pub span: Range<usize>,
}

impl Text {
    /// Reads the Markdown that begins at byte `from` of a file.
    pub fn read(file: &str, from: usize) -> Self {
        let mut text = Self::default();
        let mut in_code = false;
        // What is open: places that collect the words within them.
        let mut open: Vec<(Open, String)> = Vec::new();
        let mut head: Vec<String> = Vec::new();
        for (event, range) in Parser::new_ext(&file[from..], markdown::OPTIONS).into_offset_iter() {
            let span = range.start + from..range.end + from;
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                Event::Start(Tag::Link { dest_url, .. }) => {
                    open.push((Open::Link(dest_url.into_string(), span), String::new()));
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    open.push((Open::Image(dest_url.into_string(), span), String::new()));
                }
                Event::Start(Tag::Strong) => open.push((Open::Bold, String::new())),
                Event::Start(Tag::TableHead) => head.clear(),
                Event::Start(Tag::TableCell) => open.push((Open::Cell, String::new())),
                Event::End(TagEnd::TableHead) => text.bridge |= head == ["You know", "Here"],
                Event::End(TagEnd::Link | TagEnd::Image | TagEnd::Strong | TagEnd::TableCell) => {
                    if let Some((what, words)) = open.pop() {
                        text.close(what, words, &mut head);
                    }
                }
                Event::Start(Tag::Heading {
                    level: HeadingLevel::H1 | HeadingLevel::H2,
                    ..
                }) => {
                    text.last_section = Some(span);
                    text.bold.clear();
                }
                Event::Start(Tag::BlockQuote(_)) => text.quote(file, span),
                Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_)
                    if !file[span.clone()].trim_start().starts_with("<!--") =>
                {
                    text.html.push(span);
                }
                Event::Text(words) | Event::Code(words) => {
                    let count = words
                        .split_whitespace()
                        .filter(|word| word.contains(char::is_alphanumeric))
                        .count();
                    if in_code {
                        text.code_words += count;
                    } else {
                        text.words += count;
                    }
                    for (_, collected) in &mut open {
                        collected.push_str(&words);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    for (_, collected) in &mut open {
                        collected.push(' ');
                    }
                }
                _ => {}
            }
        }
        text
    }

    fn close(&mut self, what: Open, words: String, head: &mut Vec<String>) {
        let place = |address, span, words| Place { address, words, span };
        match what {
            Open::Link(address, span) => self.links.push(place(address, span, words)),
            Open::Image(address, span) => self.images.push(place(address, span, words)),
            Open::Bold => self.bold.push(words),
            Open::Cell => head.push(words),
        }
    }

    fn quote(&mut self, file: &str, span: Range<usize>) {
        let first = file[span.clone()].lines().next().unwrap_or_default();
        match first.trim_start_matches(['>', ' ']).trim_end() {
            "[!PREDICT]" => self.predictions += 1,
            "[!QUESTION]" => self.questions.push(span),
            "[!QUIZ]" => self.quizzes.push(span),
            _ => {}
        }
    }
}

enum Open {
    Link(String, Range<usize>),
    Image(String, Range<usize>),
    Bold,
    Cell,
}
