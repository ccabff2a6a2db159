//! A running agent and its client.

use std::{
    ffi::OsStr,
    future::Future,
    io::Write as _,
    os::{
        fd::OwnedFd,
        unix::{net::UnixListener, process::CommandExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use halfway_agent::protocol::{ClientFrame, ServerFrame};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

pub const SESSION: &str = "session-of-the-test";

/// Runs a test with an end to it, so that a fault shows as a failure and not as silence.
pub fn test<F: Future<Output = ()>>(body: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_mins(2), body)
            .await
            .expect("the test waits for something that never comes");
    });
}

/// Says why a test is skipped, and fails instead where `HALFWAY_REQUIRE` names what is missing.
pub fn skip(part: &str, why: &str) {
    let required = std::env::var("HALFWAY_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name == "all" || name == part),
        "{part} is required here (HALFWAY_REQUIRE={required}) and missing: {why}"
    );
    let said = format!("SKIPPED agent test needs {part}: {why}");
    println!("{said}");
    if let Some(path) = std::env::var_os("HALFWAY_SKIPPED")
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path)
    {
        let _ = writeln!(file, "{said}");
    }
}

pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
}

/// A running agent; ended when dropped, with everything that it started.
pub struct Agent {
    pub child: Child,
    pub directory: tempfile::TempDir,
    socket: PathBuf,
    pub token: Option<String>,
}

/// Arguments that every agent of a test has.
pub fn arguments(directory: &Path) -> Vec<String> {
    let path = |name: &str| directory.join(name).display().to_string();
    [
        ["--session", SESSION],
        ["--install", "install-of-the-test"],
        ["--workspace", &path("workspace")],
        ["--home", &path("home")],
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect()
}

/// A directory with an empty workspace and home.
pub fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for name in ["workspace", "home"] {
        std::fs::create_dir(directory.path().join(name)).expect("an empty directory");
    }
    directory
}

impl Agent {
    pub fn start<S: AsRef<OsStr>>(more: &[S]) -> Self {
        Self::start_in(directory(), more)
    }

    pub fn start_in<S: AsRef<OsStr>>(directory: tempfile::TempDir, more: &[S]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_halfway-agent"));
        command.args(arguments(directory.path())).args(more);
        Self::spawn(directory, command)
    }

    /// Starts a command that becomes an agent, with the listening socket as its standard input.
    pub fn spawn(directory: tempfile::TempDir, mut command: Command) -> Self {
        let socket = directory.path().join("agent.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let child = command
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .process_group(0)
            .spawn()
            .expect("the agent starts");
        Self {
            child,
            directory,
            socket,
            token: None,
        }
    }

    pub fn workspace(&self) -> PathBuf {
        self.directory.path().join("workspace")
    }

    pub async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket)
            .await
            .expect("the socket takes connections")
    }

    /// Headers of an ordinary request.
    pub fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "agent")
            .header("halfway-session", SESSION);
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(self.connect().await))
            .await
            .expect("HTTP/1.1");
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await.expect("an answer")
    }

    /// Status and JSON of an answer; `null` for an empty body.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.send(with(self.request(method, path), body)).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a whole answer").to_bytes();
        if bytes.is_empty() {
            return (status, Value::Null);
        }
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> T {
        let (status, answer) = self.ask("POST", path, Some(body)).await;
        assert!(status < 300, "{path}: {status} {answer}");
        serde_json::from_value(answer).expect("the shape of the protocol")
    }

    /// Asserts that a request is refused, and with which kind of error.
    pub async fn refused(&self, method: &str, path: &str, body: Option<Value>, status: u16, kind: &str) {
        let (got, answer) = self.ask(method, path, body).await;
        assert_eq!(got, status, "{path}: {answer}");
        assert_eq!(answer["error"]["kind"], kind, "{path}: {answer}");
        assert!(answer["error"]["message"].is_string());
    }

    /// The lines of an NDJSON answer.
    pub async fn lines(&self, method: &str, path: &str, body: Option<Value>) -> Lines {
        let response = self.send(with(self.request(method, path), body)).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        Lines {
            body: response.into_body(),
            rest: Vec::new(),
        }
    }

    pub async fn terminal(&self, body: Value) -> String {
        let answer: Value = self.post("/v1/terminals", body).await;
        answer["id"].as_str().expect("an id").to_owned()
    }

    pub async fn stream(&self, id: &str, after: Option<u64>) -> Stream {
        let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
        let request = self
            .request("GET", &format!("ws://agent/v1/terminals/{id}/stream{query}"))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(())
            .expect("a request");
        let (socket, _) = tokio_tungstenite::client_async(request, self.connect().await)
            .await
            .expect("a WebSocket");
        let mut stream = Stream {
            socket,
            hello: ServerFrame::Sequence { sequence: 0 },
            position: 0,
            frames: Vec::new(),
        };
        stream.hello = match stream.next().await {
            Some(Frame::Text(hello @ ServerFrame::Hello { .. })) => hello,
            other => panic!("the first frame must be hello: {other:?}"),
        };
        if let ServerFrame::Hello { sequence, .. } = stream.hello {
            stream.position = sequence;
        }
        stream
    }

    /// Waits until nothing but the agent runs in the sandbox.
    pub async fn empty(&self) {
        while self.get("/v1/processes").await["processes"] != Value::Array(Vec::new()) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits for the agent's own end.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Resident memory of the agent in KiB.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the agent runs");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("a resident size");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // KILL alone would leave behind what runs in the sandbox.
        if let Some(pid) = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            for _ in 0..1000 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts a JSON body to a request.
pub fn with(request: http::request::Builder, body: Option<Value>) -> Request<Full<Bytes>> {
    match body {
        Some(body) => request
            .header("content-type", "application/json")
            .body(Full::from(body.to_string())),
        None => request.body(Full::default()),
    }
    .expect("a request")
}

pub struct Lines {
    body: Incoming,
    rest: Vec<u8>,
}

impl Lines {
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("a line of JSON"));
            }
            let frame = self.body.frame().await?.expect("a frame");
            self.rest.extend_from_slice(&frame.into_data().expect("data"));
        }
    }

    /// Waits for a line that answers to the predicate.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        while let Some(line) = self.next().await {
            if wanted(&line) {
                return line;
            }
        }
        panic!("the stream ended before the line came");
    }
}

