//! A lab's card: what it asks, what it needs, whether it can be started here.

use axum::extract::State;
use serde::Serialize;

use super::curriculum::week_name;
use super::frame::{Frame, Section};
use super::mark::Mark;
use super::parts::{Attempt, ExportChoice, limit};
use super::show::{LabPath, Shown, not_served, page};
use super::time::{Moment, Times};
use super::{fill, history};
use crate::base::Timestamp;
use crate::lab::{self, Availability};
use crate::model::{Egress, Guarantee, Lab, TaskWork};
use crate::proof::Proof;
use crate::sandbox::{Guarantees, guarantees};
use crate::web::identity::Who;
use crate::web::templates::View;
use crate::web::{Site, reading, texts};

/// The page at `/labs/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct LabPage {
    pub frame: Frame,
    pub id: String,
    pub title: String,
    pub summary: String,
    /// `Week 1`.
    pub week: String,
    pub week_href: String,
    pub minutes: u32,
    pub points: u32,
    pub action: Action,
    /// What it needs, in words.
    pub needs: Vec<String>,
    /// What holds in this server's sandboxes, and what does not.
    pub guarantees: Vec<GuaranteeLine>,
    /// Where the promise is weaker than it could be: what is missing, and the command that brings it.
    pub weaker: Option<Weaker>,
    pub tasks: Vec<TaskLine>,
    pub proof: Option<ProofLine>,
    pub attempts: Vec<Attempt>,
    pub exports: Vec<ExportChoice>,
}

impl View for LabPage {
    const TEMPLATE: &'static str = "lab.html";
}

/// The one thing to press.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    Start,
    /// There is a session already.
    Resume {
        href: String,
        state: String,
    },
    /// It cannot be started here.
    Refused {
        why: String,
        command: Option<String>,
    },
}

/// A promise about the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuaranteeLine {
    pub mark: Mark,
    pub text: String,
    /// How it is enforced, or why not.
    pub how: String,
}

/// A weaker promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Weaker {
    pub why: String,
    pub command: Option<String>,
}

/// A task in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskLine {
    pub title: String,
    pub points: u32,
    pub trial: bool,
}

/// The proof that the lab works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofLine {
    pub mark: Mark,
    /// `Proven` or `Not proven`.
    pub word: String,
    pub at: Moment,
    /// `untouched, solution, undo, 4 wrong solutions, second seed`.
    pub what: String,
    /// Whether the lab has changed since.
    pub stale: bool,
}

/// `GET /labs/{id}`.
///
/// # Errors
/// Where there is no such lab.
pub async fn show(State(site): State<Site>, Who(person): Who, LabPath(id): LabPath) -> Shown {
    let catalogue = site.catalogue();
    let entry = catalogue.labs.get(&id).ok_or_else(|| not_served(&catalogue, &id))?;
    let lab = &entry.lab;
    let attempts: Vec<_> = site
        .labs()
        .history(person)
        .await?
        .into_iter()
        .filter(|attempt| attempt.lab == id)
        .collect();
    // Whoever goes to the lab has read what comes before it.
    let before: Vec<_> = catalogue
        .curriculum
        .weeks
        .iter()
        .filter(|week| week.number == lab.week)
        .flat_map(|week| {
            week.lessons
                .iter()
                .map(|lesson| reading::key(week.number, &lesson.slug))
        })
        .collect();
    site.reading()
        .open(site.store(), person, None, &before, site.clock().now())
        .await?;
    let availability = site.labs().availability(lab);
    let times = site.times();
    page(&LabPage {
        frame: Frame::new(lab.title.clone(), Section::Labs, times.now()),
        id: id.to_string(),
        title: lab.title.clone(),
        summary: lab.summary.clone(),
        week: week_name(lab.week),
        week_href: format!("/weeks/{}", lab.week),
        minutes: lab.minutes,
        points: lab.points(),
        action: action(&attempts, &availability),
        needs: needs(lab),
        guarantees: promises(site.guarantees()),
        weaker: weaker(&availability),
        tasks: lab
            .tasks
            .iter()
            .map(|task| TaskLine {
                title: task.title.clone(),
                points: task.points,
                trial: matches!(task.work, TaskWork::Trial(_)),
            })
            .collect(),
        proof: proof(site.proofs().latest(&lab.id).await.as_ref(), lab, &times),
        exports: attempts
            .iter()
            .flat_map(|attempt| &attempt.exports)
            .take(5)
            .map(|export| fill::export(export, &times))
            .collect(),
        attempts: attempts.iter().map(|attempt| history::line(attempt, &times)).collect(),
    })
}

