//! Finds the words of the glossary in a text and links the first use of each.
//!
//! Works on a reader's events, never on HTML. Headings, links, code, pictures, the heads of tables and questions whose
//! answer is hidden are left as they are.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use pulldown_cmark::{Event, Tag};

use super::code::escaped;
use crate::model::glossary::Term;

/// Characters that make one word of what stands on both sides: `model.pkl`, `leak-free`.
const JOINS: [char; 4] = ['-', '_', '.', '@'];

/// The words of a glossary, ready to be looked for.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// By the first word of a phrase in lower case; the longest phrases first.
    phrases: HashMap<String, Vec<Phrase>>,
    /// One sentence a term, by slug.
    short: HashMap<String, String>,
}

#[derive(Clone, Debug)]
struct Phrase {
    words: Vec<Word>,
    length: usize,
    slug: String,
}

/// What stands between spaces.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    /// Names such as `SLO` and `MLflow` are meant only where they are written so.
    exact: bool,
}

impl Terms {
    /// The words of all terms.
    pub fn new<'t>(terms: impl IntoIterator<Item = &'t Term>) -> Self {
        let mut made = Self::default();
        for term in terms {
            made.short.insert(term.slug.clone(), term.short.clone());
            for phrase in term.words() {
                let words: Vec<Word> = phrase
                    .split_whitespace()
                    .map(|word| Word {
                        text: word.to_owned(),
                        exact: is_name(word),
                    })
                    .collect();
                let first = leading_word(phrase).to_lowercase();
                made.phrases.entry(first).or_default().push(Phrase {
                    words,
                    length: phrase.chars().count(),
                    slug: term.slug.clone(),
                });
            }
        }
        for phrases in made.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.length));
        }
        made
    }

    /// The first use of each term in a text that is not in `used` yet: bytes and slug, in order.
    fn find<'s>(&'s self, text: &str, used: &mut BTreeSet<&'s str>) -> Vec<(Range<usize>, &'s str)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = next_word(text, at) {
            let first = leading_word(&text[start..]);
            at = start + first.len();
            if !is_free(text, start) {
                continue;
            }
            let hit = self
                .phrases
                .get(&first.to_lowercase())
                .into_iter()
                .flatten()
                .find_map(|phrase| Some((start..phrase.end(text, start)?, phrase.slug.as_str())));
            if let Some((range, slug)) = hit {
                at = range.end;
                if used.insert(slug) {
                    found.push((range, slug));
                }
            }
        }
        found
    }
}

impl Phrase {
    /// Where the phrase ends that begins at `start`; `None` where it does not stand there as whole words.
    fn end(&self, text: &str, start: usize) -> Option<usize> {
        let mut at = start;
        for (number, word) in self.words.iter().enumerate() {
            if number > 0 {
                let space = text[at..].len() - text[at..].trim_start().len();
                if space == 0 {
                    return None;
                }
                at += space;
            }
            at += word.prefix_of(&text[at..])?;
        }
        ends_free(text, at).then_some(at)
    }
}

impl Word {
    /// How many bytes of the text it takes, where the text begins with it.
    fn prefix_of(&self, text: &str) -> Option<usize> {
        let mut rest = text.chars();
        for wanted in self.text.chars() {
            let there = rest.next()?;
            let same = there == wanted || (!self.exact && there.to_lowercase().eq(wanted.to_lowercase()));
            if !same {
                return None;
            }
        }
        Some(text.len() - rest.as_str().len())
    }
}

/// Whether case matters: a capital after the first letter, or one letter alone.
fn is_name(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    let first = letters.next();
    let mut rest = letters.peekable();
    match rest.peek() {
        None => first.is_some_and(char::is_uppercase),
        Some(_) => rest.any(char::is_uppercase),
    }
}

/// The letters and digits with which a text begins.
pub(in crate::content) fn leading_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    &text[..end]
}

/// Where the next letter or digit stands that has none before it.
fn next_word(text: &str, from: usize) -> Option<usize> {
    text[from..].find(char::is_alphanumeric).map(|at| from + at)
}

/// Whether a word that begins here is no part of a longer one.
fn is_free(text: &str, start: usize) -> bool {
    let mut before = text[..start].chars().rev();
    match before.next() {
        Some(c) if JOINS.contains(&c) => !before.next().is_some_and(char::is_alphanumeric) && c != '_',
        Some(c) => !c.is_alphanumeric(),
        None => true,
    }
}

