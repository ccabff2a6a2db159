//! Turns a reader's events into those that are written: callouts, questions, bridges, figures, headings, links.

use std::collections::BTreeMap;

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::Heading;
use super::code;
use super::links::{self, Link};

/// Stands round the name of a place in the HTML. No Markdown brings it along: it is replaced before.
pub(super) const MARK: char = '\0';
/// Where the author wants the quiz.
pub(super) const QUIZ: &str = "quiz";
/// Before a section of the second level.
pub(super) const SECTION: &str = "section";

/// Quotes within quotes beyond this are written as they are.
const DEEPEST: usize = 12;

pub(super) struct Writer<'f> {
    figures: Option<&'f str>,
    pub headings: Vec<Heading>,
    /// Whether headings get ids.
    pub ids: bool,
    used: Ids,
}

/// Ids of headings: how often each was used.
#[derive(Default)]
pub(super) struct Ids(BTreeMap<String, usize>);

impl Ids {
    /// An id out of a title, unique in the text.
    pub fn next(&mut self, title: &str) -> String {
        let mut id: String = title
            .to_lowercase()
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        while id.contains("--") {
            id = id.replace("--", "-");
        }
        let id = id.trim_matches('-');
        let id = if id.is_empty() { "section" } else { id };
        let count = self.0.entry(id.to_owned()).or_insert(0);
        *count += 1;
        match *count {
            // A prefix of its own keeps a heading's id from meeting one of the page's.
            1 => format!("s-{id}"),
            again => format!("s-{id}-{again}"),
        }
    }
}

impl<'f> Writer<'f> {
    pub fn new(figures: Option<&'f str>) -> Self {
        Self {
            figures,
            headings: Vec::new(),
            ids: true,
            used: Ids::default(),
        }
    }