#[derive(Debug)]
pub enum Frame {
    Output(Bytes),
    Text(ServerFrame),
}

/// A client at a terminal, which checks every number that it is told.
pub struct Stream {
    socket: WebSocketStream<UnixStream>,
    pub hello: ServerFrame,
    pub position: u64,
    /// Text frames so far, without hello.
    pub frames: Vec<ServerFrame>,
}

impl Stream {
    /// The next frame; `None` at the end.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Binary(bytes)) => {
                    self.position += bytes.len() as u64;
                    return Some(Frame::Output(bytes));
                }
                Ok(Message::Text(text)) => {
                    let frame: ServerFrame = serde_json::from_str(&text).expect("a frame of the protocol");
                    match frame {
                        ServerFrame::Sequence { sequence } => assert_eq!(sequence, self.position),
                        ServerFrame::Skipped { from, to } => {
                            assert_eq!(from, self.position);
                            self.position = to;
                        }
                        _ => {}
                    }
                    self.frames.push(frame.clone());
                    return Some(Frame::Text(frame));
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Output until it holds `needle`.
    pub async fn until(&mut self, needle: &str) -> Vec<u8> {
        let mut output = Vec::new();
        while !String::from_utf8_lossy(&output).contains(needle) {
            match self.next().await {
                Some(Frame::Output(bytes)) => output.extend_from_slice(&bytes),
                Some(Frame::Text(_)) => {}
                None => panic!("ended without {needle:?}: {:?}", String::from_utf8_lossy(&output)),
            }
        }
        output
    }

    /// Output until at least `count` bytes came.
    pub async fn at_least(&mut self, count: usize) -> Vec<u8> {
        let mut output = Vec::new();
        while output.len() < count {
            match self.next().await {
                Some(Frame::Output(bytes)) => output.extend_from_slice(&bytes),
                Some(Frame::Text(_)) => {}
                None => panic!("ended after {} bytes", output.len()),
            }
        }
        output
    }

    /// The next text frame that answers to the predicate.
    pub async fn frame(&mut self, wanted: impl Fn(&ServerFrame) -> bool) -> ServerFrame {
        loop {
            match self.next().await {
                Some(Frame::Text(frame)) if wanted(&frame) => return frame,
                Some(_) => {}
                None => panic!("ended before the frame came: {:?}", self.frames),
            }
        }
    }

    /// All output to the end.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        while let Some(frame) = self.next().await {
            if let Frame::Output(bytes) = frame {
                output.extend_from_slice(&bytes);
            }
        }
        output
    }

    pub async fn input(&mut self, bytes: &str) {
        self.socket
            .send(Message::Binary(Bytes::copy_from_slice(bytes.as_bytes())))
            .await
            .expect("input is taken");
    }

    pub async fn resize(&mut self, cols: u16, rows: u16) {
        let frame = serde_json::to_string(&ClientFrame::Resize { cols, rows }).expect("JSON");
        self.socket
            .send(Message::Text(frame.into()))
            .await
            .expect("a resize is taken");
    }
}
