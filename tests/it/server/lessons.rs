//! Lessons as the server gives them: a hostile author's runs nothing in a reader's page.

use super::harness::{Server, Walls, Wanted};
use super::labs;

const HOSTILE: &str = r#"---
minutes: 5
objectives:
  - { does: "<script>alert(1)</script> mark.", asked: a, practised: example }
sources:
  - { title: "<img src=x onerror=alert(1)>", url: "https://example.org/\"><script>alert(1)</script>" }
---
Text <script>alert(1)</script> and <img src=x onerror=alert(1)>, [a](javascript:alert(1)), [b](<java
script:alert(1)>), [c](data:text/html,<script>alert(1)</script>), <javascript:alert(1)>.

<iframe srcdoc="<script>alert(1)</script>"></iframe>

## <b onclick=alert(1)>Title</b> "><script>alert(1)</script>

![" onerror="alert(1)](figures/good.svg "\"><script>alert(1)</script>")
![x](figures/bad.svg) ![y](javascript:alert(1)) ![z](https://evil.example/p.png)

```python file=a.py"><script>alert(1)</script>
x
```

```yaml norun="<script>alert(1)</script>"
"><script>alert(1)</script>: 1
```

```console
$ echo '<script>alert(1)</script>'
<script>alert(1)</script>
```
"#;

async fn with_lesson(text: &str) -> Server {
    let mut server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    server.stop().await;
    let curriculum = server.labs().with_file_name("curriculum");
    let week = curriculum.join("w01-a");
    std::fs::create_dir_all(week.join("figures")).unwrap();
    for (path, text) in [
        (
            curriculum.join("course.yaml"),
            "title: T\nsummary: S\nmonths:\n  - { number: 1, title: M, gate: G }\n",
        ),
        (
            week.join("week.yaml"),
            "title: A\nmonth: 1\nsummary: S\noutcomes: [O]\nlessons:\n  - { slug: b, title: B }\n",
        ),
        (week.join("b.md"), text),
        (
            week.join("figures/good.svg"),
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        ),
        (
            week.join("figures/bad.svg"),
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        ),
    ] {
        std::fs::write(path, text).unwrap();
    }
    server.restart().await;
    server
}

#[tokio::test]
async fn a_hostile_lesson_runs_nothing_in_the_page() {
    // Without the address that is refused when it is read, so that the rest is shown.
    let server = with_lesson(&HOSTILE.replace(
        "url: \"https://example.org/\\\"><script>alert(1)</script>\"",
        "url: \"https://example.org/\"",
    ))
    .await;
    let page = server.get("/weeks/1/b").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let html = page.text();
    let lower = html.to_lowercase();
    for gone in [
        "<script>alert",
        "onerror=alert",
        "\" onerror=",
        "<iframe",
        "href=\"javascript",
        "href=\"data:",
        "<b onclick",
        "evil.example",
    ] {
        assert!(!lower.contains(gone), "{gone}: {html}");
    }
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    assert!(!page.header("content-security-policy").contains("unsafe"));
    // A picture is shown on its own without rights, and one that runs something is not served.
    let picture = server.get("/weeks/1/figures/good.svg").await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/svg+xml"));
    let policy = picture.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox"),
        "{policy}"
    );
    assert_eq!(server.get("/weeks/1/figures/bad.svg").await.status, 404);
}
