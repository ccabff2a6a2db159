//! `/metrics` in Prometheus' text format, and the figures of the web itself.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use sha2::{Digest as _, Sha256};

use super::{Failure, Site};

const REQUESTS: &str = "halfway_http_requests_total";
const TOOK: &str = "halfway_http_request_duration_seconds";
const STREAMS: &str = "halfway_event_streams";
const TERMINALS: &str = "halfway_terminal_connections";

/// The format's own type: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What renders the figures, and who may read them.
#[derive(Clone)]
pub struct Metrics {
    render: Arc<dyn Fn() -> String + Send + Sync>,
    /// SHA-256 of the token, so that comparing tells nothing about it by its time.
    token: Option<[u8; 32]>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

impl Metrics {
    /// Figures that `render` writes, for who sends `token`; for everybody where there is none.
    #[must_use]
    pub fn new(render: Arc<dyn Fn() -> String + Send + Sync>, token: Option<&str>) -> Self {
        Self {
            render,
            token: token.map(|token| Sha256::digest(token).into()),
        }
    }

    fn may(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let sent = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.strip_prefix("Bearer "));
        sent.is_some_and(|sent| <[u8; 32]>::from(Sha256::digest(sent)) == *token)
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        if self.may(headers) {
            return ([(header::CONTENT_TYPE, TEXT)], (self.render)()).into_response();
        }
        let refused = [(header::WWW_AUTHENTICATE, "Bearer realm=\"metrics\"")];
        (
            StatusCode::UNAUTHORIZED,
            refused,
            "metrics need a token: Authorization: Bearer TOKEN\n",
        )
            .into_response()
    }
}

/// Serves nothing but the figures: for a listener of their own.
pub fn router(metrics: Metrics) -> Router {
    Router::new().route(
        "/metrics",
        get(move |headers: HeaderMap| async move { metrics.answer(&headers) }),
    )
}

/// `GET /metrics` of the site itself: only where a token guards it.
pub(super) async fn show(State(site): State<Site>, headers: HeaderMap) -> Response {
    match site.metrics() {
        Some(metrics) if metrics.token.is_some() => metrics.answer(&headers),
        _ => {
            Failure::not_found("There is no page at this address. It may have been moved, or mistyped.").into_response()
        }
    }
}

/// Says what the figures are, once.
pub fn describe() {
    describe_counter!(REQUESTS, "Requests by method, route and status.");
    describe_histogram!(
        TOOK,
        Unit::Seconds,
        "From a request's head to its answer's head, by route."
    );
    describe_gauge!(STREAMS, "Browsers that listen to live events.");
    describe_gauge!(TERMINALS, "Browser connections to terminals.");
}

/// Counts and times every request.
pub(super) async fn measure(State(site): State<Site>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // The route, never the address: that has ids in it.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let from = site.clock().now();
    let response = next.run(request).await;
    histogram!(TOOK, "route" => route.clone()).record(site.clock().now().since(from).as_secs_f64());
    let status = response.status().as_u16().to_string();
    counter!(REQUESTS, "method" => method.to_string(), "route" => route, "status" => status).increment(1);
    response
}

/// One more of something for as long as it lives.
#[derive(Debug)]
pub(super) struct Open(&'static str);

impl Open {
    pub(super) fn stream() -> Self {
        Self::one(STREAMS)
    }

    pub(super) fn terminal() -> Self {
        Self::one(TERMINALS)
    }

    fn one(name: &'static str) -> Self {
        gauge!(name).increment(1.0);
        Self(name)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1.0);
    }
}
