//! Own scripts, styles, fonts and pictures, from `static/dist`: embedded in the binary, read from disk in a debug build.
//!
//! Addresses carry a hash of the content, so that browsers may keep them for ever. Bundles that a script loads by
//! itself (`chunks/…`, `fonts/…`) have the hash in their own name. Answers are compressed once and kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/dist/"]
#[allow_missing = true]
struct Dist;

/// Ours, and needed before anything was built.
const ICON: &[u8] = include_bytes!("icon.svg");

/// An asset that is ready to be sent.
struct Asset {
    hash: String,
    kind: HeaderValue,
    plain: Bytes,
    /// Where it is smaller.
    gzip: Option<Bytes>,
}

impl Asset {
    /// The asset as gzip, where that is smaller.
    fn small(&self) -> Option<Bytes> {
        if cfg!(debug_assertions) {
            return zipped(&self.plain, self.kind.to_str().ok()?).map(Bytes::from);
        }
        self.gzip.clone()
    }
}

static KEPT: LazyLock<Mutex<HashMap<String, Arc<Asset>>>> = LazyLock::new(Mutex::default);

/// The address of an asset by its name in `static/dist`, hash included: `/assets/site.1f2e3d4c5b6a.css`. Without a
/// hash where there is no such file, as before the front end was built.
#[must_use]
pub fn url(name: &str) -> String {
    match (asset(name), name.rsplit_once('.')) {
        (Some(asset), Some((stem, extension))) => format!("/assets/{stem}.{}.{extension}", asset.hash),
        _ => format!("/assets/{name}"),
    }
}

/// Licence notices of what was bundled: name of the bundle and text.
#[must_use]
pub fn notices() -> Vec<(String, String)> {
    let mut notices: Vec<_> = Dist::iter()
        .filter_map(|name| {
            let bundle = name.strip_suffix(".LEGAL.txt")?.to_owned();
            let text = String::from_utf8_lossy(&Dist::get(&name)?.data).into_owned();
            Some((bundle, text))
        })
        .collect();
    notices.sort();
    notices
}

/// The packages whose scripts, styles and fonts were bundled; empty before the front end was built.
#[must_use]
pub fn packages() -> Vec<Licensed> {
    Dist::get(LICENCES)
        .and_then(|file| serde_json::from_slice(&file.data).ok())
        .unwrap_or_default()
}

/// Something of somebody else's that is built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licensed {
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub licence: String,
}

/// Written by the front end's build.
const LICENCES: &str = "licences.json";

/// `GET /assets/{*name}`.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    let found = asset(&name).map(|asset| (asset, is_stamped(&name))).or_else(|| {
        let (plain, hash) = without_hash(&name)?;
        asset(&plain)
            .filter(|asset| asset.hash == hash)
            .map(|asset| (asset, true))
    });
    let Some((asset, for_ever)) = found else {
        return plain(StatusCode::NOT_FOUND);
    };
    let tag = format!("\"{}\"", asset.hash);
    let mut response = if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes())
    {
        plain(StatusCode::NOT_MODIFIED)
    } else {
        let small = if accepts_gzip(&headers) { asset.small() } else { None };
        let is_small = small.is_some();
        let mut response = Response::new(Body::from(small.unwrap_or_else(|| asset.plain.clone())));
        if is_small {
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response.headers_mut().insert(header::CONTENT_TYPE, asset.kind.clone());
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if for_ever {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    response
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Whether the file's own name holds a hash.
fn is_stamped(name: &str) -> bool {
    name.starts_with("chunks/") || name.starts_with("fonts/")
}

/// `site.1f2e3d4c5b6a.css` → `site.css` and the hash.
fn without_hash(name: &str) -> Option<(String, &str)> {
    let (rest, extension) = name.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    Some((format!("{stem}.{extension}"), hash))
}

/// As gzip, where that is smaller; fonts are compressed in themselves.
fn zipped(data: &[u8], kind: &str) -> Option<Vec<u8>> {
    if kind.starts_with("font/") {
        return None;
    }
    compressed(data).filter(|small| small.len() < data.len())
}

/// Whether the client takes gzip.
#[must_use]
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|one| one.trim().split(';').next() == Some("gzip") && !one.contains("q=0"))
        })
    })
}

fn asset(name: &str) -> Option<Arc<Asset>> {
    // A debug build reads from disk each time, so that a change is seen at once.
    let keep = !cfg!(debug_assertions);
    if keep && let Some(asset) = kept().get(name) {
        return Some(asset.clone());
    }
    let (data, kind) = if name == "icon.svg" {
        (Cow::Borrowed(ICON), "image/svg+xml".to_owned())
    } else {
        if name.ends_with(".LEGAL.txt") || name == LICENCES {
            return None;
        }
        let file = Dist::get(name)?;
        let kind = mime_guess::from_path(name).first_or_octet_stream().to_string();
        (file.data, kind)
    };
    let kind = match kind.as_str() {
        kind if kind.starts_with("text/") => format!("{kind}; charset=utf-8"),
        kind => kind.to_owned(),
    };
    // What is not kept is compressed when it is sent: most askers of a debug build want the hash alone.
    let gzip = if keep { zipped(&data, &kind) } else { None };
    let asset = Arc::new(Asset {
        hash: short_hash(&data),
        kind: HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/octet-stream")),
        plain: Bytes::from(data.into_owned()),
        gzip: gzip.map(Bytes::from),
    });
    if keep {
        kept().insert(name.to_owned(), asset.clone());
    }
    Some(asset)
}

fn kept() -> std::sync::MutexGuard<'static, HashMap<String, Arc<Asset>>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn short_hash(data: &[u8]) -> String {
    Sha256::digest(data)[..6].iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A strong tag over some bytes.
#[must_use]
pub fn tag(data: &[u8]) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", short_hash(data))).unwrap_or(HeaderValue::from_static("\"\""))
}

/// As gzip at the best level; `None` where that fails, which memory cannot.
#[must_use]
pub fn compressed(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(name: &str, headers: &[(header::HeaderName, &str)]) -> Response<Body> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, HeaderValue::from_str(value).unwrap());
        }
        serve(Path(name.to_owned()), map).await
    }

    #[tokio::test]
    async fn a_hashed_address_is_kept_for_ever_and_a_wrong_hash_is_not_found() {
        let address = url("icon.svg");
        let name = address.strip_prefix("/assets/").unwrap();
        let response = get(name, &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(
            response.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        assert_eq!(response.headers()[header::CONTENT_TYPE], "image/svg+xml");
        assert_eq!(get("icon.000000000000.svg", &[]).await.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_known_tag_is_not_sent_again() {
        let tag = get("icon.svg", &[]).await.headers()[header::ETAG]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            get("icon.svg", &[(header::IF_NONE_MATCH, &tag)]).await.status(),
            StatusCode::NOT_MODIFIED
        );
    }

    #[tokio::test]
    async fn nothing_outside_is_served() {
        for name in [
            "../package.json",
            "../../Cargo.toml",
            "/etc/passwd",
            "chunks/../../build.mjs",
            "..%2fpackage.json",
            "",
        ] {
            assert_eq!(get(name, &[]).await.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
