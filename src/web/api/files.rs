//! Files of the workspace, as the editor sees them. Every path is given to `Workspace`, which goes nowhere else.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::sandbox::{Expect, FileHash};
use crate::web::identity::Who;
use crate::web::pages::show::{SessionPath, Shown};
use crate::web::{Failure, Site};

/// Largest file that opens in the editor, in bytes.
pub(super) const LARGEST_TEXT: usize = 2 << 20;

/// A JSON document; a request without a body counts as an empty object.
pub(super) struct Document<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Site> for Document<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Failure> {
        let bytes = body(request, site).await?;
        let bytes = if bytes.is_empty() {
            Bytes::from_static(b"{}")
        } else {
            bytes
        };
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Failure::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad-json",
                format!("The document is not what belongs here: {error}."),
            )
        })
    }
}

/// All bytes of a request, up to the route's limit.
pub(super) async fn body(request: Request, site: &Site) -> Result<Bytes, Failure> {
    Bytes::from_request(request, site).await.map_err(|rejection| {
        let status = rejection.into_response().status();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            Failure::new(
                status,
                "too-large",
                "That is more than is taken at this address. Send less.",
            )
        } else {
            Failure::bad_request("The request broke off before its end. Send it again.")
        }
    })
}

/// The address's query: a path in the workspace; `""` is the workspace itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct At {
    #[serde(default)]
    pub path: String,
}

/// `GET /files?path=`.
pub(super) async fn list(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(at): Query<At>,
) -> Shown {
    let workspace = site.labs().workspace(person, session).await?;
    let entries = workspace.list(&at.path).await?;
    Ok(Json(json!({ "path": at.path, "entries": entries })).into_response())
}

/// `GET /files/content?path=`: the bytes of a file that an editor can show.
pub(super) async fn read(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(at): Query<At>,
    headers: HeaderMap,
) -> Shown {
    let workspace = site.labs().workspace(person, session).await?;
    let content = workspace.read(&at.path, LARGEST_TEXT as u64).await?;
    if content.bytes.contains(&0) || std::str::from_utf8(&content.bytes).is_err() {
        return Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "binary",
            format!(
                "{} is not text, so the editor cannot show it. Download it instead.",
                at.path
            ),
        )
        .detail(json!({ "size": content.bytes.len() })));
    }
    let tag = tag(content.hash);
    if tag
        .to_str()
        .is_ok_and(|tag| crate::web::pages::show::is_known(&headers, tag))
    {
        return Ok(crate::web::pages::show::not_modified(&tag));
    }
    let mut response = Response::new(Body::from(content.bytes));
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    // Never as HTML: the file is a learner's.
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    Ok(response)
}

/// `PUT /files/content?path=`, with `If-Match` or `If-None-Match: *`.
pub(super) async fn write(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(at): Query<At>,
    request: Request,
) -> Shown {
    let expect = expectation(request.headers())?;
    let workspace = site.labs().workspace(person, session).await?;
    let bytes = body(request, &site).await?;
    let hash = workspace.write(&at.path, bytes, expect).await?;
    let mut response = Json(json!({ "path": at.path, "hash": hash })).into_response();
    response.headers_mut().insert(header::ETAG, tag(hash));
    Ok(response)
}

fn tag(hash: FileHash) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// What the sender believes to be there.
pub(super) fn expectation(headers: &HeaderMap) -> Result<Expect, Failure> {
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value == "*") {
        return Ok(Expect::Nothing);
    }
    let Some(tag) = headers.get(header::IF_MATCH) else {
        return Ok(Expect::Anything);
    };
    if tag == "*" {
        return Ok(Expect::Anything);
    }
    tag.to_str()
        .ok()
        .and_then(|tag| tag.trim_start_matches("W/").trim_matches('"').parse().ok())
        .map(Expect::Hash)
        .ok_or_else(|| Failure::bad_request("If-Match holds the ETag that came with the file's content."))
}

/// A file or directory to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Make {
    kind: MakeKind,
    path: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MakeKind {
    File,
    Directory,
}

/// `POST /files`.
pub(super) async fn create(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Document(make): Document<Make>,
) -> Shown {
    let workspace = site.labs().workspace(person, session).await?;
    match make.kind {
        MakeKind::File => {
            workspace.write(&make.path, Bytes::new(), Expect::Nothing).await?;
        }
        MakeKind::Directory => workspace.create_dir(&make.path, false).await?,
    }
    Ok((StatusCode::CREATED, Json(json!({ "path": make.path }))).into_response())
}

/// A move within the workspace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    from: String,
    to: String,
}

/// `POST /files/rename`.
pub(super) async fn rename(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Document(rename): Document<Rename>,
) -> Shown {
    let workspace = site.labs().workspace(person, session).await?;
    workspace.rename(&rename.from, &rename.to).await?;
    Ok(Json(json!({ "path": rename.to })).into_response())
}

/// `DELETE /files?path=`.
pub(super) async fn remove(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(at): Query<At>,
) -> Shown {
    let workspace = site.labs().workspace(person, session).await?;
    if at.path.is_empty() {
        return Err(Failure::bad_request(
            "The workspace itself stays. Reset the lab to begin anew.",
        ));
    }
    workspace.remove(&at.path).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Paths that are shown at the moment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    paths: Vec<String>,
}

/// `POST /files/watch`: changes of these paths are told as `files` events, until others are named.
pub(super) async fn watch(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Document(watch): Document<Watch>,
) -> Shown {
    site.labs().watch_files(person, session, watch.paths).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /files/original?path=`: how the lab gave the file.
pub(super) async fn original(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(at): Query<At>,
) -> Shown {
    let difference = site.labs().file_difference(person, session, &at.path).await?;
    let mut response = Response::new(Body::from(difference.new));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(name: header::HeaderName, value: &str) -> Result<Expect, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        expectation(&headers)
    }

    #[test]
    fn preconditions_are_read_or_refused() {
        let hash = FileHash::of(b"x");
        assert_eq!(expectation(&HeaderMap::new()).unwrap(), Expect::Anything);
        assert_eq!(expect(header::IF_NONE_MATCH, "*").unwrap(), Expect::Nothing);
        assert_eq!(
            expect(header::IF_MATCH, &format!("\"{hash}\"")).unwrap(),
            Expect::Hash(hash)
        );
        assert!(expect(header::IF_MATCH, "\"nonsense\"").is_err());
    }
}
