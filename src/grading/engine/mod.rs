//! From observations to verdicts, levels and awards. Pure: no IO and no clock, the present instant comes in.
//!
//! **Levels.** A task's level is what is true now:
//! 1. `waiting` while a task that it needs is not at `pass` *now* (its level counts, not its award);
//! 2. else the first of `error`, `blocked`, `fail`, `pending` that one of its checks has;
//! 3. else `pass`.
//!
//! A check that nobody has looked at yet is `pending`. One with `stable_for` is `pending` until it has held that long
//! without a break; a break starts the time again. The time goes on across a restart of the server (the learner's
//! work lives on, too), but it never ends before somebody has looked again.
//!
//! **Absent or could not look.** An absent thing is `null` to an expression and an empty list to a quantifier, so that
//! `it == null`, `none` and `count` with at most so many can pass on it; everything else fails with "absent". What
//! could not be looked at is `blocked` or `error` and passes nothing.
//!
//! **Trials.** A trial task has the verdict of its last run until something that the run rested on changes
//! ([`Engine::outdated`]): from then on it is `pending`, "run it again". The award stays.
//!
//! **Awards.** The first time that a task is at `pass` it is awarded, with a line of evidence a check, and never again
//! and never taken back.

mod assess;
mod evaluate;
mod partial;
mod state;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(in crate::grading) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::trial::{TrialOutcome, TrialVerdict};
use super::{Change, CheckRef};
use crate::base::Timestamp;
use crate::model::{Award, Finding, Lab, Observation, Parameters, TaskId, TaskLevel, Verdict};

pub use assess::Assessment;
pub(in crate::grading) use assess::{compile_say, duration, place, say};
pub(in crate::grading) use evaluate::{Expression, Failure, Scope};

use state::{CheckState, TaskState};

/// What the engine must remember across a restart besides levels and awards. Belongs in the store as JSON, written
/// whenever there was a change. Worthless to another definition of the lab, and ignored there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Hash of the lab's definition.
    lab: String,
    checks: BTreeMap<TaskId, Vec<CheckMemory>>,
}

/// One check's part of the memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct CheckMemory {
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<Assessment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holds_since: Option<Timestamp>,
    #[serde(default)]
    held: bool,
}

/// What the store knows of a session's grading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    pub levels: Vec<TaskLevel>,
    pub awards: Vec<Award>,
    pub memory: Memory,
}

/// All that is known of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskStatus {
    pub level: TaskLevel,
    /// Achieved at, and by what evidence; stays when the level regresses.
    pub award: Option<Award>,
}

/// The grading of one session.
#[derive(Clone, Debug)]
pub struct Engine {
    lab: String,
    params: Value,
    tasks: Vec<TaskState>,
}

impl Engine {
    /// The grading of a session of `lab`, going on from what is stored. Says nothing until something is observed:
    /// [`Engine::status`] is then what was stored.
    #[must_use]
    pub fn new(lab: &Lab, parameters: &Parameters, stored: Stored) -> Self {
        let remembered = if stored.memory.lab == lab.hash {
            stored.memory.checks
        } else {
            BTreeMap::new()
        };
        let params = Value::Object(parameters.clone().into_iter().collect());
        let tasks = lab
            .tasks
            .iter()
            .map(|task| TaskState::new(task, &stored.levels, &stored.awards, remembered.get(&task.id)))
            .collect();
        let mut engine = Self {
            lab: lab.hash.clone(),
            params,
            tasks,
        };
        // A task that the store knows nothing of gets its first level here, not as a change.
        let unknown: Vec<bool> = engine
            .tasks
            .iter()
            .map(|task| !stored.levels.iter().any(|level| level.task == task.id))
            .collect();
        for (index, level) in engine.levels(Timestamp(i64::MIN)).into_iter().enumerate() {
            if unknown[index] {
                engine.tasks[index].level = TaskLevel {
                    since: Timestamp(0),
                    ..level
                };
            }
        }
        engine
    }

