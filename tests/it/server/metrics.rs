//! Figures for whoever operates the server.

use super::browser::{Answer, request};
use super::harness::{Server, Walls, Wanted};
use super::labs;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The value of the one line that starts with this name and these labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no {name} in:\n{text}"));
    line.parse().unwrap()
}

async fn read(address: &str, authorization: &[(&str, &str)]) -> Answer {
    request(address, "GET", "/metrics", authorization, b"").await
}

#[tokio::test]
async fn without_being_asked_for_they_are_not_there() {
    let server = Server::start(Wanted::new(Walls::Landlock, [])).await;
    server.get("/metrics").await.expect(404);
}

#[tokio::test]
async fn with_a_token_the_site_serves_them_to_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let mut wanted = Wanted::new(Walls::Landlock, [labs::plain("plain")]);
    wanted.config = format!("[metrics]\ntoken-file = '{}'\n", file.display());
    let server = Server::start(wanted).await;
    let id = server.ready_lab("plain").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;
    for wrong in ["", "Bearer ", "Bearer wrong", TOKEN, &format!("Basic {TOKEN}")] {
        let refused = read(&server.address, &[("authorization", wrong)]).await.expect(401);
        assert!(!refused.text().contains("halfway_"), "{}", refused.text());
    }
    let right = format!("Bearer {TOKEN}");
    let text = server
        .until("a tick that counts the session", async || {
            let answer = read(&server.address, &[("authorization", &right)]).await.expect(200);
            assert_eq!(
                answer.header("content-type"),
                "text/plain; version=0.0.4; charset=utf-8"
            );
            let text = answer.text();
            text.contains("halfway_sessions{state=\"ready\"} 1").then_some(text)
        })
        .await;
    assert!(value(&text, "halfway_awards_total") >= 1.0);
    assert!(value(&text, "halfway_session_ready_seconds_count{lab=\"plain\"}") >= 1.0);
    assert!(value(&text, "halfway_event_streams") >= 0.0);
    assert!(value(&text, "halfway_process_resident_memory_bytes") > 1e6);
    let start = "halfway_http_requests_total{method=\"POST\",route=\"/labs/{lab}/start\",status=\"303\"}";
    assert!(value(&text, start) >= 1.0);
    assert!(
        !text.contains(&id),
        "addresses with ids would make a series each: {text}"
    );
}

#[tokio::test]
async fn a_listener_of_their_own_serves_nothing_else() {
    let mut wanted = Wanted::new(Walls::Landlock, []);
    wanted.config = "[metrics]\nlisten = '127.0.0.1:0'\n".to_owned();
    let server = Server::start(wanted).await;
    let log = server.log();
    let (_, rest) = log.split_once("metrics on http://").unwrap_or_else(|| panic!("{log}"));
    let address = rest.split('/').next().unwrap();
    let text = read(address, &[]).await.expect(200).text();
    assert!(
        value(
            &text,
            &format!("halfway_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))
        ) > 0.0
    );
    for elsewhere in ["/", "/healthz", "/api/v1/sessions"] {
        request(address, "GET", elsewhere, &[], b"").await.expect(404);
    }
    server.get("/metrics").await.expect(404);
}
