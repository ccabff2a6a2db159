//! The `http` probe: one request to a server of the learner's, through the agent. The server is hostile: header and
//! body are capped, and the whole exchange has one time limit, so that one that drips bytes gains nothing.

use std::collections::BTreeMap;

use bytes::Bytes;
use halfway_agent::protocol::ErrorKind;
use http::{HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

use super::no_agent;
use crate::model::Observation;
use crate::model::check::HttpProbe;
use crate::sandbox::{Sandbox, SandboxError};

/// Bytes kept of a body.
const BODY: usize = 1 << 20;

/// Bytes of a head.
const HEAD: usize = 64 << 10;

/// Header fields of a head.
const FIELDS: usize = 100;

/// Sends the request.
pub(super) async fn observe(probe: &HttpProbe, sandbox: Option<&Sandbox>) -> Observation {
    let Some(sandbox) = sandbox else { return no_agent() };
    let exchange = async {
        let stream = match sandbox.agent.dial_port(probe.port).await {
            Ok(stream) => stream,
            Err(error) => return failed(&error, probe.port),
        };
        exchange(probe, stream).await
    };
    match tokio::time::timeout(probe.timeout, exchange).await {
        Ok(observation) => observation,
        Err(_) => Observation::Unreadable(format!("no whole answer within {} ms", probe.timeout.as_millis())),
    }
}

fn failed(error: &SandboxError, port: u16) -> Observation {
    match error {
        SandboxError::Agent {
            kind: ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::Timeout,
            ..
        } => Observation::Absent(format!("nothing listens on port {port}")),
        SandboxError::Agent {
            kind: ErrorKind::Denied,
            ..
        } => Observation::Unreadable(format!("port {port} is not one that a server here may use")),
        SandboxError::NotRunning
        | SandboxError::AgentUnreachable(_)
        | SandboxError::AgentVersion { .. }
        | SandboxError::Agent {
            kind: ErrorKind::Limit, ..
        } => Observation::Blocked("the lab does not answer".to_owned()),
        other => Observation::Fault(other.to_string()),
    }
}

/// One request and its answer over a stream.
pub(super) async fn exchange(
    probe: &HttpProbe,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Observation {
    let request = match request(probe) {
        Ok(request) => request,
        Err(why) => return Observation::Fault(format!("the request cannot be made: {why}")),
    };
    let client = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD)
        .max_headers(FIELDS)
        .handshake(TokioIo::new(stream))
        .await;
    let (mut sender, connection) = match client {
        Ok(client) => client,
        Err(error) => return Observation::Unreadable(format!("not HTTP: {error}")),
    };
    // Polled beside the exchange, and gone with it: nothing stays behind.
    let answer = async {
        let response = match sender.send_request(request).await {
            Ok(response) => response,
            Err(error) => {
                return Observation::Unreadable(format!("the server's answer is not HTTP: {}", causes(&error)));
            }
        };
        read(response).await
    };
    tokio::pin!(answer);
    tokio::pin!(connection);
    tokio::select! {
        observation = &mut answer => observation,
        // The connection may end when all of the answer has been taken in, but before it was read.
        _ = &mut connection => answer.await,
    }
}

fn request(probe: &HttpProbe) -> Result<Request<Full<Bytes>>, http::Error> {
    let mut request = Request::builder()
        .method(Method::from_bytes(probe.method.as_bytes())?)
        .uri(if probe.path.starts_with('/') {
            probe.path.clone()
        } else {
            format!("/{}", probe.path)
        })
        .header(header::HOST, format!("localhost:{}", probe.port))
        .header(header::USER_AGENT, "halfway")
        .header(header::CONNECTION, "close");
    for (name, value) in &probe.headers {
        let (name, value) = (HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
        if let Some(headers) = request.headers_mut() {
            headers.insert(name, value);
        }
    }
    request.body(Full::new(Bytes::from(probe.body.clone())))
}

async fn read(response: http::Response<hyper::body::Incoming>) -> Observation {
    let (head, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Observation::Unreadable(format!("the answer breaks off: {}", causes(&error))),
        };
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > BODY {
                return Observation::Unreadable(format!("the answer's body has more than {} KiB", BODY >> 10));
            }
            bytes.extend_from_slice(&data);
        }
    }
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &head.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = headers.entry(name.as_str()).or_default();
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(&value);
    }
    let mut seen = Map::new();
    seen.insert("status".to_owned(), json!(head.status.as_u16()));
    seen.insert("headers".to_owned(), json!(headers));
    if let Ok(document) = serde_json::from_slice::<Value>(&bytes) {
        seen.insert("json".to_owned(), document);
    }
    seen.insert("body".to_owned(), json!(String::from_utf8_lossy(&bytes)));
    Observation::Value(Value::Object(seen))
}

/// An error and what caused it, in one line.
fn causes(error: &hyper::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}
