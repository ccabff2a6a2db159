//! The origin of a WebSocket. Browsers let any page open one anywhere and send `Origin` along, so that is held against
//! the host that was addressed; without one, or with `null`, there is no WebSocket.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use crate::web::failure::Failure;

/// Proof that a request comes from a page of this very host. Every WebSocket route takes it.
#[derive(Clone, Copy, Debug)]
pub struct SameOrigin;

impl<S: Sync> FromRequestParts<S> for SameOrigin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        if is_same_origin(&parts.headers) {
            Ok(Self)
        } else {
            Err(Failure::new(
                StatusCode::FORBIDDEN,
                "foreign-origin",
                "This connection came from another site, so it was refused. Open the lab's page here.",
            ))
        }
    }
}

/// Whether `Origin` is there once, and names the addressed host and port.
#[must_use]
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return false;
    };
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    origin
        .to_str()
        .ok()
        .and_then(|origin| {
            origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"))
        })
        .is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allowed(origins: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8420"));
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        is_same_origin(&headers)
    }

    #[test]
    fn only_the_addressed_host_may_open_one() {
        assert!(allowed(&["http://127.0.0.1:8420"]));
        for origins in [
            &[][..],
            &["null"],
            &[""],
            &["http://evil.example"],
            &["http://127.0.0.1"],
            &["http://127.0.0.1:8421"],
            &["http://localhost:8420"],
            &["http://127.0.0.1:8420.evil.example"],
            &["http://127.0.0.1:8420/"],
            &["file://127.0.0.1:8420"],
            &["http://127.0.0.1:8420", "http://evil.example"],
        ] {
            assert!(!allowed(origins), "{origins:?}");
        }
    }
}
