//! Small texts of authors within a page's own markup: a question's, a choice's.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::blocks::Writer;

/// Within a fragment nothing is a section of the lesson.
const BELOW: usize = 1;

fn events(markdown: &str) -> Vec<Event<'_>> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
        .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)))
        .collect()
}

fn written(events: Vec<Event<'_>>, figures: Option<&str>) -> String {
    let mut writer = Writer::new(figures);
    writer.ids = false;
    let mut out = String::new();
    html::push_html(&mut out, writer.blocks(events, BELOW).into_iter());
    out
}

/// Blocks without ids, so that several may stand on one page. Pictures are looked for as by [`super::render`].
#[must_use]
pub fn fragment(markdown: &str, figures: Option<&str>) -> String {
    written(events(markdown), figures)
}

/// One line, to stand within a paragraph or a label: blocks are joined by spaces, pictures dropped.
#[must_use]
pub fn inline(markdown: &str) -> String {
    let line = events(markdown)
        .into_iter()
        .filter_map(|event| match event {
            Event::Text(_)
            | Event::Code(_)
            | Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link) => Some(event),
            Event::SoftBreak | Event::HardBreak | Event::End(_) => Some(Event::Text(" ".into())),
            _ => None,
        })
        .collect();
    written(line, None).trim_end().to_owned()
}

/// The words alone, for a list or a title.
#[must_use]
pub fn plain(markdown: &str) -> String {
    let mut words = String::new();
    for event in events(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::Item) => {
                words.push(' ');
            }
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_line() {
        assert_eq!(
            inline("`a < b` and *c*, **d**,\ne"),
            "<code>a &lt; b</code> and <em>c</em>, <strong>d</strong>, e"
        );
        assert_eq!(inline("- one\n- two\n\n# three"), "one two  three");
        assert_eq!(inline("<b onclick=x>a</b> ![p](figures/p.svg)"), "a p");
        assert_eq!(
            inline("[a](javascript:x) [b](/weeks/1)"),
            "a <a href=\"/weeks/1\">b</a>"
        );
    }

    #[test]
    fn plain_words_are_no_markup() {
        assert_eq!(plain("A *b*\n`c <d>`:\n\n- e\n- f\n\n<b>g</b>"), "A b c <d>: e f g");
    }

    #[test]
    fn a_fragment_has_blocks_and_no_ids() {
        let html = fragment(
            "A\n\n```yaml\na: 1\n```\n\n## B\n\n<script>x</script>\n\n![p](figures/p.svg)",
            Some("/f/"),
        );
        assert!(html.starts_with("<p>A</p>"), "{html}");
        assert!(
            html.contains("<h2>B</h2>") && html.contains("src=\"/f/p.svg\""),
            "{html}"
        );
        assert!(
            !html.contains("script") && !html.contains(" id=") && !html.contains('\0'),
            "{html}"
        );
    }
}
