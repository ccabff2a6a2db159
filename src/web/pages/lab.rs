//! A lab's card: what it asks, what it needs, whether it can be started here.

use askama::Template;

use super::frame::{Frame, Section};
use super::mark::Mark;
use super::parts::{Attempt, ExportChoice};
use super::time::Moment;
use crate::base::Timestamp;

/// The page at `/labs/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "lab.html")]
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

/// The one thing to press.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuaranteeLine {
    pub mark: Mark,
    pub text: String,
    /// How it is enforced, or why not.
    pub how: String,
}

/// A weaker promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weaker {
    pub why: String,
    pub command: Option<String>,
}

/// A task in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    pub title: String,
    pub points: u32,
    pub trial: bool,
}

/// The proof that the lab works.
#[derive(Clone, Debug, PartialEq, Eq)]
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