    pub fn blocks<'e>(&mut self, events: Vec<Event<'e>>, depth: usize) -> Vec<Event<'e>> {
        let mut out = Vec::with_capacity(events.len());
        let mut events = events.into_iter().peekable();
        // How each open link was written: a dropped one leaves its words.
        let mut links: Vec<bool> = Vec::new();
        while let Some(event) = events.next() {
            match event {
                Event::Start(Tag::BlockQuote(kind)) if depth < DEEPEST => {
                    let inner = take_until(
                        &mut events,
                        |tag| matches!(tag, Tag::BlockQuote(_)),
                        |end| matches!(end, TagEnd::BlockQuote(_)),
                    );
                    self.quote(kind, inner, depth, &mut out);
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let inner = take_until(&mut events, |_| false, |end| *end == TagEnd::CodeBlock);
                    let info = match &kind {
                        CodeBlockKind::Fenced(info) => info.as_ref(),
                        CodeBlockKind::Indented => "",
                    };
                    let printed = match events.peek() {
                        Some(Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(next))))
                            if code::has_output(info) && code::is_output(next) =>
                        {
                            events.next();
                            let inner = take_until(&mut events, |_| false, |end| *end == TagEnd::CodeBlock);
                            Some(words(&inner))
                        }
                        _ => None,
                    };
                    out.push(html(code::block(info, &words(&inner), printed.as_deref())));
                }
                Event::Start(Tag::Table(alignments)) => {
                    let inner = take_until(&mut events, |_| false, |end| *end == TagEnd::Table);
                    let class = if is_bridge(&inner) { "bridge" } else { "table" };
                    out.push(html(format!(
                        "<div class=\"{class}\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">"
                    )));
                    // Alignment would be a style attribute, which the page's policy refuses.
                    out.push(Event::Start(Tag::Table(vec![Alignment::None; alignments.len()])));
                    out.extend(self.blocks(inner, DEEPEST));
                    out.push(Event::End(TagEnd::Table));
                    out.push(html("</div>\n".into()));
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    let inner = take_until(&mut events, |_| false, |end| matches!(end, TagEnd::Heading(_)));
                    if depth == 0 && level <= HeadingLevel::H2 {
                        out.push(place(SECTION));
                    }
                    self.heading(level, inner, &mut out);
                }
                Event::Start(Tag::Paragraph) => {
                    let inner = take_until(&mut events, |_| false, |end| *end == TagEnd::Paragraph);
                    if let Some(figure) = self.figure(&inner) {
                        out.push(html(figure));
                    } else {
                        out.push(Event::Start(Tag::Paragraph));
                        out.extend(self.blocks(inner, DEEPEST));
                        out.push(Event::End(TagEnd::Paragraph));
                    }
                }
                Event::Start(Tag::Image { dest_url, title, .. }) => {
                    let inner = take_until(
                        &mut events,
                        |tag| matches!(tag, Tag::Image { .. }),
                        |end| *end == TagEnd::Image,
                    );
                    out.push(html(self.image(&dest_url, &words(&inner), &title).unwrap_or_default()));
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let opening = opening_of_link(&dest_url);
                    links.push(opening.is_some());
                    out.extend(opening.map(html));
                }
                Event::End(TagEnd::Link) => {
                    if links.pop() == Some(true) {
                        out.push(html("</a>".into()));
                    }
                }
                other => out.push(other),
            }
        }
        out
    }

    fn heading<'e>(&mut self, level: HeadingLevel, inner: Vec<Event<'e>>, out: &mut Vec<Event<'e>>) {
        // The page's title is the one heading of the first level.
        let level = match level {
            HeadingLevel::H1 | HeadingLevel::H2 => 2,
            HeadingLevel::H3 => 3,
            _ => 4,
        };
        let title = words(&inner);
        if !self.ids {
            out.push(html(format!("<h{level}>")));
            out.extend(self.blocks(inner, DEEPEST));
            out.push(html(format!("</h{level}>\n")));
            return;
        }
        let id = self.used.next(&title);
        out.push(html(format!("<h{level} id=\"{id}\">")));
        out.extend(self.blocks(inner, DEEPEST));
        out.push(html(format!(
            " <a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to {}\">#</a></h{level}>\n",
            code::escaped(&title)
        )));
        if level <= 3 {
            self.headings.push(Heading { level, id, title });
        }
    }

    fn quote<'e>(
        &mut self,
        kind: Option<BlockQuoteKind>,
        inner: Vec<Event<'e>>,
        depth: usize,
        out: &mut Vec<Event<'e>>,
    ) {
        if let Some(kind) = kind {
            let (class, title) = match kind {
                BlockQuoteKind::Note => ("note", "Note"),
                BlockQuoteKind::Tip => ("tip", "Tip"),
                BlockQuoteKind::Important => ("important", "Important"),
                BlockQuoteKind::Warning => ("warning", "Warning"),
                BlockQuoteKind::Caution => ("caution", "Caution"),
            };
            out.push(html(format!(
                "<div class=\"callout {class}\" role=\"note\"><p class=\"callout-title\">{title}</p>\n"
            )));
            out.extend(self.blocks(inner, depth + 1));
            out.push(html("</div>\n".into()));
            return;
        }
        if matches!(inner.first(), Some(Event::Start(Tag::Paragraph))) && words(&inner).trim() == "[!QUIZ]" {
            if depth == 0 {
                out.push(place(QUIZ));
            }
            return;
        }
        match Ask::of(inner) {
            Ok((ask, inner)) => self.ask(ask, inner, depth, out),
            Err(inner) => {
                out.push(Event::Start(Tag::BlockQuote(None)));
                out.extend(self.blocks(inner, depth + 1));
                out.push(Event::End(TagEnd::BlockQuote(None)));
            }
        }
    }

    fn ask<'e>(&mut self, ask: Ask, mut shown: Vec<Event<'e>>, depth: usize, out: &mut Vec<Event<'e>>) {
        let (class, title, press) = match ask {
            Ask::Question => ("question", "Question", "Show the answer"),
            Ask::Predict => ("predict", "Predict, then look", "Look"),
        };
        if let Some(line) = outermost(&shown, |event| matches!(event, Event::Rule)) {
            let hidden = shown.split_off(line + 1);
            shown.pop();
            out.push(html(format!(
                "<div class=\"ask {class}\"><p class=\"ask-title\">{title}</p>\n"
            )));
            out.extend(self.blocks(shown, depth + 1));
            out.push(html(format!("<details><summary>{press}</summary>\n")));
            out.extend(self.blocks(hidden, depth + 1));
            out.push(html("</details></div>\n".into()));
            return;
        }
        let end = outermost(&shown, |event| matches!(event, Event::End(TagEnd::Paragraph)));
        let rest = end.map_or_else(Vec::new, |end| shown.split_off(end + 1));
        shown.retain(|event| !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)));
        out.push(html(format!("<details class=\"ask {class}\"><summary>")));
        out.extend(self.blocks(shown, DEEPEST));
        out.push(html("</summary>\n".into()));
        out.extend(self.blocks(rest, depth + 1));
        out.push(html("</details>\n".into()));
    }

    /// A paragraph that is nothing but a picture.
    fn figure(&self, inner: &[Event<'_>]) -> Option<String> {
        let [
            Event::Start(Tag::Image { dest_url, title, .. }),
            middle @ ..,
            Event::End(TagEnd::Image),
        ] = inner
        else {
            return None;
        };
        if middle
            .iter()
            .any(|event| matches!(event, Event::Start(Tag::Image { .. })))
        {
            return None;
        }
        let image = self.image(dest_url, &words(middle), "")?;
        let caption = if title.is_empty() {
            String::new()
        } else {
            format!("<figcaption>{}</figcaption>", code::escaped(title))
        };
        Some(format!("<figure>{image}{caption}</figure>\n"))
    }

    fn image(&self, address: &str, words: &str, title: &str) -> Option<String> {
        let name = links::figure(address)?;
        let title = if title.is_empty() {
            String::new()
        } else {
            format!(" title=\"{}\"", code::escaped(title))
        };
        Some(format!(
            "<img src=\"{}{name}\" alt=\"{}\"{title} loading=\"lazy\">",
            code::escaped(self.figures?),
            code::escaped(words)
        ))
    }
}