    /// Takes the latest observation of a check. One of a check that the lab does not have, or of a trial, is ignored.
    pub fn observe(&mut self, check: &CheckRef, observation: &Observation, now: Timestamp) -> Vec<Change> {
        let params = std::mem::take(&mut self.params);
        let assessed = self
            .check(check)
            .and_then(|state| state.judge.as_ref())
            .map(|judge| judge.assess(observation, &params));
        self.params = params;
        match assessed {
            Some(assessment) => self.take(check, assessment, now),
            None => Vec::new(),
        }
    }

    /// Takes the outcome of a trial of `task`. A cancelled one changes nothing.
    pub fn trial(&mut self, task: &TaskId, outcome: &TrialOutcome, now: Timestamp) -> Vec<Change> {
        let verdict = match outcome.verdict {
            TrialVerdict::Held => Verdict::Pass,
            TrialVerdict::Violated => Verdict::Fail,
            TrialVerdict::Error => Verdict::Error,
            TrialVerdict::Cancelled => return Vec::new(),
        };
        self.trial_verdict(
            task,
            Assessment {
                verdict,
                findings: outcome.findings.clone(),
                evidence: outcome.evidence.clone(),
                fault: outcome.fault.clone(),
            },
            now,
        )
    }

    /// Says that something which the last trial of `task` rested on has changed: a verdict of it becomes `pending`.
    pub fn outdated(&mut self, task: &TaskId, now: Timestamp) -> Vec<Change> {
        let judged = self
            .check(&CheckRef::new(task, 0))
            .is_some_and(|state| state.judge.is_none() && state.latest.is_some());
        if !judged {
            return Vec::new();
        }
        self.trial_verdict(
            task,
            Assessment {
                verdict: Verdict::Pending,
                findings: vec![Finding {
                    expected: "the work as it is now survives the trial".to_owned(),
                    seen: "it has changed since the last run: run the trial again".to_owned(),
                    place: "trial".to_owned(),
                    say: None,
                }],
                evidence: Vec::new(),
                fault: None,
            },
            now,
        )
    }

    /// Lets time pass: what has held for long enough passes. Also says when to call again at the latest, where there
    /// is anything to wait for.
    pub fn tick(&mut self, now: Timestamp) -> (Vec<Change>, Option<Timestamp>) {
        let changes = self.settle(now);
        let next = self
            .tasks
            .iter()
            .flat_map(|task| &task.checks)
            .filter(|check| check.fresh && !check.held)
            .filter_map(|check| Some(check.holds_since?.after(check.stable_for?)))
            .filter(|due| *due > now)
            .min();
        (changes, next)
    }

    /// What is known of each task, in the lab's order.
    #[must_use]
    pub fn status(&self) -> Vec<TaskStatus> {
        self.tasks
            .iter()
            .map(|task| TaskStatus {
                level: task.level.clone(),
                award: task.award.clone(),
            })
            .collect()
    }

    /// The verdict of a task now.
    #[must_use]
    pub fn verdict(&self, task: &TaskId) -> Option<Verdict> {
        let task = self.tasks.iter().find(|state| &state.id == task)?;
        Some(task.level.verdict)
    }

    /// Whether a task waits for another, so that its checks need not be looked at.
    #[must_use]
    pub fn is_waiting(&self, task: &TaskId) -> bool {
        self.verdict(task) == Some(Verdict::Waiting)
    }

    /// Checks that nobody has looked at since this engine was made; trials are not among them.
    #[must_use]
    pub fn unobserved(&self) -> Vec<CheckRef> {
        let mut found = Vec::new();
        for task in &self.tasks {
            for (index, check) in task.checks.iter().enumerate() {
                if check.judge.is_some() && !check.fresh {
                    found.push(CheckRef::new(&task.id, index));
                }
            }
        }
        found
    }