/// Whether a word that ends here is no part of a longer one.
fn ends_free(text: &str, end: usize) -> bool {
    let mut after = text[end..].chars();
    match after.next() {
        Some(c) if JOINS.contains(&c) => !after.next().is_some_and(char::is_alphanumeric) && c != '_',
        Some(c) => !c.is_alphanumeric(),
        None => true,
    }
}

/// The events with the first use of each term linked, and the slugs of these terms.
pub(super) fn linked<'e>(events: Vec<Event<'e>>, terms: &Terms) -> (Vec<Event<'e>>, Vec<String>) {
    if terms.phrases.is_empty() {
        return (events, Vec::new());
    }
    let mut out = Vec::with_capacity(events.len());
    let mut used = BTreeSet::new();
    // Whether each open element is to be left alone.
    let mut open: Vec<bool> = Vec::new();
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        match event {
            Event::Text(_) => {
                let mut run = vec![event];
                while let Some(more) = events.next_if(|event| matches!(event, Event::Text(_) | Event::SoftBreak)) {
                    run.push(more);
                }
                let text = words(&run);
                if let [.., quote, _] = open.as_mut_slice()
                    && matches!(
                        out.last_chunk(),
                        Some([Event::Start(Tag::BlockQuote(None)), Event::Start(Tag::Paragraph)])
                    )
                    && text.starts_with("[!")
                {
                    *quote = true;
                }
                if open.contains(&true) {
                    out.extend(run);
                } else {
                    mark(run, &text, &terms.find(&text, &mut used), terms, &mut out);
                }
            }
            Event::Start(tag) => {
                open.push(is_left_alone(&tag));
                out.push(Event::Start(tag));
            }
            Event::End(end) => {
                open.pop();
                out.push(Event::End(end));
            }
            other => out.push(other),
        }
    }
    (out, used.into_iter().map(str::to_owned).collect())
}

fn is_left_alone(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Heading { .. } | Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_) | Tag::TableHead
    )
}

/// Words of a run, with a line break where its lines end.
fn words(run: &[Event<'_>]) -> String {
    run.iter()
        .map(|event| match event {
            Event::Text(text) => text.as_ref(),
            _ => "\n",
        })
        .collect()
}

fn mark<'e>(run: Vec<Event<'e>>, text: &str, found: &[(Range<usize>, &str)], terms: &Terms, out: &mut Vec<Event<'e>>) {
    if found.is_empty() {
        out.extend(run);
        return;
    }
    let plain = |text: &str, out: &mut Vec<Event<'e>>| {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                out.push(Event::SoftBreak);
            }
            if !line.is_empty() {
                out.push(Event::Text(line.to_owned().into()));
            }
        }
    };
    let mut at = 0;
    for (range, slug) in found {
        plain(&text[at..range.start], out);
        out.push(html(format!(
            "<span class=\"termed\"><a class=\"term\" href=\"/glossary/{slug}\" aria-describedby=\"term-{slug}\">"
        )));
        plain(&text[range.clone()], out);
        let short = terms.short.get(*slug).map_or("", String::as_str);
        // `popover` hides the sentence also where no style is loaded.
        out.push(html(format!(
            "</a><span class=\"tip\" id=\"term-{slug}\" role=\"tooltip\" popover=\"manual\">{}</span></span>",
            escaped(short)
        )));
        at = range.end;
    }
    plain(&text[at..], out);
}

