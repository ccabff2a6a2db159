//! Headers of every answer of the site: what its pages may load, and who may embed or read it.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// A page's content security policy, from "nothing" up.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// xterm.js writes `<style>` elements: only on the lab's page.
    pub inline_styles: bool,
    /// Origins of the session's service tabs.
    pub frames: Vec<String>,
}

impl Policy {
    /// As the header's value.
    #[must_use]
    pub fn value(&self) -> HeaderValue {
        let style = if self.inline_styles { " 'unsafe-inline'" } else { "" };
        let frames = if self.frames.is_empty() {
            "'none'".to_owned()
        } else {
            self.frames.join(" ")
        };
        let text = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'{style}; img-src 'self' data:; font-src 'self'; \
             connect-src 'self'; worker-src 'self'; frame-src {frames}; manifest-src 'self'; frame-ancestors 'none'; \
             base-uri 'none'; form-action 'self'"
        );
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    }
}

const FIXED: [(HeaderName, HeaderValue); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // `no-referrer` would make browsers send `Origin: null` with forms.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), usb=(), payment=()"),
    ),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
];

/// Adds them; a policy or a caching rule that the handler has set stays.
pub async fn add(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert_with(|| Policy::default().value());
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_starts_from_nothing() {
        let text = Policy::default().value();
        let text = text.to_str().unwrap();
        assert!(
            text.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{text}"
        );
        assert!(text.contains("frame-src 'none'") && !text.contains("unsafe"), "{text}");
        let lab = Policy {
            inline_styles: true,
            frames: vec!["http://a.localhost:1".into()],
        };
        let text = lab.value();
        let text = text.to_str().unwrap();
        assert!(text.contains("style-src 'self' 'unsafe-inline';"), "{text}");
        assert!(text.contains("script-src 'self';"), "{text}");
        assert!(text.contains("frame-src http://a.localhost:1;"), "{text}");
    }
}
