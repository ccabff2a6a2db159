//! What every page's handler uses: answers with a template, conditional answers, forms that may be empty, ids in addresses.

use std::str::FromStr;

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::base::SessionId;
use crate::content::Catalogue;
use crate::model::{LabId, TaskId};
use crate::web::Site;
use crate::web::failure::{Failure, wants_json};
use crate::web::templates::View;

/// What handlers give back.
pub type Shown = Result<Response, Failure>;

/// A rendered page; personal, so nobody keeps it.
///
/// # Errors
/// When the template cannot be rendered.
pub fn page(view: &impl View) -> Shown {
    Ok(Html(view.render()?).into_response())
}

/// The id of the session in the address. One that cannot be an id is as unknown as one that is not there.
#[derive(Clone, Copy, Debug)]
pub struct SessionPath(pub SessionId);

/// The id of the lab in the address.
#[derive(Clone, Debug)]
pub struct LabPath(pub LabId);

/// The id of the task in the address.
#[derive(Clone, Debug)]
pub struct TaskPath(pub TaskId);

async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Lower-case letters, digits and hyphens, as ids of labs and tasks are: nothing that could be a path.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl FromRequestParts<Site> for SessionPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        segment(parts, site, "session")
            .await
            .and_then(|text| SessionId::from_str(&text).ok())
            .map(Self)
            .ok_or_else(|| {
                Failure::not_found("There is no such session, or it is not yours.").way("Your attempts", "/history")
            })
    }
}

impl FromRequestParts<Site> for LabPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        segment(parts, site, "lab")
            .await
            .filter(|text| is_slug(text))
            .map(|text| Self(LabId(text)))
            .ok_or_else(no_lab)
    }
}

impl FromRequestParts<Site> for TaskPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        segment(parts, site, "task")
            .await
            .filter(|text| is_slug(text))
            .map(|text| Self(TaskId(text)))
            .ok_or_else(|| Failure::not_found("There is no such task in this lab."))
    }
}

/// There is no such lab here.
#[must_use]
pub fn no_lab() -> Failure {
    Failure::not_found("There is no such lab on this server.").way("All labs", "/labs")
}

/// Why a lab cannot be had: its folder cannot be read, or there is none.
#[must_use]
pub fn not_served(catalogue: &Catalogue, lab: &LabId) -> Failure {
    if !catalogue.broken.contains_key(lab) {
        return no_lab();
    }
    Failure::new(
        StatusCode::CONFLICT,
        "broken-lab",
        format!(
            "The lab {lab} cannot be read, so it is not served. Its author finds file, line and what to do with: halfway lab \
             lint {lab}"
        ),
    )
    .way("All labs", "/labs")
}

/// A form whose fields all have defaults; a request without a body counts as empty.
#[derive(Clone, Debug)]
pub struct Fields<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Site> for Fields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Failure> {
        if request.headers().get(header::CONTENT_TYPE).is_none() {
            return Ok(Self(T::default()));
        }
        match Form::<T>::from_request(request, site).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => {
                let status = rejection.into_response().status();
                Err(Failure::new(
                    status,
                    "bad-form",
                    "The form cannot be read. Load the page again and try once more.",
                ))
            }
        }
    }
}

/// How the sender of a form wants the answer.
#[derive(Clone, Copy, Debug)]
pub struct Wants {
    json: bool,
}

impl<S: Sync> FromRequestParts<S> for Wants {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self {
            json: wants_json("", &parts.headers),
        })
    }
}

impl Wants {
    /// Whether a program asks.
    #[must_use]
    pub fn json(self) -> bool {
        self.json
    }

    /// To a page: 303, or its address as JSON.
    #[must_use]
    pub fn go(self, href: &str) -> Response {
        if self.json {
            axum::Json(json!({ "location": href })).into_response()
        } else {
            Redirect::to(href).into_response()
        }
    }

    /// Back to a page, or what has changed on it as JSON.
    #[must_use]
    pub fn stay(self, href: &str, changed: serde_json::Value) -> Response {
        if self.json {
            axum::Json(changed).into_response()
        } else {
            Redirect::to(href).into_response()
        }
    }
}

/// Whether the client has this version already.
#[must_use]
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|one| one.trim().trim_start_matches("W/") == tag.trim_start_matches("W/"))
        })
    })
}

/// 304 with the tag.
#[must_use]
pub fn not_modified(tag: &HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(header::ETAG, tag.clone());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_no_path() {
        assert!(is_slug("inherited-notebook"));
        for text in ["", ".", "..", "a/b", "a%2fb", "A", "a.b", "a\0", "ä", &"a".repeat(101)] {
            assert!(!is_slug(text), "{text}");
        }
    }

    #[test]
    fn tags_are_compared_weakly() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        assert!(is_known(&headers, "\"a\""));
        assert!(is_known(&headers, "\"b\""));
        assert!(!is_known(&headers, "\"c\""));
    }
}
