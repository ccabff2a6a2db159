//! A learner's browser, as far as measurements need it: pages, events, terminals.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// How long anything may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// One learner, told apart by a cookie.
#[derive(Clone)]
pub struct Learner {
    http: reqwest::Client,
    /// `http://127.0.0.1:port`
    origin: String,
    cookie: String,
}

/// One event of the stream.
#[derive(Debug)]
pub struct Event {
    pub kind: String,
    pub data: serde_json::Value,
}

impl Learner {
    /// The learner of that number.
    pub fn new(origin: &str, number: usize) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .build()
            .unwrap();
        Self {
            http,
            origin: origin.trim_end_matches('/').to_owned(),
            cookie: format!("bench={number}"),
        }
    }

    /// Presses a button: a form without a page around it. Gives the path that the answer leads to.
    pub async fn post(&self, path: &str) -> String {
        let answer = self
            .http
            .post(format!("{}{path}", self.origin))
            .header("cookie", &self.cookie)
            .header("origin", &self.origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("")
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_redirection(),
            "POST {path}: {} {:?}",
            answer.status(),
            answer.text().await
        );
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// A JSON document of the API.
    pub async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self
            .http
            .get(format!("{}{path}", self.origin))
            .header("cookie", &self.cookie)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Opens the stream of events.
    pub async fn events(&self) -> Events {
        let answer = self
            .http
            .get(format!("{}/events", self.origin))
            .header("cookie", &self.cookie)
            .header("accept", "text/event-stream")
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "GET /events: {}", answer.status());
        Events {
            body: answer.bytes_stream().boxed(),
            buffer: Vec::new(),
        }
    }

    /// Attaches to a terminal.
    pub async fn terminal(&self, session: &str, terminal: &str) -> Terminal {
        let address = self.origin.strip_prefix("http://").unwrap();
        let mut request = format!("ws://{address}/api/v1/sessions/{session}/terminals/{terminal}/stream")
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", self.origin.parse().unwrap());
        headers.insert("cookie", self.cookie.parse().unwrap());
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        Terminal(socket)
    }
}

/// The stream of events.
pub struct Events {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: Vec<u8>,
}

impl Events {
    /// The next event that `wanted` likes; others are passed over.
    pub async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        timeout(PATIENCE, async {
            loop {
                let event = self.next().await;
                if wanted(&event) {
                    return event;
                }
            }
        })
        .await
        .expect("the event comes in time")
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let record: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = parse(&String::from_utf8(record).unwrap()) {
                    return event;
                }
                continue;
            }
            let chunk = self.body.next().await.expect("the stream goes on").unwrap();
            self.buffer.extend_from_slice(&chunk);
        }
    }
}

fn parse(record: &str) -> Option<Event> {
    let field = |name: &str| {
        record
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim_start)
    };
    Some(Event {
        kind: field("event:")?.to_owned(),
        data: serde_json::from_str(field("data:")?).ok()?,
    })
}

/// An attached terminal.
pub struct Terminal(WebSocketStream<TcpStream>);

impl Terminal {
    /// The next bytes of the shell.
    pub async fn output(&mut self) -> bytes::Bytes {
        timeout(PATIENCE, async {
            loop {
                match self.0.next().await.expect("the terminal goes on").unwrap() {
                    Message::Binary(bytes) => return bytes,
                    Message::Close(frame) => panic!("the terminal was closed: {frame:?}"),
                    _ => {}
                }
            }
        })
        .await
        .expect("the shell says something")
    }

    /// Reads until the shell has said `text`; gives the number of bytes read.
    pub async fn until(&mut self, text: &str) -> u64 {
        let mut tail: Vec<u8> = Vec::new();
        let mut bytes = 0;
        loop {
            let chunk = self.output().await;
            bytes += chunk.len() as u64;
            tail.extend_from_slice(&chunk);
            if tail.windows(text.len()).any(|window| window == text.as_bytes()) {
                return bytes;
            }
            let keep = tail.len().saturating_sub(text.len());
            tail.drain(..keep);
        }
    }

    /// Types.
    pub async fn type_in(&mut self, text: &str) {
        self.0
            .send(Message::Binary(bytes::Bytes::copy_from_slice(text.as_bytes())))
            .await
            .unwrap();
    }
}
