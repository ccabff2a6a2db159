//! The proxy itself: CONNECT, and requests in absolute form, over a unix socket (RFC 9110, RFC 9112).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::SOCKET;
use super::policy::{Policy, Refusal, Route};
use crate::sandbox::folder::{beneath, open_directory};

/// Connections of one session at once.
const CONNECTIONS: usize = 64;
/// Bytes of a request's head.
const LARGEST_HEAD: usize = 32 * 1024;
/// How long a program may take to say what it wants, or a host to answer a call.
const PATIENCE: Duration = Duration::from_secs(20);

/// Headers that belong to one hop.
const HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

type Body = BoxBody<Bytes, hyper::Error>;

/// A proxy that listens until it is dropped.
pub(super) struct EgressProxy(tokio::task::JoinHandle<()>);

impl Drop for EgressProxy {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl EgressProxy {
    /// Listens in the directory, which is made if need be.
    pub(super) fn start(directory: &Path, policy: Policy) -> std::io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        // The sandbox's user walks in and connects; nobody else reaches the directory above.
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755))?;
        let opened = open_directory(directory)?;
        match std::fs::remove_file(directory.join(SOCKET)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(beneath(&opened, SOCKET))?;
        std::fs::set_permissions(directory.join(SOCKET), std::fs::Permissions::from_mode(0o666))?;
        Ok(Self(tokio::spawn(accept(listener, Arc::new(policy)))))
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.0.is_finished()
    }
}

async fn accept(listener: UnixListener, policy: Arc<Policy>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // Connections end with the proxy.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let policy = Arc::clone(&policy);
                connections.spawn(async move {
                    serve(stream, policy).await;
                    drop(place);
                });
            }
            // Out of files: those that are open end some time.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve(stream: UnixStream, policy: Arc<Policy>) {
    // The tunnel that a CONNECT asks for runs after hyper has let go of the connection, and here, so that it counts.
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let service = service_fn(move |request| {
        let (policy, tell) = (Arc::clone(&policy), tell.clone());
        async move { Ok::<_, Infallible>(answer(request, &policy, tell).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let (Ok(()), Ok(tunnel)) = (served, told.try_recv()) {
        let tunnel: Tunnel = tunnel;
        tunnel.run().await;
    }
}

struct Tunnel {
    client: hyper::upgrade::OnUpgrade,
    server: TcpStream,
}

impl Tunnel {
    async fn run(mut self) {
        if let Ok(client) = self.client.await {
            let mut client = TokioIo::new(client);
            // Either end may go at any time; there is nobody left to tell.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut self.server).await;
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    policy: &Policy,
    tell: tokio::sync::mpsc::Sender<Tunnel>,
) -> Response<Body> {
    let outcome = if request.method() == Method::CONNECT {
        connect(request, policy, tell).await
    } else {
        forward(request, policy).await
    };
    outcome.unwrap_or_else(|refusal| {
        let status = if refusal.forbidden {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::BAD_GATEWAY
        };
        said(status, &refusal.text)
    })
}

async fn connect(
    request: Request<Incoming>,
    policy: &Policy,
    tell: tokio::sync::mpsc::Sender<Tunnel>,
) -> Result<Response<Body>, Refusal> {
    let authority = request
        .uri()
        .authority()
        .ok_or_else(|| wrong("CONNECT needs a host and a port."))?;
    let (host, port) = (authority.host().to_owned(), authority.port_u16().unwrap_or(443));
    let server = match policy.route(&host, port, true).await? {
        Route::Direct(addresses) => dial(&host, &addresses).await?,
        Route::Through(upstream) => patient(&host, upstream.tunnel(&host, port)).await?,
    };
    let tunnel = Tunnel {
        client: hyper::upgrade::on(request),
        server,
    };
    // One CONNECT a connection: there is always room.
    let _ = tell.try_send(tunnel);
    Ok(Response::new(empty()))
}

async fn forward(mut request: Request<Incoming>, policy: &Policy) -> Result<Response<Body>, Refusal> {
    let uri = request.uri().clone();
    let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong(
            "This is the way out of a lab: ask it for an http:// address in full, or CONNECT to a host.",
        ));
    };
    let (host, port) = (authority.host().to_owned(), authority.port_u16().unwrap_or(80));
    strip(request.headers_mut());
    let host_header =
        HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("That is not the name of a host."))?;
    request.headers_mut().insert(header::HOST, host_header);
    let stream = match policy.route(&host, port, false).await? {
        Route::Direct(addresses) => {
            let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            *request.uri_mut() = path.parse::<Uri>().map_err(|_| wrong("That is not an address."))?;
            dial(&host, &addresses).await?
        }
        Route::Through(upstream) => {
            if let Some(value) = upstream
                .authorization
                .as_ref()
                .and_then(|text| HeaderValue::from_str(text).ok())
            {
                request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
            }
            patient(&host, upstream.connect()).await?
        }
    };
    let lost = |error: hyper::Error| Refusal {
        forbidden: false,
        text: format!("{host} broke the conversation off: {error}."),
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(lost)?;
    tokio::spawn(connection);
    let mut response = sender.send_request(request).await.map_err(lost)?;
    strip(response.headers_mut());
    Ok(response.map(BodyExt::boxed))
}

fn strip(headers: &mut http::HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP {
        headers.remove(name);
    }
}

async fn dial(host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, Refusal> {
    patient(host, TcpStream::connect(addresses)).await
}

async fn patient(
    host: &str,
    connecting: impl Future<Output = std::io::Result<TcpStream>>,
) -> Result<TcpStream, Refusal> {
    let unreachable = |why: &str| Refusal {
        forbidden: false,
        text: format!("{host} cannot be reached: {why}."),
    };
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(unreachable(&error.to_string())),
        Err(_) => Err(unreachable("it does not answer")),
    }
}

fn wrong(text: &str) -> Refusal {
    Refusal {
        forbidden: true,
        text: text.to_owned(),
    }
}

fn said(status: StatusCode, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(format!("{text}\n")))
        .map_err(|never| match never {})
        .boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed()
}