    /// What must be stored so that [`Engine::new`] goes on from here.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let checks = self
            .tasks
            .iter()
            .map(|task| {
                let checks = task
                    .checks
                    .iter()
                    .map(|check| CheckMemory {
                        latest: check.latest.clone(),
                        holds_since: check.holds_since,
                        held: check.held,
                    })
                    .collect();
                (task.id.clone(), checks)
            })
            .collect();
        Memory {
            lab: self.lab.clone(),
            checks,
        }
    }

    fn trial_verdict(&mut self, task: &TaskId, assessment: Assessment, now: Timestamp) -> Vec<Change> {
        let check = CheckRef::new(task, 0);
        if self.check(&check).is_some_and(|state| state.judge.is_none()) {
            self.take(&check, assessment, now)
        } else {
            Vec::new()
        }
    }

    fn check(&mut self, check: &CheckRef) -> Option<&mut CheckState> {
        let task = self.tasks.iter_mut().find(|task| task.id == check.task)?;
        task.checks.get_mut(check.index)
    }

    fn take(&mut self, check: &CheckRef, assessment: Assessment, now: Timestamp) -> Vec<Change> {
        let Some(state) = self.check(check) else {
            return Vec::new();
        };
        state.fresh = true;
        let mut changes = Vec::new();
        let known_fault = state.latest.as_ref().and_then(|latest| latest.fault.as_ref());
        if let Some(why) = &assessment.fault
            && known_fault != Some(why)
        {
            changes.push(Change::Fault {
                check: check.clone(),
                why: why.clone(),
            });
        }
        state.holds_since = match (assessment.verdict, state.stable_for, state.holds_since) {
            (Verdict::Pass, Some(_), Some(since)) if since <= now => Some(since),
            (Verdict::Pass, Some(_), _) => Some(now),
            _ => None,
        };
        state.held &= assessment.verdict == Verdict::Pass;
        state.latest = Some(assessment);
        changes.extend(self.settle(now));
        changes
    }

    /// Brings levels and awards up to what the checks say.
    fn settle(&mut self, now: Timestamp) -> Vec<Change> {
        for check in self.tasks.iter_mut().flat_map(|task| &mut task.checks) {
            check.held |= check.fresh && check.has_held(now);
        }
        let mut changes = Vec::new();
        for (index, mut level) in self.levels(now).into_iter().enumerate() {
            let task = &mut self.tasks[index];
            if level.verdict == task.level.verdict {
                level.since = task.level.since;
            }
            if level != task.level {
                task.level = level;
                changes.push(Change::Level(task.level.clone()));
            }
            if task.level.verdict == Verdict::Pass
                && task.award.is_none()
                && task.checks.iter().all(|check| check.fresh)
            {
                let award = Award {
                    task: task.id.clone(),
                    at: now,
                    points: task.points,
                    evidence: task.checks.iter().flat_map(CheckState::evidence).collect(),
                };
                task.award = Some(award.clone());
                changes.push(Change::Awarded(award));
            }
        }
        changes
    }

    /// The level of each task, as of `now`.
    fn levels(&self, now: Timestamp) -> Vec<TaskLevel> {
        let own: Vec<(Verdict, Vec<Finding>)> = self.tasks.iter().map(TaskState::combined).collect();
        // The least set that satisfies the needs, so that tasks which need each other wait for ever.
        let mut passing = vec![false; self.tasks.len()];
        loop {
            let mut grew = false;
            for (index, task) in self.tasks.iter().enumerate() {
                if !passing[index] && own[index].0 == Verdict::Pass && self.unmet(task, &passing).is_empty() {
                    passing[index] = true;
                    grew = true;
                }
            }
            if !grew {
                break;
            }
        }
        self.tasks
            .iter()
            .zip(own)
            .map(|(task, (verdict, findings))| {
                let waits_for = self.unmet(task, &passing);
                let waits = !waits_for.is_empty();
                TaskLevel {
                    task: task.id.clone(),
                    verdict: if waits { Verdict::Waiting } else { verdict },
                    since: now,
                    findings: if waits { Vec::new() } else { findings },
                    waits_for,
                }
            })
            .collect()
    }

    fn unmet(&self, task: &TaskState, passing: &[bool]) -> Vec<TaskId> {
        task.needs
            .iter()
            .filter(|need| {
                !self
                    .tasks
                    .iter()
                    .zip(passing)
                    .any(|(other, passes)| &other.id == *need && *passes)
            })
            .cloned()
            .collect()
    }
}
