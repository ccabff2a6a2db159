//! Requests that do not come from our own pages, and forms that are not what they should be.

use super::browser::{Answer, Terminal, request};
use super::harness::{Server, Walls, Wanted};
use super::labs;

/// Words that belong into the log alone.
const INTERNAL: [&str; 11] = [
    "os error",
    "panicked",
    "src/",
    ".rs",
    "SELECT",
    "sqlx",
    "Err(",
    "Some(",
    "serde",
    "unwrap",
    "backtrace",
];

fn refused(server: &Server, what: &str, answer: &Answer) {
    let text = answer.text();
    assert!((400..500).contains(&answer.status), "{what}: {} {text}", answer.status);
    for word in INTERNAL {
        assert!(!text.contains(word), "{what} tells {word:?}: {text}");
    }
    let reference = if answer.header("content-type").starts_with("application/json") {
        answer.json()["error"]["reference"].as_str().unwrap().to_owned()
    } else {
        let home = format!("http://{}/", server.address);
        assert!(
            text.contains("href=\"/\"") || text.contains(&home),
            "{what}: the page has a way out: {text}"
        );
        let (_, rest) = text
            .split_once("Reference <code>")
            .unwrap_or_else(|| panic!("{what}: {text}"));
        rest.split('<').next().unwrap().to_owned()
    };
    assert!(
        reference.len() >= 6 && server.log().contains(&reference),
        "{what}: {reference} is not in the log"
    );
}

/// A name, headers, and the status of the refusal.
type Foreign<'a> = (&'a str, Vec<(&'static str, &'a str)>, u16);

#[tokio::test]
async fn a_terminal_opens_for_our_own_page_alone() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    let list = server.get(&format!("/api/v1/sessions/{id}/terminals")).await.json();
    let terminal = list["terminals"][0]["id"].as_str().unwrap().to_owned();
    let own = format!("http://{}", server.address);
    let port = server.address.rsplit(':').next().unwrap();
    let other_name = format!("http://localhost:{port}");
    let rebound = format!("evil.example:{port}");
    let rebound_origin = format!("http://{rebound}");
    let foreign: [Foreign<'_>; 8] = [
        ("no origin", vec![], 403),
        ("null", vec![("origin", "null")], 403),
        ("a foreign one", vec![("origin", "http://evil.example")], 403),
        ("another port", vec![("origin", "http://127.0.0.1:1")], 403),
        ("another name", vec![("origin", &other_name)], 403),
        ("a longer name", vec![("origin", "http://127.0.0.1.evil.example")], 403),
        (
            "a rebound name",
            vec![("host", &rebound), ("origin", &rebound_origin)],
            421,
        ),
        ("a foreign host", vec![("host", "evil.example"), ("origin", &own)], 421),
    ];
    for (name, headers, status) in foreign {
        let refusal = Terminal::attach(&server.address, &id, &terminal, &headers).await.err();
        assert_eq!(refusal, Some(status), "{name}");
    }
    Terminal::attach(&server.address, &id, &terminal, &[("origin", &own)])
        .await
        .unwrap()
        .until("$")
        .await;
    // A terminal's address without the handshake.
    let plain = server
        .get(&format!("/api/v1/sessions/{id}/terminals/{terminal}/stream"))
        .await;
    refused(&server, "no handshake", &plain);
    let nobody = Terminal::attach(&server.address, &id, "nobody", &[("origin", &own)])
        .await
        .err();
    assert_eq!(nobody, Some(404));
}

