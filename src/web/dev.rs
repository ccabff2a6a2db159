//! While developing: content and templates are read again before a page is made, and what is wrong with content stands
//! on every page. Never part of a server that is not told to develop.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{Site, templates};
use crate::content::Diagnostic;

/// Reads again what has changed, then goes on.
pub async fn reload(State(site): State<Site>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/assets/") {
        let reading = tokio::task::spawn_blocking(move || {
            let changed = site.library().refresh();
            let faults = faults(&site.catalogue().diagnostics);
            if changed && !faults.is_empty() {
                tracing::warn!(
                    "content has changed, and something is wrong with it:\n{}",
                    faults.join("\n")
                );
            }
            templates::reload(faults);
        });
        if let Err(error) = reading.await {
            tracing::error!("content could not be read again: {error}");
        }
    }
    next.run(request).await
}

fn faults(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(false).trim_end().to_owned())
        .collect()
}
