//! The result: each task with what is true now and what was achieved, the work to take along, and what comes next.

use serde::Serialize;

use axum::extract::State;

use crate::base::Timestamp;
use crate::content::Catalogue;
use crate::lab::SessionView;
use crate::model::{SessionState, Verdict};
use crate::web::Site;
use crate::web::identity::Who;
use crate::web::pages::fill;
use crate::web::pages::frame::{Frame, Live, Section};
use crate::web::pages::mark::Mark;
use crate::web::pages::parts::ExportChoice;
use crate::web::pages::show::{SessionPath, Shown, page};
use crate::web::pages::time::Moment;
use crate::web::pages::time::Times;
use crate::web::pages::week::Step;
use crate::web::templates::View;
use crate::web::texts;

/// `GET /sessions/{id}/finish`, and `GET /sessions/{id}` once `ended`.
#[derive(Clone, Debug, Serialize)]
pub struct FinishPage {
    pub frame: Frame,
    pub id: String,
    pub lab: String,
    pub lab_id: String,
    pub passed: usize,
    pub all: usize,
    pub points: u32,
    pub points_all: u32,
    /// Whether the session is over.
    pub ended: bool,
    /// Whether it is saving and ending just now.
    pub ending: bool,
    /// Why it ended, in words.
    pub reason: Option<String>,
    pub results: Vec<ResultLine>,
    pub exports: Vec<ExportChoice>,
    pub next: Option<Step>,
}

impl View for FinishPage {
    const TEMPLATE: &'static str = "session/finish.html";
}

/// One task's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultLine {
    pub title: String,
    pub points: u32,
    pub mark: Mark,
    /// `Passed`, `Achieved, broken now`, `Not yet`.
    pub word: String,
    pub achieved: Option<Moment>,
    pub evidence: Vec<String>,
    /// Why it was not achieved.
    pub seen: Vec<String>,
}

/// `GET /sessions/{id}/finish`.
///
/// # Errors
/// Where there is no such session of that person.
pub async fn show(State(site): State<Site>, Who(person): Who, SessionPath(session): SessionPath) -> Shown {
    let last = crate::web::events::last(&site, person);
    let view = site.labs().view(person, session).await?;
    page(&fill(&site.catalogue(), &view, &site.times(), last))
}

/// From what `lab` tells.
#[must_use]
pub fn fill(catalogue: &Catalogue, view: &SessionView, times: &Times, last: i64) -> FinishPage {
    let ended = view.session.state == SessionState::Ended;
    let week = catalogue.labs.get(&view.session.lab).map(|entry| entry.lab.week);
    FinishPage {
        frame: Frame::new(super::title(view), Section::Labs, times.now()).live(super::live(view, last)),
        id: view.session.id.to_string(),
        lab: view.title.clone(),
        lab_id: view.session.lab.to_string(),
        passed: view.score.achieved,
        all: view.score.tasks,
        points: view.score.earned,
        points_all: view.score.points,
        ended,
        ending: view.session.state == SessionState::Ending,
        reason: ended.then(|| view.session.reason.clone()).flatten(),
        results: view.tasks.iter().map(|task| result(view, task, times)).collect(),
        exports: view.exports.iter().map(|export| fill::export(export, times)).collect(),
        next: week.and_then(|week| crate::web::pages::curriculum::week_after(catalogue, week)),
    }
}

fn result(view: &SessionView, task: &crate::lab::TaskView, times: &Times) -> ResultLine {
    let verdict = task.level.verdict;
    let titles: Vec<String> = task
        .level
        .waits_for
        .iter()
        .filter_map(|id| view.tasks.iter().find(|other| &other.id == id))
        .map(|other| other.title.clone())
        .collect();
    let (mark, word) = match (&task.award, verdict) {
        (Some(_), Verdict::Pass) => (Mark::Passed, "Achieved, and true now".to_owned()),
        (award, verdict) => texts::task(verdict, award.is_some(), &titles),
    };
    ResultLine {
        title: task.title.clone(),
        points: task.points,
        mark,
        word,
        achieved: task.award.as_ref().map(|award| times.moment(award.at)),
        evidence: task
            .award
            .as_ref()
            .map_or_else(Vec::new, |award| award.evidence.clone()),
        seen: if verdict == Verdict::Pass || verdict == Verdict::Error {
            Vec::new()
        } else {
            task.level
                .findings
                .iter()
                .map(|finding| finding.seen.clone())
                .filter(|seen| !seen.is_empty())
                .collect()
        },
    }
}

impl FinishPage {
    /// Four of six.
    #[must_use]
    pub fn sample() -> Self {
        let moment = Moment {
            exact: "2026-11-24T14:02:00Z".into(),
            text: "14:02".into(),
        };
        Self {
            frame: Frame::new("Ended, 1 of 2 · Inherited notebook", Section::Labs, Timestamp(0)).live(Live {
                last: 20,
                session: Some(("0190b6a4-0000-7000-8000-000000000001".into(), "ended")),
            }),
            id: "0190b6a4-0000-7000-8000-000000000001".into(),
            lab: "Inherited notebook".into(),
            lab_id: "inherited-notebook".into(),
            passed: 1,
            all: 2,
            points: 10,
            points_all: 20,
            ended: true,
            ending: false,
            reason: Some("You ended it.".into()),
            results: vec![
                ResultLine {
                    title: "Training runs from a clean process".into(),
                    points: 10,
                    mark: Mark::Broken,
                    word: "Achieved, broken at the end".into(),
                    achieved: Some(moment.clone()),
                    evidence: vec!["auc is 0.97".into()],
                    seen: vec![],
                },
                ResultLine {
                    title: "Wrong input never gives an answer".into(),
                    points: 10,
                    mark: Mark::NotYet,
                    word: "Not yet".into(),
                    achieved: None,
                    evidence: vec![],
                    seen: vec!["predict.py answered for a missing column".into()],
                },
            ],
            exports: vec![ExportChoice {
                id: "0190b6a4-0000-7000-8000-000000000002".into(),
                at: moment,
                size: "1.2 MB".into(),
            }],
            next: Some(Step {
                title: "Week 2: Reproducible environments".into(),
                href: "/weeks/2".into(),
            }),
        }
    }
}
