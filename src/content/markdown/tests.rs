use proptest::prelude::*;
use serde_json::json;

use super::*;

fn html_of(markdown: &str) -> String {
    render(markdown, Some("/weeks/1/figures/")).html
}

#[test]
fn raw_html_and_dangerous_links_are_dropped() {
    for (markdown, gone) in [
        ("<script>alert(1)</script>\n\ntext", "<script"),
        ("a <img src=x onerror=alert(1)> b", "onerror"),
        ("[x](javascript:alert(1))", "javascript"),
        ("[x](<java\tscript:alert(1)>)", "script:"),
        ("![x](javascript:alert(1))", "javascript"),
        ("![x](https://evil.example/p.png)", "evil"),
        ("<a href='javascript:x'>y</a>", "javascript"),
        ("[x](data:text/html,<script>)", "data:"),
        ("<javascript:alert(1)>", "href"),
        ("```\"><script>alert(1)\nx\n```", "<script"),
        ("## <b onclick=x>title</b>", "onclick"),
        ("[a][b]\n\n[b]: vbscript:x", "vbscript"),
        ("![\"><script>](figures/a.svg \"\\\"><script>\")", "<script"),
    ] {
        let html = html_of(markdown);
        assert!(!html.contains(gone), "{markdown}: {html}");
    }
    assert!(html_of("[x](javascript:alert(1)) y").contains("x y"));
}

#[test]
fn a_lesson_reads_as_it_should() {
    let rendered = render(include_str!("example.md"), Some("/weeks/1/figures/"));
    insta::assert_snapshot!(rendered.html);
    insta::assert_debug_snapshot!(rendered.headings);
}

#[test]
fn the_quiz_has_its_place() {
    for (markdown, after) in [
        ("a\n\n## b\n\n> [!QUIZ]\n\n## c\n", "<h2 id=\"s-c\""),
        ("a\n\n## b\n\nc\n\n## d\n\n> ## e\n", "<h2 id=\"s-d\""),
        ("a\n", ""),
        ("> [!QUIZ]\n\na\n\n> [!QUIZ]\n", "<p>a</p>"),
        ("a\n\n## b\n\n`\0quiz\0` \0section\0\n\n> > [!QUIZ]\n", "<h2 id=\"s-b\""),
    ] {
        let rendered = render(markdown, None);
        assert!(
            !rendered.html.contains('\0') && !rendered.html.contains("[!QUIZ]"),
            "{}",
            rendered.html
        );
        assert!(
            rendered.after_quiz().trim_start().starts_with(after),
            "{markdown}: {}",
            rendered.after_quiz()
        );
        assert_eq!(after.is_empty(), rendered.after_quiz().is_empty());
        assert_eq!(
            format!("{}{}", rendered.before_quiz(), rendered.after_quiz()),
            rendered.html
        );
    }
}

#[test]
fn a_fence_cannot_break_out_of_its_block() {
    for markdown in [
        "```python file=\"><script>alert(1)</script>\nx\n```",
        "```yaml norun=\"<script>alert(1)</script>\"\nx\n```",
        "```bash\nx\n```\n```output\n</pre><script>alert(1)</script>\n```",
        "```console\n$ <script>\n> <script>\n<script>\n```",
    ] {
        assert!(!html_of(markdown).contains("<script"), "{markdown}");
    }
}

#[test]
fn task_texts_have_their_parameters() {
    let parameters = [("seed".to_owned(), json!(42)), ("p".to_owned(), json!("amber-otter"))].into();
    insta::assert_snapshot!(render_task(
        "`train.py --seed ${seed}` makes **${p}**; `$${HOME}` stays.\n\n### More\n\n<b>no</b>",
        &parameters
    ));
}

#[test]
fn headings_have_ids_of_their_own() {
    let headings = render("## A & B\n\n### A: b\n\n## A & B\n\n## ***\n\n#### deep", None).headings;
    let ids: Vec<&str> = headings.iter().map(|heading| heading.id.as_str()).collect();
    assert_eq!(ids, ["s-a-b", "s-a-b-2", "s-a-b-3", "s-section"]);
}

proptest! {
    #[test]
    fn no_markdown_makes_a_script(text in "[a-c<>\"'/=:! \\[\\]()`#>|*_\n-]{0,80}|(<script>|javascript:|\\[a\\]\\(|> \\[!PREDICT\\]\n|> |---\n|\\)|\n|```|\\| a \\||!|<a href=){0,16}") {
        let html = render(&text, Some("/f/")).html.to_lowercase();
        prop_assert!(!html.contains("<script"));
        prop_assert!(!html.contains("href=\"javascript"));
    }

    #[test]
    fn no_markdown_panics(text in "\\PC{0,200}") {
        drop(render(&text, None));
    }
}
