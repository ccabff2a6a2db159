//! A session as JSON. The seed of its parameters is not told: hidden data is made from it.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use serde_json::json;

use crate::web::Site;
use crate::web::identity::Who;
use crate::web::pages::show::{SessionPath, Shown};

/// `GET /sessions/{id}`.
pub(super) async fn show(State(site): State<Site>, Who(person): Who, SessionPath(session): SessionPath) -> Shown {
    let view = site.labs().view(person, session).await?;
    let row = &view.session;
    let time = |at: Option<crate::base::Timestamp>| at.map(crate::base::Timestamp::rfc3339);
    let services: Vec<_> = view
        .services
        .iter()
        .map(|service| {
            json!({
                "name": service.name,
                "title": service.title,
                "port": service.port,
                "url": format!("{}/", site.service_origin(session, service.port)),
            })
        })
        .collect();
    let tasks: Vec<_> = view
        .tasks
        .iter()
        .map(|task| {
            json!({
                "id": task.id,
                "title": task.title,
                "points": task.points,
                "needs": task.needs,
                "verdict": task.level.verdict,
                "since": task.level.since.rfc3339(),
                "findings": task.level.findings,
                "waits_for": task.level.waits_for,
                "award": task.award.as_ref().map(|award| json!({
                    "at": award.at.rfc3339(), "points": award.points, "evidence": award.evidence,
                })),
                "hints": { "shown": task.hints.shown, "total": task.hints.total },
                "trial": task.trial.as_ref().map(|trial| json!({
                    "phase": trial.phase,
                    "verdict": trial.verdict,
                    "started": trial.started.rfc3339(),
                    "finished": time(trial.finished),
                    "restored": trial.restored,
                })),
            })
        })
        .collect();
    let steps: Vec<_> = view
        .steps
        .iter()
        .map(|step| json!({ "title": step.title, "state": step.state }))
        .collect();
    Ok(Json(json!({
        "id": row.id,
        "lab": row.lab,
        "title": view.title,
        "state": row.state,
        "reason": row.reason,
        "created": row.created.rfc3339(),
        "ready": time(row.ready),
        "ended": time(row.ended),
        "now": view.time.now.rfc3339(),
        "deadline": time(view.time.deadline),
        "left_seconds": view.time.left.map(|left| left.as_secs()),
        "steps": steps,
        "tasks": tasks,
        "score": view.score,
        "services": services,
        "exports": view.exports.iter().map(|export| json!({
            "name": export.name,
            "made": export.made.rfc3339(),
            "size": export.size,
            "partial": export.partial,
            "url": format!("/sessions/{}/exports/{}", row.id, export.name),
        })).collect::<Vec<_>>(),
        "may": view.may,
    }))
    .into_response())
}
