//! The fields of a form as they were sent, in order and with repetitions.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;

use crate::web::{Failure, Site};

/// More than any quiz has.
const MOST: usize = 500;

/// Names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The values of all fields of that name.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a name.
    #[must_use]
    pub fn first<'f>(&'f self, name: &'f str) -> Option<&'f str> {
        self.all(name).next()
    }

    /// Every name, with repetitions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Reads `application/x-www-form-urlencoded`; `None` where it is too much, or not UTF-8.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == MOST {
                return None;
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            fields.push((name, decoded(halves.next().unwrap_or_default())?));
        }
        Some(Self(fields))
    }
}

/// `+` is a space and `%2B` a plus; a `%` without two hexadecimal digits stands for itself (WHATWG URL, 5.1).
fn decoded(text: &[u8]) -> Option<String> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).ok()?);
                at += 3;
                continue;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8(out).ok()
}

impl FromRequest<Site> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_form = kind
            .and_then(|kind| kind.to_str().ok())
            .is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-type",
                "Answers are sent as a form. Open the page and use its buttons.",
            ));
        }
        let body = Bytes::from_request(request, site).await.map_err(|rejection| {
            let status = rejection.into_response().status();
            Failure::new(
                status,
                "bad-form",
                "That form is too large or broke off on its way. Nothing was saved; load the page again and try once more.",
            )
        })?;
        Self::read(&body).ok_or_else(|| {
            Failure::bad_request(
                "That form has text that is not UTF-8, or more fields than any page here. Nothing was saved; load the page \
                 again and try once more.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_read_as_browsers_send_them() {
        let fields = Fields::read(b"a=1&b=x+y%2B&a=%C3%BC&c&=d&%zz=%4").unwrap();
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "ü"]);
        assert_eq!(fields.first("b"), Some("x y+"));
        assert_eq!(fields.first("c"), Some(""));
        assert_eq!(fields.first("%zz"), Some("%4"));
        assert_eq!(fields.first("d"), None);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(Fields::read(b"a=%ff"), None);
        assert_eq!(Fields::read(b"a=\xc3"), None);
        assert_eq!(Fields::read("a=1&".repeat(MOST + 1).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Fields::read(&body);
        }
    }
}
