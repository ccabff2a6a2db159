//! The table of addresses, and the layers around them.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;

use super::failure::{self, Failure};
use super::pages::{
    about, belongings, glossary, history, home, lab, labs, lesson, overview, quiz, review, search, session, settings,
    week,
};
use super::security::headers;
use super::security::hosts::Addressee;
use super::{Site, api, assets, dev, events, metrics, proxy, templates};

/// Most bytes of a form.
const FORM: usize = 64 * 1024;
/// How long a page may take; making an archive is the slowest.
const PATIENCE: Duration = Duration::from_mins(2);

/// The whole site.
pub fn router(site: Site) -> Router {
    let pages = Router::new()
        .route("/", get(home::show))
        .route("/weeks/{week}", get(week::show))
        .route("/weeks/{week}/{lesson}", get(lesson::show))
        .route("/weeks/{week}/{lesson}/quiz", post(quiz::answer))
        .route("/review", get(review::show).post(review::answer))
        .route("/review/switch", post(review::switch))
        .route("/weeks/{week}/figures/{name}", get(lesson::figure))
        .route("/labs", get(labs::show))
        .route("/labs/{lab}", get(lab::show))
        .route("/labs/{lab}/start", post(session::act::start))
        .route("/search", get(search::show))
        .route("/glossary", get(glossary::list))
        .route("/glossary/{slug}", get(glossary::show))
        .route("/progress", get(overview::show))
        .route("/history", get(history::show))
        .route("/settings", get(settings::show))
        .route("/settings/export", post(belongings::export))
        .route("/settings/delete", get(belongings::confirm).post(belongings::delete))
        .route("/about", get(about::show))
        .route("/sessions/{session}", get(session::show))
        .route("/sessions/{session}/finish", get(session::finish::show))
        .route(
            "/sessions/{session}/end",
            get(session::confirm::end).post(session::act::end),
        )
        .route(
            "/sessions/{session}/reset",
            get(session::confirm::reset).post(session::act::reset),
        )
        .route("/sessions/{session}/extend", post(session::act::extend))
        .route("/sessions/{session}/retry", post(session::act::retry))
        .route("/sessions/{session}/resume", post(session::act::resume))
        .route("/sessions/{session}/cancel", post(session::act::cancel))
        .route("/sessions/{session}/export", post(session::act::export))
        .route("/sessions/{session}/hints/{task}", post(session::act::hint))
        .route("/sessions/{session}/tasks/{task}/again", post(session::act::again))
        .route("/sessions/{session}/trials/{task}", post(session::act::trial))
        .route("/sessions/{session}/reset-file", post(session::act::reset_file))
        .route("/sessions/{session}/exports/{name}", get(session::act::download))
        .route("/assets/{*name}", get(assets::serve))
        .route("/metrics", get(metrics::show))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            PATIENCE,
        ))
        .layer(DefaultBodyLimit::max(FORM));
    let site_itself = Router::new()
        .merge(pages)
        .route("/events", get(events::stream))
        .nest("/api/v1", api::routes())
        .fallback(|| async {
            Failure::not_found("There is no page at this address. It may have been moved, or mistyped.")
        })
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(site.clone(), metrics::measure))
        .with_state(site.clone());
    let site_itself = if templates::is_watched() {
        site_itself.layer(from_fn_with_state(site.clone(), dev::reload))
    } else {
        site_itself
    };
    site_itself
        .layer(from_fn_with_state(site.clone(), failure::dress))
        .layer(from_fn(headers::add))
        .layer(from_fn_with_state(site, by_host))
}

/// Hands requests for service tabs to the proxy, and refuses what is addressed to a name that is not ours.
async fn by_host(State(site): State<Site>, request: Request, next: Next) -> Response {
    match site.hosts().addressee(request.uri(), request.headers()) {
        Addressee::Site => next.run(request).await,
        Addressee::Service(label) => proxy::handle(&site, &label, request).await,
        Addressee::Foreign => fail(&site, Failure::wrong_host(), request).await,
    }
}

/// An error outside of the routes: its page carries the same headers as every other.
pub(super) async fn fail(site: &Site, failure: Failure, mut request: Request) -> Response {
    request.extensions_mut().insert(failure::Elsewhere);
    let failing = Router::new()
        .fallback(move || async move { failure.into_response() })
        .layer(from_fn_with_state(site.clone(), failure::dress))
        .layer(from_fn(headers::add));
    match tower::ServiceExt::oneshot(failing, request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
