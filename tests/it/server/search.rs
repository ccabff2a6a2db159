//! Search and glossary over HTTP: what is found, what is never found, and words that are no words.

use std::fs;

use serde_json::Value;

use super::harness::{Server, Walls, Wanted};
use super::labs;

const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// A server with a week of one lesson, a glossary of two terms, and a lab.
async fn server() -> Server {
    let mut server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let curriculum = server.labs().parent().unwrap().join("curriculum");
    for (path, text) in [
        (
            "course.yaml",
            "title: T\nsummary: S.\nmonths: [{ number: 1, title: M, gate: G }]\n".to_owned(),
        ),
        (
            "w01-first/week.yaml",
            format!("title: First\nmonth: 1\nsummary: S.\noutcomes: [O]\nlessons:\n  - {{ slug: walls, title: \"Two walls {HOSTILE}\" }}\n"),
        ),
        (
            "w01-first/walls.md",
            "---\nminutes: 5\nobjectives: [{ does: Find a leak. }]\n---\nA leak crosses.\n\n## The late column\n\nIt says `<script>alert(2)</script>`.\n\n> [!PREDICT]\n> How many?\n>\n> ---\n>\n> Sesquipedalian many.\n".to_owned(),
        ),
        (
            "glossary/leak.md",
            format!("---\nterm: Leak\nalso: [seepage]\nshort: \"Something gets through {HOSTILE}\"\ntaught: w01/walls\nsee: [wall]\n---\nIt *drips*, <b>raw</b>.\n"),
        ),
        (
            "glossary/wall.md",
            "---\nterm: Wall\nshort: Something that stands.\n---\nBricks.\n".to_owned(),
        ),
    ] {
        let path = curriculum.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    server.stop().await;
    server.restart().await;
    server
}

fn addresses(found: &Value) -> Vec<&str> {
    found["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["address"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_looked_for_is_found_and_nothing_that_is_hidden() {
    let server = server().await;
    let ask = async |words: &str| {
        server
            .get(&format!("/api/v1/search?q={words}"))
            .await
            .expect(200)
            .json()
    };
    let found = ask("leak").await;
    assert_eq!(addresses(&found), ["/glossary/leak", "/weeks/1/walls"]);
    assert_eq!(
        found["results"][0]["title"],
        serde_json::json!([{ "text": "Leak", "hit": true }])
    );
    assert_eq!(
        addresses(&ask("column%20LATE").await),
        ["/weeks/1/walls#s-the-late-column"]
    );
    assert_eq!(addresses(&ask("seepage").await), ["/glossary/leak"]);
    assert_eq!(addresses(&ask("wal").await)[0], "/glossary/wall");
    let typo = ask("colunm").await;
    assert_eq!(addresses(&typo), ["/weeks/1/walls#s-the-late-column"]);
    assert_eq!(
        typo["answered"],
        serde_json::json!({ "kind": "corrected", "words": "column" })
    );
    for hidden in ["sesquipedalian", "zzzz"] {
        assert!(addresses(&ask(hidden).await).is_empty(), "{hidden}");
    }
    let lesson = server.get("/weeks/1/walls").await.expect(200).text();
    assert!(
        lesson.contains("href=\"/glossary/leak\" aria-describedby=\"term-leak\">leak</a>"),
        "{lesson}"
    );
    assert!(!lesson.contains("<img src=x"), "{lesson}");
}

#[tokio::test]
async fn no_words_make_it_fail_and_none_become_markup() {
    let server = server().await;
    let huge = "x".repeat(5_000);
    for query in [
        "",
        "?",
        "?q",
        "?q=",
        "?q=%FF%FE",
        "?q=%00",
        "?q=%22%20OR%20*",
        "?q=NEAR(a%2Cb)",
        "?q=title%3A%5Ea",
        "?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        "?q=img",
        "?q=alert",
        "?q=a&q=b",
        "?other=1",
        "?q=%E2%80%AE%D8%A7%D9%84%D8%B9%D8%B1%D8%A8%D9%8A%D8%A9",
        &format!("?q={huge}"),
    ] {
        let page = server.get(&format!("/search{query}")).await.expect(200);
        let html = page.text();
        for markup in ["<script>alert", "<img src=x", "<img%20"] {
            assert!(!html.contains(markup), "{query}: {html}");
        }
        assert!(html.contains("<form role=\"search\""), "{query}");
        let answer = server.get(&format!("/api/v1/search{query}")).await;
        assert!(matches!(answer.status, 200 | 400), "{query}: {}", answer.status);
        assert!(answer.header("content-type").starts_with("application/json"), "{query}");
    }
    for (query, wanted) in [
        ("", "missing"),
        ("?other=1", "missing"),
        (&format!("?q={huge}"), "5000 characters"),
    ] {
        let answer = server.get(&format!("/api/v1/search{query}")).await.expect(400).json();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(wanted), "{message}");
    }
}

#[tokio::test]
async fn a_term_has_a_page() {
    let server = server().await;
    let list = server.get("/glossary").await.expect(200).text();
    for wanted in [
        "href=\"#letter-l\"",
        "id=\"letter-l\"",
        "href=\"/glossary/leak\"",
        "2 terms",
    ] {
        assert!(list.contains(wanted), "{wanted}: {list}");
    }
    let page = server.get("/glossary/leak").await.expect(200).text();
    for wanted in [
        "<em>drips</em>",
        "href=\"/weeks/1/walls\"",
        "href=\"/glossary/wall\"",
        "seepage",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert!(!page.contains("<b>raw") && !page.contains("<img src=x"), "{page}");
    for missing in ["nothing", "..%2F..%2Fetc", "%FF", "Leak", "%3Cscript%3E"] {
        let answer = server.get(&format!("/glossary/{missing}")).await;
        assert!(matches!(answer.status, 400 | 404), "{missing}: {}", answer.status);
        assert!(!answer.text().contains("<script>alert"), "{missing}");
    }
}
