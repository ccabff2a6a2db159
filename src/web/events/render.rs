//! An event as it goes to the browser: the kind's data, the leaves that it changes, and what a screen reader says.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::base::{PersonId, SessionId};
use crate::lab::{Delivery, Event, EventKind, SessionView};
use crate::model::{SessionState, Verdict};
use crate::web::Site;
use crate::web::pages::{fill, session};
use crate::web::templates::View;

/// One piece of the stream.
pub(super) async fn delivery(site: &Site, person: PersonId, delivery: Delivery) -> Bytes {
    match delivery {
        Delivery::Gap(id) => piece(id, EventKind::Snapshot, &json!({ "now": site.clock().now().0 })),
        Delivery::Event(event) => {
            let data = match event.session {
                Some(session) => of_session(site, person, session, &event).await,
                None => base(site, &event),
            };
            piece(event.id, event.kind, &Value::Object(data))
        }
    }
}

fn piece(id: i64, kind: EventKind, data: &Value) -> Bytes {
    // JSON on one line: the data of an event ends with it.
    Bytes::from(format!("id: {id}\nevent: {}\ndata: {data}\n\n", kind.word()))
}

fn base(site: &Site, event: &Event) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("now".to_owned(), site.clock().now().0.into());
    if let Some(session) = event.session {
        data.insert("session".to_owned(), session.to_string().into());
    }
    match event.kind {
        EventKind::Files => {
            data.insert("paths".to_owned(), event.data.get("paths").cloned().unwrap_or_default());
        }
        EventKind::Notice => {
            let text = event.data.get("text").cloned().unwrap_or_default();
            let loud = event.data.get("level").and_then(Value::as_str) == Some("failure");
            data.insert(if loud { "alert" } else { "say" }.to_owned(), text);
            data.insert("notice".to_owned(), event.data.clone());
        }
        _ => {}
    }
    data
}

async fn of_session(site: &Site, person: PersonId, session: SessionId, event: &Event) -> Map<String, Value> {
    let mut data = base(site, event);
    if matches!(event.kind, EventKind::Files | EventKind::Notice) {
        return data;
    }
    let view = match site.labs().view(person, session).await {
        Ok(view) => view,
        Err(error) => {
            tracing::warn!(%session, "an event is sent without its part of the page: {error}");
            return data;
        }
    };
    let mut leaves = Leaves::default();
    match event.kind {
        EventKind::Session => state(site, &view, &mut leaves, &mut data),
        EventKind::Output => leaves.add("step-output", &fill::output(&view.steps)),
        EventKind::Task | EventKind::Award | EventKind::Trial => task(site, &view, event, &mut leaves, &mut data),
        EventKind::Time => time(site, &view, event, &mut leaves, &mut data),
        EventKind::Files | EventKind::Notice | EventKind::Snapshot => {}
    }
    data.insert("state".to_owned(), view.session.state.word().into());
    data.insert(
        "title".to_owned(),
        format!("{} · Halfway", session::title(&view)).into(),
    );
    data.insert("html".to_owned(), leaves.0.into());
    data
}

#[derive(Default)]
struct Leaves(Map<String, Value>);

impl Leaves {
    fn add(&mut self, id: &str, leaf: &impl View) {
        match leaf.render() {
            Ok(html) => {
                self.0.insert(id.to_owned(), html.into());
            }
            Err(error) => tracing::error!("the leaf {id} could not be rendered: {error}"),
        }
    }
}

fn state(site: &Site, view: &SessionView, leaves: &mut Leaves, data: &mut Map<String, Value>) {
    leaves.add("session-state", &fill::state(view));
    leaves.add("session-time", &fill::time(view, &site.times()));
    match view.session.state {
        SessionState::Queued | SessionState::Provisioning => {
            leaves.add("step-list", &fill::steps(&view.steps));
            leaves.add("step-output", &fill::output(&view.steps));
        }
        SessionState::Failed => {
            data.insert("alert".to_owned(), "The lab could not be made.".into());
        }
        SessionState::Paused => {
            data.insert("say".to_owned(), "The lab is paused.".into());
        }
        SessionState::Ended => {
            data.insert("say".to_owned(), "The lab has ended.".into());
        }
        SessionState::Ready | SessionState::Ending => {}
    }
}

fn task(site: &Site, view: &SessionView, event: &Event, leaves: &mut Leaves, data: &mut Map<String, Value>) {
    let id = event.data.get("task").and_then(Value::as_str).unwrap_or_default();
    leaves.add("progress", &fill::progress(view));
    let Some((at, task)) = view.tasks.iter().enumerate().find(|(_, task)| task.id.0 == id) else {
        return;
    };
    leaves.add(&format!("task-{id}"), &fill::task(view, task, &site.times()));
    let said = match event.kind {
        EventKind::Task if event.data.get("edge").and_then(Value::as_bool) == Some(true) => {
            edge(at + 1, task.level.verdict, task.award.is_some(), view)
        }
        EventKind::Trial if task.trial.as_ref().is_some_and(|run| run.finished.is_some()) => {
            let held = task.trial.as_ref().and_then(|run| run.verdict) == Some(Verdict::Pass);
            Some(format!(
                "The trial of task {} {}.",
                at + 1,
                if held { "held" } else { "did not hold" }
            ))
        }
        _ => None,
    };
    if let Some(said) = said {
        data.insert("say".to_owned(), said.into());
    }
}

/// What is said once when a verdict changes; nothing for what is only being checked.
fn edge(number: usize, verdict: Verdict, achieved: bool, view: &SessionView) -> Option<String> {
    let count = format!("{} of {}", view.score.passing, view.score.tasks);
    match (verdict, achieved) {
        (Verdict::Pass, _) => Some(format!("Task {number} passed, {count}.")),
        (Verdict::Fail | Verdict::Blocked, true) => Some(format!("Task {number} is broken now, {count}.")),
        (Verdict::Error, _) => Some(format!("Task {number} could not be checked: our fault, not counted.")),
        _ => None,
    }
}

fn time(site: &Site, view: &SessionView, event: &Event, leaves: &mut Leaves, data: &mut Map<String, Value>) {
    leaves.add("session-time", &fill::time(view, &site.times()));
    match event.data.get("warning").and_then(Value::as_u64) {
        Some(1) => {
            data.insert(
                "alert".to_owned(),
                "One minute left. Your work is saved when the time is up.".into(),
            );
        }
        Some(minutes) => {
            data.insert("say".to_owned(), format!("{minutes} minutes left.").into());
        }
        None => {}
    }
}
