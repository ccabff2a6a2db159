//! What of a request's and an answer's headers passes between a browser and a learner's server.

use axum::http::header::{InvalidHeaderValue, ToStrError};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Headers of one connection, which a proxy does not pass on (RFC 9110, section 7.6.1).
const HOP: [&str; 6] = [
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
];

/// Whether the request wants to leave HTTP.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
        && headers.get_all(header::CONNECTION).iter().any(|value| {
            value
                .to_str()
                .is_ok_and(|value| value.to_ascii_lowercase().contains("upgrade"))
        })
}

/// Whether it wants a WebSocket.
pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The request as the learner's server sees it.
pub(super) fn clean_request(headers: &mut HeaderMap, port: u16) -> Result<(), InvalidHeaderValue> {
    hop_by_hop(headers);
    let upgrade = is_upgrade(headers);
    let host = format!("localhost:{port}");
    headers.insert(header::HOST, HeaderValue::from_str(&host)?);
    let own = HeaderValue::from_str(&format!("http://{host}"))?;
    if headers.contains_key(header::ORIGIN) {
        headers.insert(header::ORIGIN, own);
    }
    // A referrer names the capability, or the site.
    headers.remove(header::REFERER);
    for name in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] {
        headers.remove(name);
    }
    if !upgrade {
        headers.remove(header::CONNECTION);
        headers.remove(header::UPGRADE);
    }
    Ok(())
}

/// The answer as the browser sees it.
pub(super) fn clean_response(headers: &mut HeaderMap, port: u16, origins: &[String]) {
    hop_by_hop(headers);
    headers.remove(header::STRICT_TRANSPORT_SECURITY);
    headers.remove("clear-site-data");
    headers.remove("service-worker-allowed");
    let cookies: Vec<_> = headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|cookie| host_only(cookie).ok()?)
        .collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    // The server knows itself as localhost; a redirect to itself must stay on the tab's own origin.
    if let Some(place) = headers.get(header::LOCATION).and_then(|place| place.to_str().ok()) {
        let own = [format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}")];
        let inside = own.iter().find_map(|own| {
            let rest = place.strip_prefix(own.as_str())?;
            (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then_some(rest)
        });
        let inside = inside.map(|rest| {
            if rest.starts_with('/') {
                rest.to_owned()
            } else {
                format!("/{rest}")
            }
        });
        if let Some(value) = inside.and_then(|inside| HeaderValue::from_str(&inside).ok()) {
            headers.insert(header::LOCATION, value);
        }
    }
    allow_frame(headers, origins);
}

/// Nobody may embed the tab but the site's pages; what the server itself says of it is dropped.
pub(super) fn allow_frame(headers: &mut HeaderMap, origins: &[String]) {
    headers.remove(header::X_FRAME_OPTIONS);
    // Otherwise the frame is blocked where the site's page is cross-origin isolated, and where it is not.
    for name in [
        "cross-origin-resource-policy",
        "cross-origin-opener-policy",
        "cross-origin-embedder-policy",
    ] {
        headers.remove(name);
    }
    let policies: Vec<_> = headers
        .get_all(header::CONTENT_SECURITY_POLICY)
        .iter()
        .filter_map(|policy| without_frame_ancestors(policy).ok()?)
        .collect();
    headers.remove(header::CONTENT_SECURITY_POLICY);
    for policy in policies {
        headers.append(header::CONTENT_SECURITY_POLICY, policy);
    }
    let ours = format!("frame-ancestors {}", origins.join(" "));
    if let Ok(ours) = HeaderValue::from_str(&ours) {
        headers.append(header::CONTENT_SECURITY_POLICY, ours);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn hop_by_hop(headers: &mut HeaderMap) {
    for name in HOP {
        headers.remove(HeaderName::from_static(name));
    }
}

/// The cookie without its `Domain`: it stays on the tab's own host.
fn host_only(cookie: &HeaderValue) -> Result<Option<HeaderValue>, ToStrError> {
    let kept: Vec<_> = cookie
        .to_str()?
        .split(';')
        .enumerate()
        .filter(|(at, part)| {
            let name = part.split('=').next().unwrap_or_default().trim();
            *at == 0 || !name.eq_ignore_ascii_case("domain")
        })
        .map(|(_, part)| part)
        .collect();
    Ok(HeaderValue::from_str(&kept.join(";")).ok())
}

fn without_frame_ancestors(policy: &HeaderValue) -> Result<Option<HeaderValue>, ToStrError> {
    let kept: Vec<_> = policy
        .to_str()?
        .split(';')
        .filter(|part| {
            let name = part.split_whitespace().next().unwrap_or_default();
            !name.is_empty() && !name.eq_ignore_ascii_case("frame-ancestors")
        })
        .collect();
    Ok((!kept.is_empty())
        .then(|| HeaderValue::from_str(kept.join(";").trim()).ok())
        .flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_server_sees_a_local_request() {
        let mut headers = map(&[
            ("host", "cap.localhost:8420"),
            ("origin", "http://cap.localhost:8420"),
            ("referer", "http://127.0.0.1:8420/sessions/1"),
            ("cookie", "own=1"),
            ("connection", "keep-alive"),
            ("te", "trailers"),
        ]);
        clean_request(&mut headers, 8080).unwrap();
        assert_eq!(
            headers,
            map(&[
                ("host", "localhost:8080"),
                ("origin", "http://localhost:8080"),
                ("cookie", "own=1")
            ])
        );
    }

    #[test]
    fn an_upgrade_keeps_its_headers() {
        let mut headers = map(&[("host", "x"), ("connection", "Upgrade"), ("upgrade", "websocket")]);
        clean_request(&mut headers, 1).unwrap();
        assert!(is_upgrade(&headers) && is_websocket(&headers));
    }

    #[test]
    fn an_answer_cannot_reach_beyond_its_origin() {
        let mut headers = map(&[
            ("set-cookie", "a=1; Domain=localhost; Path=/; HttpOnly"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=9"),
            ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
            ("location", "http://localhost:8080/next?x=1"),
        ]);
        headers.append("content-security-policy", HeaderValue::from_static("frame-ancestors *"));
        clean_response(&mut headers, 8080, &["http://127.0.0.1:8420".to_owned()]);
        assert_eq!(headers["set-cookie"], "a=1; Path=/; HttpOnly");
        assert!(!headers.contains_key("x-frame-options") && !headers.contains_key("strict-transport-security"));
        assert_eq!(headers["location"], "/next?x=1");
        let policies: Vec<_> = headers.get_all("content-security-policy").iter().collect();
        assert_eq!(
            policies,
            ["default-src 'self'", "frame-ancestors http://127.0.0.1:8420"]
        );
    }

    #[test]
    fn a_redirect_elsewhere_stays() {
        for place in [
            "http://localhost:80801/",
            "https://example.org/",
            "/next",
            "http://localhost:8080.evil.example/",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, HeaderValue::from_static(place));
            clean_response(&mut headers, 8080, &[]);
            assert_eq!(headers[header::LOCATION], place);
        }
    }
}
