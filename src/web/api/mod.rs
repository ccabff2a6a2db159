//! The JSON API below `/api/v1`: what the pages' scripts use. Errors are `{error: {kind, message, reference}}`.

mod files;
mod search;
mod sessions;
mod terminals;
mod transfer;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use super::{Failure, Site, terminal};

/// Most bytes of a JSON document.
const JSON: usize = 64 * 1024;

/// All routes, relative to `/api/v1`.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/search", get(search::show))
        .route("/sessions/{session}", get(sessions::show))
        .route(
            "/sessions/{session}/terminals",
            get(terminals::list).post(terminals::create),
        )
        .route("/sessions/{session}/terminals/{terminal}", delete(terminals::remove))
        .route("/sessions/{session}/terminals/{terminal}/stream", get(terminal::stream))
        .route(
            "/sessions/{session}/files",
            get(files::list).post(files::create).delete(files::remove),
        )
        .route("/sessions/{session}/files/rename", post(files::rename))
        .route("/sessions/{session}/files/watch", post(files::watch))
        .route("/sessions/{session}/files/original", get(files::original))
        .layer(DefaultBodyLimit::max(JSON))
        .route(
            "/sessions/{session}/files/content",
            get(files::read)
                .put(files::write)
                .layer(DefaultBodyLimit::max(files::LARGEST_TEXT)),
        )
        .route(
            "/sessions/{session}/files/upload",
            post(transfer::upload).layer(DefaultBodyLimit::max(transfer::LARGEST_UPLOAD)),
        )
        .route("/sessions/{session}/files/download", get(transfer::download))
        .route("/sessions/{session}/archive", get(transfer::archive))
        .fallback(|| async { Failure::not_found("There is nothing at this address of the API.") })
}