#[tokio::test]
async fn names_that_are_not_ours_are_refused() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let port = server.address.rsplit(':').next().unwrap();
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "",
        "localhost@evil.example",
        "0.0.0.0",
        "[::",
    ] {
        for target in ["/", "/events", "/api/v1/sessions/x", "/assets/site.css", "/nowhere"] {
            let answer = request(&server.address, "GET", target, &[("host", host)], b"").await;
            assert!(matches!(answer.status, 400 | 421), "{host} {target}: {}", answer.status);
        }
    }
    for host in [
        "127.0.0.1".to_owned(),
        format!("localhost:{port}"),
        "LOCALHOST".to_owned(),
        format!("[::1]:{port}"),
    ] {
        assert_eq!(
            request(&server.address, "GET", "/", &[("host", &host)], b"")
                .await
                .status,
            200,
            "{host}"
        );
    }
    let twice = request(
        &server.address,
        "GET",
        "/",
        &[("host", "localhost"), ("host", "evil.example")],
        b"",
    )
    .await;
    assert!(matches!(twice.status, 400 | 421), "{}", twice.status);
    let absolute = request(&server.address, "GET", "http://evil.example/", &[], b"").await;
    assert!(matches!(absolute.status, 400 | 421), "{}", absolute.status);
    // A label that was never given out.
    let guessed = format!("{}.localhost:{port}", "a".repeat(32));
    let answer = request(&server.address, "GET", "/", &[("host", &guessed)], b"").await;
    refused(&server, "a guessed service", &answer);
}