fn proof(latest: Option<&Proof>, lab: &Lab, times: &Times) -> Option<ProofLine> {
    let latest = latest?;
    let (mark, word) = if latest.holds() {
        (Mark::Passed, "Proven")
    } else {
        (Mark::NotYet, "Not proven")
    };
    Some(ProofLine {
        mark,
        word: word.to_owned(),
        at: times.moment(latest.at),
        what: latest.summary(),
        stale: latest.hash != lab.hash,
    })
}

fn action(attempts: &[lab::Attempt], availability: &Availability) -> Action {
    if let Some(attempt) = attempts.iter().find(|attempt| attempt.state.is_live()) {
        let (_, word) = texts::session(attempt.state);
        return Action::Resume {
            href: format!("/sessions/{}", attempt.session),
            state: word.to_lowercase(),
        };
    }
    match availability.missing.first() {
        None => Action::Start,
        Some(missing) => Action::Refused {
            why: format!(
                "It needs a promise that this server cannot make: {}. {}",
                missing.what,
                sentence(&missing.why)
            ),
            command: missing.fix.clone(),
        },
    }
}

fn weaker(availability: &Availability) -> Option<Weaker> {
    let first = availability.weaker.first()?;
    let what: Vec<_> = availability
        .weaker
        .iter()
        .map(|missing| missing.what.as_str())
        .collect();
    Some(Weaker {
        why: format!("Not promised here: {}. {}", what.join("; "), sentence(&first.why)),
        command: availability.weaker.iter().find_map(|missing| missing.fix.clone()),
    })
}

/// With a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).chain(['.']).collect())
        .unwrap_or_default()
}

fn needs(lab: &Lab) -> Vec<String> {
    let mut needs = vec![match lab.needs.environment {
        Some(_) => "a workspace with a Python environment of its own".to_owned(),
        None => "a workspace".to_owned(),
    }];
    needs.push(
        match lab.egress {
            Egress::None => "no network beyond itself",
            Egress::Registries => "package registries, nothing else of the network",
            Egress::Open => "the network",
        }
        .to_owned(),
    );
    needs.push(format!(
        "up to {} of memory, {} of disk, {} processes",
        limit(lab.limits.memory),
        limit(lab.limits.disk),
        lab.limits.processes
    ));
    needs.extend(
        lab.needs
            .guarantees
            .iter()
            .map(|guarantee| format!("a promise: {}", guarantees::words(*guarantee))),
    );
    needs
}

fn promises(given: &Guarantees) -> Vec<GuaranteeLine> {
    let line = |mark, guarantee: Guarantee, how: &str| GuaranteeLine {
        mark,
        text: sentence(guarantees::words(guarantee)).trim_end_matches('.').to_owned(),
        how: how.to_owned(),
    };
    given
        .given()
        .map(|(guarantee, how)| line(Mark::Passed, guarantee, how))
        .chain(
            given
                .all_missing()
                .map(|(guarantee, missing)| line(Mark::NotYet, guarantee, &format!("not here: {}", missing.why))),
        )
        .collect()
}

impl LabPage {
    /// A page with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        let moment = Moment {
            exact: "2026-11-24T14:02:00Z".into(),
            text: "14:02".into(),
        };
        Self {
            frame: Frame::new("Inherited notebook", Section::Labs, Timestamp(0)),
            id: "inherited-notebook".into(),
            title: "Inherited notebook".into(),
            summary: "A notebook that nobody else can run.".into(),
            week: "Week 1".into(),
            week_href: "/weeks/1".into(),
            minutes: 60,
            points: 60,
            action: Action::Refused {
                why: "It needs a network of its own, and bubblewrap is not installed.".into(),
                command: Some("sudo apt install bubblewrap".into()),
            },
            needs: vec!["a workspace with Python".into()],
            guarantees: vec![GuaranteeLine {
                mark: Mark::Passed,
                text: "Your files are walled off".into(),
                how: "Landlock".into(),
            }],
            weaker: Some(Weaker {
                why: "Sessions share this machine's network.".into(),
                command: Some("sudo apt install bubblewrap".into()),
            }),
            tasks: vec![TaskLine {
                title: "Training runs from a clean process".into(),
                points: 10,
                trial: false,
            }],
            proof: Some(ProofLine {
                mark: Mark::Passed,
                word: "Proven".into(),
                at: moment.clone(),
                what: "untouched, solution, undo, 4 wrong solutions, second seed".into(),
                stale: false,
            }),
            attempts: vec![Attempt {
                title: "Inherited notebook".into(),
                href: "/sessions/0190b6a4-0000-7000-8000-000000000001".into(),
                mark: Mark::Passed,
                state: "Ended".into(),
                begun: moment.clone(),
                progress: "4 of 6 tasks".into(),
            }],
            exports: vec![ExportChoice {
                id: "0190b6a4-0000-7000-8000-000000000001".into(),
                at: moment,
                size: "1.2 MB".into(),
            }],
        }
    }
}
