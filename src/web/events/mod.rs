//! Live events by SSE: what happened to a person's sessions, with the leaves of the page already rendered.
//!
//! One stream a browser. Leaves come from the same templates as the pages, and are rendered from the session as it is
//! when the event is sent, so that the newest always wins. A stream that waits holds its place in the person's ring
//! and nothing else.

mod render;

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;

use super::Site;
use super::identity::Who;
use super::metrics::Open;
use crate::base::PersonId;
use crate::lab::{Delivery, Subscription};

/// So often a silent stream says that it is alive, and what time it is.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The address's query: the last event that the page contains.
#[derive(Debug, Default, Deserialize)]
pub struct After {
    #[serde(default)]
    last: Option<i64>,
}

/// The last event of a person, for a page that is being rendered: what happens from now on comes after it.
#[must_use]
pub fn last(site: &Site, person: PersonId) -> i64 {
    match site.labs().events().subscribe(person, None).ready() {
        Some(Delivery::Gap(last)) => last,
        Some(Delivery::Event(event)) => event.id,
        None => site.clock().now().0,
    }
}

struct Listener {
    site: Site,
    person: PersonId,
    subscription: Subscription,
    _open: Open,
}

/// `GET /events`.
pub async fn stream(
    State(site): State<Site>,
    Who(person): Who,
    Query(after): Query<After>,
    headers: HeaderMap,
) -> Response {
    // A browser that connects again knows better than the address that it was given.
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .or(after.last);
    let listener = Box::new(Listener {
        subscription: site.labs().subscribe(person, last),
        site,
        person,
        _open: Open::stream(),
    });
    let events = stream::unfold(Some((listener, true)), |state| async move {
        let (mut listener, first) = state?;
        if first {
            // The browser learns at once that the stream is open, and how soon to try again.
            let opening = format!("retry: 1000\n{}", ping(&listener.site));
            return Some((Ok::<_, Infallible>(Bytes::from(opening)), Some((listener, false))));
        }
        let text = next(&mut listener).await?;
        Some((Ok(text), Some((listener, false))))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The next piece of the stream; nothing when the server stops.
async fn next(listener: &mut Listener) -> Option<Bytes> {
    let delivery = tokio::select! {
        biased;
        () = listener.site.stopping().cancelled() => return None,
        delivery = tokio::time::timeout(HEARTBEAT, listener.subscription.next()) => delivery,
    };
    let Ok(delivery) = delivery else {
        return Some(Bytes::from(ping(&listener.site)));
    };
    // Boxed, so that a stream that only waits does not hold the room that rendering needs.
    Some(Box::pin(render::delivery(&listener.site, listener.person, delivery)).await)
}

fn ping(site: &Site) -> String {
    format!("event: ping\ndata: {{\"now\":{}}}\n\n", site.clock().now().0)
}
