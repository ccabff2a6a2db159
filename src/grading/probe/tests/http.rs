//! Servers as a learner might write them, by accident or on purpose.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::grading::probe::http::exchange;
use crate::model::Observation;
use crate::model::check::HttpProbe;

/// The patience with a server that never comes to an end.
const SHORT: Duration = Duration::from_millis(100);

fn probe() -> HttpProbe {
    HttpProbe {
        port: 8080,
        path: "/predict".to_owned(),
        method: "POST".to_owned(),
        headers: BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]),
        body: "{}".to_owned(),
        timeout: Duration::from_secs(2),
    }
}

/// What is observed of a server that reads the request's head and does `serve`.
async fn of<F: Future<Output = ()> + Send>(
    serve: impl FnOnce(DuplexStream, String) -> F + Send + 'static,
) -> Observation {
    within(Duration::from_mins(1), serve).await
}

async fn within<F: Future<Output = ()> + Send>(
    patience: Duration,
    serve: impl FnOnce(DuplexStream, String) -> F + Send + 'static,
) -> Observation {
    let (ours, mut theirs) = tokio::io::duplex(16 << 10);
    let server = async move {
        let mut request = Vec::new();
        while !request.ends_with(b"{}") {
            let mut piece = [0; 1024];
            match theirs.read(&mut piece).await {
                Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
                _ => return,
            }
        }
        serve(theirs, String::from_utf8_lossy(&request).into_owned()).await;
    };
    let probe = probe();
    let client = tokio::time::timeout(patience, exchange(&probe, ours));
    tokio::pin!(server);
    tokio::pin!(client);
    let mut is_over = false;
    loop {
        tokio::select! {
            seen = &mut client => {
                return seen.unwrap_or_else(|_| Observation::Unreadable("time".to_owned()));
            }
            () = &mut server, if !is_over => is_over = true,
        }
    }
}

async fn answer(bytes: &'static [u8]) -> Observation {
    of(move |mut stream, _| async move {
        stream.write_all(bytes).await.unwrap();
    })
    .await
}

fn why(seen: Observation) -> String {
    match seen {
        Observation::Unreadable(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_is_taken_in() {
    let seen = of(|mut stream, request| async move {
        assert!(request.starts_with("POST /predict HTTP/1.1\r\n"));
        assert!(request.contains("host: localhost:8080\r\n"));
        let head = b"HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\ncontent-length: 11\r\n\r\n";
        stream.write_all(head).await.unwrap();
        stream.write_all(b"{\"ok\":true}").await.unwrap();
    })
    .await;
    let Observation::Value(seen) = seen else {
        panic!("{seen:?}")
    };
    assert_eq!(seen["status"], 201);
    assert_eq!(seen["headers"]["x-a"], "1, 2");
    assert_eq!(seen["json"], json!({"ok": true}));
    assert_eq!(seen["body"], "{\"ok\":true}");
}

#[tokio::test]
async fn a_body_that_is_no_json_has_none() {
    let seen = answer(b"HTTP/1.1 200 OK\r\n\r\n<p>").await;
    let Observation::Value(seen) = seen else {
        panic!("{seen:?}")
    };
    assert_eq!((seen.get("json"), &seen["body"]), (None, &json!("<p>")));
}

#[tokio::test]
async fn what_is_no_http_is_told() {
    assert!(why(answer(b"SSH-2.0-OpenSSH\r\n").await).contains("not HTTP"));
    assert!(why(answer(b"").await).contains("not HTTP"));
    assert!(why(answer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await).contains("breaks off"));
}

#[tokio::test]
async fn a_head_without_end_is_not_read_to_its_end() {
    let seen = of(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        // Until the client has had enough.
        while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
    })
    .await;
    assert!(why(seen).contains("not HTTP"));
    let seen = of(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(b"x: y\r\n").await.is_ok() {}
    })
    .await;
    assert!(why(seen).contains("not HTTP"));
}

#[tokio::test]
async fn a_body_without_end_is_not_kept() {
    let seen = of(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'y'; 4096]).await.is_ok() {}
    })
    .await;
    assert!(why(seen).contains("more than 1024 KiB"));
}

#[tokio::test]
async fn a_server_that_drips_gains_nothing() {
    let seen = within(SHORT, |mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        loop {
            // The client takes every single byte by itself.
            tokio::task::yield_now().await;
            if stream.write_all(b".").await.is_err() {
                return;
            }
        }
    })
    .await;
    assert_eq!(why(seen), "time");
    let silent = within(SHORT, |stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    assert_eq!(why(silent), "time");
}
