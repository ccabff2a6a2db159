//! Files that come and go as they are: upload, download, the whole workspace as an archive.

use std::io::Write;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

use super::files::{At, body, expectation};
use crate::sandbox::Caps;
use crate::web::Site;
use crate::web::identity::Who;
use crate::web::pages::session::act::attachment;
use crate::web::pages::show::{SessionPath, Shown};

/// Largest file that can be uploaded, in bytes.
pub(super) const LARGEST_UPLOAD: usize = 64 << 20;

/// `POST /files/upload?path=`, with `If-None-Match: *` to replace nothing.
pub(super) async fn upload(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(at): Query<At>,
    request: Request,
) -> Shown {
    let expect = expectation(request.headers())?;
    let workspace = site.labs().workspace(person, session).await?;
    let bytes = body(request, &site).await?;
    let size = bytes.len();
    let hash = workspace.write(&at.path, bytes, expect).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "path": at.path, "size": size, "hash": hash })),
    )
        .into_response())
}

/// `GET /files/download?path=`.
pub(super) async fn download(
    State(site): State<Site>,
    Who(person): Who,
    SessionPath(session): SessionPath,
    Query(at): Query<At>,
) -> Shown {
    let workspace = site.labs().workspace(person, session).await?;
    let (file, size) = workspace.open_file(&at.path).await?;
    let name = at.path.rsplit('/').next().unwrap_or("file");
    // A file that grows meanwhile is sent as far as it was announced.
    let stream = ReaderStream::new(tokio::io::AsyncReadExt::take(file, size));
    let mut response = saved(Body::from_stream(stream), "application/octet-stream", name);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}

/// `GET /archive`: the workspace as `tar.gz`, made while it is sent.
pub(super) async fn archive(State(site): State<Site>, Who(person): Who, SessionPath(session): SessionPath) -> Shown {
    let view = site.labs().view(person, session).await?;
    let workspace = site.labs().workspace(person, session).await?;
    let (sender, mut receiver) = mpsc::channel::<std::io::Result<Bytes>>(4);
    let failing = sender.clone();
    let out = std::io::BufWriter::with_capacity(64 * 1024, Pieces(sender));
    tokio::spawn(async move {
        let done = match workspace.archive(out, Caps::default()).await {
            Ok((mut out, _)) => tokio::task::spawn_blocking(move || out.flush())
                .await
                .is_ok_and(|done| done.is_ok()),
            Err(error) => {
                tracing::warn!("an archive broke off: {error}");
                false
            }
        };
        if !done {
            // The answer ends without its end, so that the client does not take half an archive for a whole one.
            let _ = failing.send(Err(std::io::Error::other("the archive broke off"))).await;
        }
    });
    let stream = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    Ok(saved(
        Body::from_stream(stream),
        "application/gzip",
        &format!("{}.tar.gz", view.session.lab),
    ))
}

/// Writes from a blocking thread into the answer; waits where the client is slow, fails where it has gone.
struct Pieces(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .blocking_send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A body that browsers save and never show.
fn saved(body: Body, kind: &'static str, name: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, attachment(name));
    response
}
