//! A learner's browser, as far as tests need it: requests as they are written, the stream of events, terminals.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// After so long a test that waits has failed: far more than anything takes on a loaded machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The header of that lower-case name; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// The word of an error of the API.
    pub fn kind(&self) -> String {
        self.json()["error"]["kind"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// Sends exactly these bytes as the target and headers, so that nothing is tidied up on the way.
pub async fn request(address: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    let has = |name: &str| headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    if !has("host") {
        head.extend_from_slice(format!("host: {address}\r\n").as_bytes());
    }
    if !has("content-length") && (!body.is_empty() || !matches!(method, "GET" | "HEAD")) {
        head.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    for (name, value) in headers {
        head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    head.extend_from_slice(b"connection: close\r\n\r\n");
    timeout(PATIENCE, async {
        let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
        let answer = tokio::spawn(async move {
            let mut bytes = Vec::new();
            // A server that refuses a body closes while it is still being sent: what it said counts.
            let _ = from.read_to_end(&mut bytes).await;
            bytes
        });
        let _ = to.write_all(&head).await;
        let _ = to.write_all(body).await;
        parse(&answer.await.unwrap())
    })
    .await
    .unwrap_or_else(|_| panic!("{method} {target} is answered"))
}

fn parse(bytes: &[u8]) -> Answer {
    let end = find(bytes, b"\r\n\r\n").unwrap_or_else(|| panic!("an answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = bytes[end + 4..].to_vec();
    if headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked")
    {
        body = unchunked(&body);
    }
    Answer { status, headers, body }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(line) = find(bytes, b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        let from = line + 2;
        if size == 0 || bytes.len() < from + size {
            break;
        }
        whole.extend_from_slice(&bytes[from..from + size]);
        bytes = &bytes[(from + size + 2).min(bytes.len())..];
    }
    whole
}

pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// One event of the stream.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: i64,
    pub kind: String,
    pub data: Value,
}

/// The stream of events.
pub struct Events {
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Events {
    /// Opens it; it is open when this returns.
    pub async fn open(address: &str, last: Option<i64>) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let query = last.map(|last| format!("?last={last}")).unwrap_or_default();
        let answer = client
            .get(format!("http://{address}/events{query}"))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "GET /events: {}", answer.status());
        let mut events = Self {
            body: answer.bytes_stream().boxed(),
            buffer: Vec::new(),
        };
        events.until(|event| event.kind == "ping").await;
        events
    }

    /// The next event that `wanted` likes; others are passed over.
    #[track_caller]
    pub fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> impl Future<Output = Event> {
        let place = std::panic::Location::caller();
        async move {
            let found = timeout(PATIENCE, async {
                loop {
                    let event = self.next().await;
                    if wanted(&event) {
                        return event;
                    }
                }
            });
            found.await.unwrap_or_else(|_| panic!("no such event came: {place}"))
        }
    }

    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(end) = find(&self.buffer, b"\n\n") {
                let record: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = event(&String::from_utf8(record).unwrap()) {
                    return event;
                }
                continue;
            }
            let chunk = self.body.next().await.expect("the stream of events goes on").unwrap();
            self.buffer.extend_from_slice(&chunk);
        }
    }
}

fn event(record: &str) -> Option<Event> {
    let field = |name: &str| {
        record
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim_start)
    };
    Some(Event {
        id: field("id:").and_then(|id| id.parse().ok()).unwrap_or_default(),
        kind: field("event:")?.to_owned(),
        data: serde_json::from_str(field("data:")?).ok()?,
    })
}

/// An attached terminal.
pub struct Terminal {
    socket: WebSocketStream<TcpStream>,
    /// What it has said and nobody has asked for yet.
    unread: Vec<u8>,
}

impl Terminal {
    /// Attaches, from the oldest byte that is kept. An error is the status of the refusal.
    pub async fn attach(
        address: &str,
        session: &str,
        terminal: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/api/v1/sessions/{session}/terminals/{terminal}/stream")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        match timeout(PATIENCE, tokio_tungstenite::client_async(request, stream))
            .await
            .expect("an answer")
        {
            Ok((socket, _)) => Ok(Self {
                socket,
                unread: Vec::new(),
            }),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("the handshake broke off: {error}"),
        }
    }

    /// Types.
    pub async fn type_in(&mut self, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.socket.send(Message::Binary(bytes)).await.unwrap();
    }

    /// Reads until the shell has said `text`; gives all up to its end.
    pub async fn until(&mut self, text: &str) -> String {
        let reading = timeout(PATIENCE, async {
            loop {
                if let Some(at) = find(&self.unread, text.as_bytes()) {
                    let said: Vec<u8> = self.unread.drain(..at + text.len()).collect();
                    return String::from_utf8_lossy(&said).into_owned();
                }
                match self.socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => self.unread.extend_from_slice(&bytes),
                    Some(Ok(Message::Close(frame))) => panic!("the terminal was closed: {frame:?}"),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => panic!("the terminal broke off: {error}"),
                    None => panic!("the terminal ended"),
                }
            }
        });
        match reading.await {
            Ok(said) => said,
            Err(late) => panic!(
                "{late}: the terminal never said {text:?}, only {:?}",
                String::from_utf8_lossy(&self.unread)
            ),
        }
    }

    /// Runs a line in the shell; gives what was printed up to its end, and its exit code.
    pub async fn run(&mut self, line: &str) -> (String, i32) {
        // No mark comes twice, since a terminal tells again what it has said before.
        static LINES: AtomicU32 = AtomicU32::new(0);
        let number = LINES.fetch_add(1, Ordering::Relaxed);
        let mark = format!("done-{number}:");
        // What is typed is echoed, so the mark is typed in two pieces.
        self.type_in(&format!("{line}\necho 'do''ne-{number}:'$?';'\n")).await;
        let said = self.until(&mark).await;
        let code = self.until(";").await;
        (said, code.trim_end_matches(';').parse().unwrap())
    }
}