/// A quote that asks.
#[derive(Clone, Copy)]
enum Ask {
    Question,
    Predict,
}

impl Ask {
    /// What the quote's first line says, and the rest of the quote; the quote as it was where it asks nothing.
    fn of(events: Vec<Event<'_>>) -> Result<(Self, Vec<Event<'_>>), Vec<Event<'_>>> {
        if !matches!(events.first(), Some(Event::Start(Tag::Paragraph))) {
            return Err(events);
        }
        let line = events[1..]
            .iter()
            .position(|event| !matches!(event, Event::Text(_)))
            .map_or(events.len(), |at| at + 1);
        let ask = match words(&events[1..line]).trim() {
            "[!QUESTION]" => Self::Question,
            "[!PREDICT]" => Self::Predict,
            _ => return Err(events),
        };
        let mut rest = events;
        let tail = rest.split_off(line);
        let rest = match tail.first() {
            // The marker was a paragraph of its own.
            Some(Event::End(TagEnd::Paragraph)) => tail.into_iter().skip(1).collect(),
            Some(Event::SoftBreak | Event::HardBreak) => std::iter::once(Event::Start(Tag::Paragraph))
                .chain(tail.into_iter().skip(1))
                .collect(),
            _ => std::iter::once(Event::Start(Tag::Paragraph)).chain(tail).collect(),
        };
        Ok((ask, rest))
    }
}

fn html(text: String) -> Event<'static> {
    Event::Html(text.into())
}

fn place(name: &str) -> Event<'static> {
    html(format!("{MARK}{name}{MARK}"))
}

/// The events up to the end that belongs to a start that was just taken; the end is taken too.
fn take_until<'e>(
    events: &mut impl Iterator<Item = Event<'e>>,
    starts: impl Fn(&Tag<'_>) -> bool,
    ends: impl Fn(&TagEnd) -> bool,
) -> Vec<Event<'e>> {
    let mut depth = 0_usize;
    let mut taken = Vec::new();
    for event in events {
        match &event {
            Event::Start(tag) if starts(tag) => depth += 1,
            Event::End(end) if ends(end) => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            _ => {}
        }
        taken.push(event);
    }
    taken
}

/// The first event outside any other that is wanted; an end counts as outside of what it ends.
fn outermost(events: &[Event<'_>], wanted: impl Fn(&Event<'_>) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    events.iter().position(|event| {
        if matches!(event, Event::End(_)) {
            depth = depth.saturating_sub(1);
        }
        let found = depth == 0 && wanted(event);
        if matches!(event, Event::Start(_)) {
            depth += 1;
        }
        found
    })
}

/// The words of events, without marks.
fn words(events: &[Event<'_>]) -> String {
    let mut out = String::new();
    for event in events {
        match event {
            Event::Text(text) | Event::Code(text) => out.push_str(text),
            Event::SoftBreak | Event::HardBreak => out.push(' '),
            _ => {}
        }
    }
    out
}

/// Whether a table's headings are those of the bridge from what an operator knows.
fn is_bridge(events: &[Event<'_>]) -> bool {
    let mut cells: Vec<String> = vec![];
    for event in events {
        match event {
            Event::Start(Tag::TableCell) => cells.push(String::new()),
            Event::End(TagEnd::TableHead) => break,
            Event::Text(text) | Event::Code(text) => {
                if let Some(cell) = cells.last_mut() {
                    cell.push_str(text);
                }
            }
            _ => {}
        }
    }
    cells == ["You know", "Here"]
}

/// The opening tag of a link; `None` where the address may not stand on a page.
fn opening_of_link(address: &str) -> Option<String> {
    // Headings of the text have a prefix before their id.
    let heading = address
        .strip_prefix('#')
        .filter(|id| !id.is_empty() && !id.starts_with("s-"));
    let href = match heading {
        Some(id) => format!("#s-{}", code::escaped(id)),
        None => code::escaped(address),
    };
    match links::kind(address) {
        Link::Own => Some(format!("<a href=\"{href}\">")),
        Link::External => Some(format!(
            "<a href=\"{href}\" rel=\"external noopener noreferrer\" referrerpolicy=\"no-referrer\">"
        )),
        Link::Dangerous => None,
    }
}
