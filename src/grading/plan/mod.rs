//! What must be looked at, and when.
//!
//! [`Plan`] is what a lab's definition says about that, [`Schedule`] what a session's life makes of it. Both are pure:
//! no IO, and the present instant comes in. Never looks itself.

mod schedule;

#[cfg(test)]
mod tests;

use super::CheckRef;
use super::trial::rests_on;
use crate::model::check::{FileForm, Probe};
use crate::model::{Lab, TaskId, TaskWork};

pub use schedule::{Look, Schedule};

/// A path of the workspace whose change matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watch {
    /// Relative to the workspace, without `.` and trailing slashes; empty for the workspace itself.
    pub path: String,
    /// Whether what lies beneath it matters, too. A path that does not exist yet, or that is a file, has nothing
    /// beneath it and is watched all the same: it may become a directory.
    pub recursive: bool,
}

impl Watch {
    fn new(path: &str, recursive: bool) -> Self {
        Self {
            path: normal(path),
            recursive,
        }
    }

    /// Whether a change of `path` may change what this watch is for: it is the path itself, something above it (a
    /// directory that was moved or removed), or, where recursive, something beneath it.
    #[must_use]
    pub fn concerns(&self, path: &str) -> bool {
        let path = normal(path);
        path == self.path || is_beneath(&self.path, &path) || (self.recursive && is_beneath(&path, &self.path))
    }
}

fn is_beneath(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// `./a//b/` → `a/b`. Names are not resolved: `..` is for the workspace to refuse.
fn normal(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

/// How a check comes to be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// At once, when a watched path changes.
    Change,
    /// When watched paths have changed and been quiet for a while; never two at once in a session.
    Quiet,
    /// Again and again with growing pauses, and only while somebody looks.
    Poll,
}

/// One thing to look at, for all checks that ask for just the same: it is looked at once for them together.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub checks: Vec<CheckRef>,
    pub probe: Probe,
    pub cadence: Cadence,
    pub watches: Vec<Watch>,
    /// Can only be looked at while the sandbox's agent is alive.
    pub needs_agent: bool,
}

/// What a trial's outcome rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTrial {
    pub task: TaskId,
    /// A change of these may make the outcome out of date; see [`super::trial::fingerprint`].
    pub watches: Vec<Watch>,
}

/// What a lab's definition says about looking.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub looks: Vec<Planned>,
    pub trials: Vec<PlannedTrial>,
}

impl Plan {
    /// The plan of a lab whose parameters are filled in.
    #[must_use]
    pub fn new(lab: &Lab) -> Self {
        let mut plan = Self {
            looks: Vec::new(),
            trials: Vec::new(),
        };
        for task in &lab.tasks {
            match &task.work {
                TaskWork::Checks(checks) => {
                    for (index, check) in checks.iter().enumerate() {
                        plan.add(CheckRef::new(&task.id, index), &check.probe);
                    }
                }
                TaskWork::Trial(trial) => plan.trials.push(PlannedTrial {
                    task: task.id.clone(),
                    watches: rests_on(trial).iter().map(|path| Watch::new(path, true)).collect(),
                }),
            }
        }
        plan
    }

    fn add(&mut self, check: CheckRef, probe: &Probe) {
        match self.looks.iter_mut().find(|look| &look.probe == probe) {
            Some(look) => look.checks.push(check),
            None => self.looks.push(planned(check, probe)),
        }
    }

    /// Every path that must be watched for the session, each once; where one is watched both ways, recursively.
    #[must_use]
    pub fn watches(&self) -> Vec<Watch> {
        let all = self.looks.iter().flat_map(|look| &look.watches);
        let mut watches: Vec<Watch> = all
            .chain(self.trials.iter().flat_map(|trial| &trial.watches))
            .cloned()
            .collect();
        // `false` sorts before `true`, so the recursive one of a pair comes last and is the one that stays.
        watches.sort();
        watches.reverse();
        watches.dedup_by(|later, kept| later.path == kept.path);
        watches.reverse();
        watches
    }

    /// The trials whose outcome may be out of date after a change of `path`.
    pub fn trials_concerned<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a TaskId> {
        self.trials
            .iter()
            .filter(move |trial| trial.watches.iter().any(|watch| watch.concerns(path)))
            .map(|trial| &trial.task)
    }
}

fn planned(check: CheckRef, probe: &Probe) -> Planned {
    let (cadence, watches, needs_agent) = match probe {
        Probe::File(file) => {
            let recursive = file.form == FileForm::Tree;
            (Cadence::Change, vec![Watch::new(&file.path, recursive)], false)
        }
        Probe::Command(_) | Probe::Http(_) => (Cadence::Poll, Vec::new(), true),
        Probe::Referee(referee) => {
            let watches = referee.watches.iter().map(|path| Watch::new(path, true)).collect();
            (Cadence::Quiet, watches, false)
        }
    };
    Planned {
        checks: vec![check],
        probe: probe.clone(),
        cadence,
        watches,
        needs_agent,
    }
}