fn html(text: String) -> Event<'static> {
    Event::InlineHtml(text.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{render_lesson, terms_used};
    use super::*;

    fn term(slug: &str, term: &str, also: &[&str]) -> Term {
        Term {
            slug: slug.into(),
            term: term.into(),
            also: also.iter().map(|&word| word.to_owned()).collect(),
            short: format!("What \"{slug}\" <is>."),
            taught: None,
            see: Vec::new(),
            markdown: String::new(),
            source: String::new(),
        }
    }

    fn terms() -> Terms {
        Terms::new(&[
            term("data-leakage", "Data leakage", &["leak", "target leakage"]),
            term("leakage", "Leakage", &[]),
            term("slo", "SLO", &["service level objective"]),
            term("ab-test", "A/B test", &[]),
            term("split", "Split", &["train/test split"]),
        ])
    }

    /// The text with each link as `[slug:words]` and without tips.
    fn shown(markdown: &str) -> String {
        let (events, _) = linked(pulldown_cmark::Parser::new(markdown).collect(), &terms());
        let mut out = String::new();
        for event in events {
            match event {
                Event::InlineHtml(html) => {
                    match html.strip_prefix("<span class=\"termed\"><a class=\"term\" href=\"/glossary/") {
                        Some(rest) => out.extend(["[", rest.split('"').next().unwrap(), ":"]),
                        None => out.push(']'),
                    }
                }
                Event::Text(text) | Event::Code(text) => out.push_str(&text),
                Event::SoftBreak => out.push('|'),
                Event::End(_) => out.push(' '),
                _ => {}
            }
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_first_use_is_linked_and_no_other() {
        for (markdown, wanted) in [
            ("A leak, and a leak.", "A [data-leakage:leak], and a leak."),
            (
                "Data leakage is leakage.",
                "[data-leakage:Data leakage] is [leakage:leakage].",
            ),
            ("of data\nleakage.", "of [data-leakage:data|leakage]."),
            ("# A leak\n\nA **LEAK**", "A leak A [data-leakage:LEAK]"),
            ("`leak` [a leak](/x) leak", "leak a leak [data-leakage:leak]"),
            (
                "leaks, leak-free, leak.py, my_leak, bleak",
                "leaks, leak-free, leak.py, my_leak, bleak",
            ),
            ("(leak) a leak's end", "([data-leakage:leak]) a leak's end"),
            ("slo and Slo, SLO.", "slo and Slo, [slo:SLO]."),
            ("A/B test, a/b test", "[ab-test:A/B test], a/b test"),
            ("a/b test", "a/b test"),
            ("train/test split", "[split:train/test split]"),
            ("```\nleak\n```\n\nleak", "leak [data-leakage:leak]"),
            (
                "> [!PREDICT]\n> Is it a leak?\n>\n> ---\n>\n> A leak.\n\nleak",
                "[!PREDICT]|Is it a leak? A leak. [data-leakage:leak]",
            ),
            ("> A leak.", "A [data-leakage:leak]."),
            ("![a leak](figures/a.svg) leak", "a leak [data-leakage:leak]"),
        ] {
            assert_eq!(shown(markdown), wanted, "{markdown}");
        }
    }

    #[test]
    fn the_sentence_stands_beside_the_link_and_is_escaped() {
        let rendered = render_lesson("## Leak\n\n| Leak |\n|---|\n| a leak |", None, &terms());
        assert!(rendered.html.contains("a <span class=\"termed\"><a class=\"term\" href=\"/glossary/data-leakage\" aria-describedby=\"term-data-leakage\">leak</a><span class=\"tip\" id=\"term-data-leakage\" role=\"tooltip\" popover=\"manual\">What &quot;data-leakage&quot; &lt;is&gt;.</span></span>"), "{}", rendered.html);
        assert_eq!(rendered.html.matches("class=\"term\"").count(), 1);
        assert_eq!(rendered.headings[0].title, "Leak");
        assert_eq!(terms_used("A leak in the SLO.", &terms()), ["data-leakage", "slo"]);
    }

    proptest! {
        #[test]
        fn nothing_but_links_is_added(text in "([Ll]eak|[Dd]ata leakage|SLO|split|[a-z ÀßİŁ_./-]|\n|\\*|`|\\[|\\]|\\(|> |# ){0,40}") {
            let plain = pulldown_cmark::Parser::new(&text).collect::<Vec<_>>();
            let all = |events: &[Event<'_>]| events.iter().filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.to_string()),
                Event::SoftBreak => Some("\n".into()),
                _ => None,
            }).collect::<String>();
            let before = all(&plain);
            let (events, used) = linked(plain, &terms());
            prop_assert_eq!(before, all(&events));
            let links = events.iter().filter(|event| matches!(event, Event::InlineHtml(html) if html.starts_with("<span class=\"termed\"><a class=\"term\""))).count();
            prop_assert_eq!(links, used.len());
        }
    }
}