#[tokio::test]
async fn other_sites_press_no_buttons() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    let own = format!("http://{}", server.address);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let foreign: [&[(&str, &str)]; 6] = [
        &[
            form,
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[form, ("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[form, ("sec-fetch-site", "cross-site")],
        &[form, ("sec-fetch-site", "same-site")],
        &[form, ("origin", "http://evil.example")],
        &[form, ("origin", &own), ("sec-fetch-site", "cross-site")],
    ];
    for headers in foreign {
        for (method, target) in [
            ("POST", format!("/sessions/{id}/end")),
            ("POST", format!("/sessions/{id}/reset")),
            ("POST", format!("/sessions/{id}/export")),
            ("POST", "/labs/plain/start".to_owned()),
            ("POST", format!("/api/v1/sessions/{id}/terminals")),
            ("POST", format!("/api/v1/sessions/{id}/files/upload?path=a.txt")),
            ("PUT", format!("/api/v1/sessions/{id}/files/content?path=word.txt")),
            ("DELETE", format!("/api/v1/sessions/{id}/files?path=word.txt")),
        ] {
            let answer = request(&server.address, method, &target, headers, b"x").await;
            assert_eq!(answer.status, 403, "{method} {target} {headers:?}: {}", answer.text());
            refused(&server, &target, &answer);
        }
    }
    assert_eq!(server.session(&id).await["state"], "ready");
    assert_eq!(
        std::fs::read_to_string(server.workspace(&id).join("word.txt")).unwrap(),
        "wrong\n"
    );
    // No page sets a cookie that another site could ride on, and none may be framed or read.
    for page in [
        "/",
        "/labs",
        "/labs/plain",
        "/history",
        "/settings",
        "/about",
        &format!("/sessions/{id}"),
        "/nowhere",
    ] {
        let answer = server.get(page).await;
        let cookie = answer.header("set-cookie").to_ascii_lowercase();
        assert!(cookie.is_empty() || cookie.contains("samesite"), "{page}: {cookie}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{page}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{page}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{page}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of requests")]
async fn fields_that_are_missing_huge_or_wrong_are_refused_in_words() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    let huge = format!("export={}", "a".repeat(200_000));
    let large = format!("path={}", "a".repeat(60_000));
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let api = format!("/api/v1/sessions/{id}");
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let pages = [
        ("/labs/plain/start".to_owned(), huge.as_str()),
        ("/labs/plain/start".to_owned(), "export=../../halfway.db"),
        ("/labs/plain/start".to_owned(), "export=nothing-of-that-name.tar.gz"),
        ("/labs/plain/start".to_owned(), "export=%ff%fe"),
        ("/labs/plain/start".to_owned(), "export=a&export=b"),
        ("/labs/nothing/start".to_owned(), ""),
        (format!("/sessions/{id}/reset-file"), ""),
        (format!("/sessions/{id}/reset-file"), large.as_str()),
        (format!("/sessions/{id}/reset-file"), "path=a&path=b"),
        (format!("/sessions/{id}/reset-file"), "path=no-such-file"),
        (format!("/sessions/{id}/hints/word"), "seen=-1"),
        (format!("/sessions/{id}/hints/word"), "seen=many"),
        (format!("/sessions/{id}/hints/nothing"), ""),
        (format!("/sessions/{id}/trials/word"), ""),
        (format!("/sessions/{id}/trials/nothing"), ""),
        (format!("/sessions/{id}/retry"), ""),
        (format!("/sessions/{id}/resume"), ""),
        (format!("/sessions/{id}/cancel"), ""),
        (format!("/sessions/{nobody}/end"), ""),
        (format!("/sessions/{nobody}/extend"), ""),
        (format!("/sessions/{nobody}/export"), ""),
        ("/sessions/nonsense/end".to_owned(), ""),
        ("/nowhere".to_owned(), ""),
        ("/".to_owned(), "a=b"),
    ];
    for (target, form) in &pages {
        let shown = format!("POST {target} {}", &form[..form.len().min(60)]);
        let answer = server.post(target, form).await;
        refused(&server, &shown, &answer);
        assert!(answer.header("content-type").starts_with("text/html"), "{shown}");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept", "application/json"),
        ];
        let answer = server.with("POST", target, &headers, form.as_bytes()).await;
        refused(&server, &shown, &answer);
        assert!(answer.header("content-type").starts_with("application/json"), "{shown}");
    }
    for (method, target, body) in [
        ("POST", format!("{api}/files"), "{"),
        ("POST", format!("{api}/files"), "[]"),
        ("POST", format!("{api}/files"), deep.as_str()),
        (
            "POST",
            format!("{api}/files"),
            "{\"kind\": \"socket\", \"path\": \"a\"}",
        ),
        ("POST", format!("{api}/files"), "{\"kind\": \"file\"}"),
        ("POST", format!("{api}/files"), "{\"kind\": \"file\", \"path\": 7}"),
        ("POST", format!("{api}/files"), "{\"kind\": \"file\", \"path\": \"\"}"),
        (
            "POST",
            format!("{api}/files"),
            "{\"kind\": \"file\", \"path\": \"word.txt\"}",
        ),
        ("POST", format!("{api}/files"), huge.as_str()),
        ("POST", format!("{api}/files/rename"), "{\"from\": \"word.txt\"}"),
        (
            "POST",
            format!("{api}/files/rename"),
            "{\"from\": \"nothing\", \"to\": \"a\"}",
        ),
        ("POST", format!("{api}/files/watch"), "{\"paths\": \"word.txt\"}"),
        ("POST", format!("{api}/terminals"), "{\"cols\": 70000}"),
        ("POST", format!("{api}/terminals"), "{\"cols\": -1}"),
        ("POST", format!("{api}/terminals"), "{\"name\": \"a\\u0000b\"}"),
        ("POST", format!("{api}/terminals"), "{\"unknown\": 1}"),
        ("DELETE", format!("{api}/terminals/nothing"), ""),
        ("DELETE", format!("{api}/files?path="), ""),
        ("DELETE", format!("{api}/files"), ""),
        ("PUT", format!("{api}/files/content"), "x"),
        ("PATCH", format!("{api}/files"), ""),
        ("GET", format!("{api}/nothing"), ""),
        ("GET", format!("/api/v1/sessions/{nobody}"), ""),
        ("GET", format!("/api/v1/sessions/{nobody}/files?path="), ""),
        ("GET", "/api/v1/sessions/nonsense".to_owned(), ""),
    ] {
        let shown = format!("{method} {target} {}", &body[..body.len().min(60)]);
        let answer = server.api(method, &target, body.as_bytes()).await;
        refused(&server, &shown, &answer);
        assert!(answer.header("content-type").starts_with("application/json"), "{shown}");
    }
    let large = vec![b'a'; 3 << 20];
    let answer = server
        .api("PUT", &format!("{api}/files/content?path=large"), &large)
        .await;
    assert_eq!(answer.status, 413);
    let answer = server
        .with(
            "POST",
            "/labs/plain/start",
            &[("content-type", "text/plain")],
            b"export=",
        )
        .await;
    refused(&server, "a form of another type", &answer);
    // What is no HTTP at all ends the connection and nothing else.
    let broken = request(&server.address, "GET / HTTP/1.1\r\nx", "/", &[], b"").await;
    assert_eq!(broken.status, 400);
    assert_eq!(server.session(&id).await["state"], "ready");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
