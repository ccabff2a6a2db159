//! Search as JSON, for the dialog that Ctrl+K opens.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::IntoResponse as _;
use serde_json::json;

use crate::web::pages::show::Shown;
use crate::web::search::LONGEST;
use crate::web::{Failure, Site};

/// As many as a dialog shows.
const MOST: usize = 12;

/// `GET /search?q=`. Texts come as pieces, `{text, hit}`: whoever shows them escapes them.
pub(super) async fn show(State(site): State<Site>, Query(query): Query<Vec<(String, String)>>) -> Shown {
    let Some((_, asked)) = query.into_iter().find(|(name, _)| name == "q") else {
        return Err(Failure::bad_request(
            "The words to look for are missing: ask for /api/v1/search?q=words.",
        ));
    };
    let length = asked.chars().count();
    if length > LONGEST {
        return Err(Failure::bad_request(format!(
            "q has {length} characters, and at most {LONGEST} are looked for. Ask with fewer words."
        )));
    }
    let found = site.finder().search(&site.catalogue(), &asked, MOST).await?;
    let results: Vec<_> = found
        .hits
        .iter()
        .map(|hit| {
            json!({
                "kind": hit.kind,
                "title": hit.title,
                "heading": hit.heading,
                "where": hit.place,
                "address": hit.address,
                "snippet": hit.snippet,
            })
        })
        .collect();
    Ok(Json(json!({
        "query": asked,
        "answered": found.answered,
        "more": found.more,
        "results": results,
    }))
    .into_response())
}
