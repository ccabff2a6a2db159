//! The pure state machine of a trial: acting → watching → restoring → finished.
//!
//! No IO and no clock: the runner does what [`Machine::phase`] says and tells what came of it. Conditions are looked
//! at from the first act on (`never`, `always`), once when all acts are done (plain), and from the last act on
//! (`eventually`). The first violation ends the trial.
//!
//! What could not be looked at breaks `always` and a plain condition if it is absent, never lets `never` hold unless
//! it could be told at least once, and makes the trial an error, which costs nothing, if it is the platform's fault.

mod verdict;
mod words;

use std::collections::BTreeMap;

use serde_json::Value;

use super::holds::{Condition, Look};
use super::journal::RestoreReport;
use super::tracks::{Tone, Track};
use super::{Entry, EntryKind, TrialVerdict};
use crate::base::Timestamp;
use crate::grading::engine::Scope;
use crate::grading::text;
use crate::model::trial::HoldKind;
use crate::model::{Act, Finding, Observation, Parameters, Trial};

use words::{binding, describe, names};

/// Entries that a timeline holds.
const LONGEST: usize = 300;

/// What the runner must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The act of that number.
    Acting(usize),
    /// Nothing but to watch until then.
    Watching(Timestamp),
    /// Put everything back.
    Restoring,
    Finished,
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq)]
pub enum Acted {
    Done,
    Saw(Observation),
    /// The learner's work does not have what the act needs; words for the learner.
    Impossible(String),
    /// The platform could not do it; words for the operator.
    Fault(String),
}

/// A running trial.
#[derive(Debug)]
pub struct Machine {
    trial: Trial,
    params: Value,
    phase: Phase,
    began: Timestamp,
    /// When the latest act was done.
    acted: Option<Timestamp>,
    conditions: Vec<Condition>,
    /// What names stand for; `null` for what is absent.
    bound: BTreeMap<String, Value>,
    /// Names that could not be looked at the last time, and why.
    blind: BTreeMap<String, String>,
    /// What is known of names, in words.
    facts: BTreeMap<String, String>,
    lanes: BTreeMap<String, Track>,
    timeline: Vec<Entry>,
    verdict: Option<TrialVerdict>,
    findings: Vec<Finding>,
    fault: Option<String>,
    report: Option<RestoreReport>,
    finished: Timestamp,
}

impl Machine {
    /// A trial that begins now.
    #[must_use]
    pub fn new(trial: &Trial, parameters: &Parameters, now: Timestamp) -> Self {
        let mut machine = Self {
            trial: trial.clone(),
            params: Value::Object(parameters.clone().into_iter().collect()),
            phase: Phase::Acting(0),
            began: now,
            acted: None,
            conditions: trial.hold.iter().map(Condition::new).collect(),
            bound: BTreeMap::new(),
            blind: BTreeMap::new(),
            facts: BTreeMap::new(),
            lanes: BTreeMap::new(),
            timeline: Vec::new(),
            verdict: None,
            findings: Vec::new(),
            fault: None,
            report: None,
            finished: now,
        };
        if trial.act.is_empty() {
            machine.watch(now);
        }
        machine
    }

    /// What is to be done.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The act that is to be done.
    #[must_use]
    pub fn act(&self) -> Option<&Act> {
        match self.phase {
            Phase::Acting(number) => self.trial.act.get(number),
            _ => None,
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn timeline(&self) -> &[Entry] {
        &self.timeline
    }

    /// The act of [`Machine::act`] was done, or could not be.
    pub fn acted(&mut self, what: Acted, now: Timestamp) {
        let Phase::Acting(number) = self.phase else { return };
        let Some(act) = self.trial.act.get(number).cloned() else {
            return;
        };
        let done = describe(&act);
        match what {
            Acted::Impossible(why) => {
                self.violate(
                    Finding {
                        expected: done,
                        seen: text::safe(&why, text::LINE),
                        place: "trial".to_owned(),
                        say: None,
                    },
                    now,
                );
                return;
            }
            Acted::Fault(why) => {
                self.fail(&format!("{done}: {why}"), now);
                return;
            }
            Acted::Done => self.note(EntryKind::Act, &done, now),
            Acted::Saw(observation) => {
                self.note(EntryKind::Act, &done, now);
                if let Some(name) = binding(&act) {
                    self.bind(name, &observation, now);
                }
            }
        }
        self.acted = Some(now);
        if number + 1 < self.trial.act.len() {
            self.phase = Phase::Acting(number + 1);
            self.look(now);
        } else {
            self.watch(now);
        }
    }

    /// A watched name was looked at.
    pub fn observed(&mut self, name: &str, observation: &Observation, now: Timestamp) {
        if !matches!(self.phase, Phase::Acting(_) | Phase::Watching(_)) {
            return;
        }
        self.bind(name, observation, now);
        if self.acted.is_some() || matches!(self.phase, Phase::Watching(_)) {
            self.look(now);
        }
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Timestamp) {
        let Phase::Watching(deadline) = self.phase else { return };
        let began = self.acted.unwrap_or(self.began);
        let late = self.conditions.iter().position(|condition| match condition.kind {
            HoldKind::Eventually(within) => !condition.settled && began.after(within) <= now,
            _ => false,
        });
        if let Some(index) = late {
            self.conclude_unmet(index, now);
        } else if deadline <= now {
            self.conclude(now);
        }
    }

    /// The next instant at which [`Machine::tick`] may decide something.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let Phase::Watching(deadline) = self.phase else {
            return None;
        };
        let began = self.acted.unwrap_or(self.began);
        self.conditions
            .iter()
            .filter_map(|condition| match condition.kind {
                HoldKind::Eventually(within) if !condition.settled => Some(began.after(within)),
                _ => None,
            })
            .chain([deadline])
            .min()
    }

    /// Ends it before it is decided. What is decided stays.
    pub fn cancel(&mut self, now: Timestamp) {
        if matches!(self.phase, Phase::Acting(_) | Phase::Watching(_)) {
            self.note(EntryKind::Note, "cancelled", now);
            self.verdict = Some(TrialVerdict::Cancelled);
            self.phase = Phase::Restoring;
        }
    }

    /// The platform cannot go on with it; words for the operator.
    pub fn stop(&mut self, why: &str, now: Timestamp) {
        if matches!(self.phase, Phase::Acting(_) | Phase::Watching(_)) {
            self.fail(why, now);
        }
    }

    /// Everything was put back, as far as it could be.
    pub fn restored(&mut self, report: RestoreReport, now: Timestamp) {
        if self.phase != Phase::Restoring {
            return;
        }
        let words = if report.complete {
            "everything is put back"
        } else {
            "not everything could be put back"
        };
        self.note(EntryKind::Restore, words, now);
        for note in &report.notes {
            self.note(EntryKind::Note, note, now);
        }
        if let Some(why) = &report.fault {
            self.fault.get_or_insert_with(|| why.clone());
        }
        self.report = Some(report);
        self.finished = now;
        self.phase = Phase::Finished;
    }

    fn watch(&mut self, now: Timestamp) {
        let longest = self
            .conditions
            .iter()
            .filter_map(|condition| match condition.kind {
                HoldKind::Eventually(within) => Some(within),
                _ => None,
            })
            .fold(self.trial.within, Ord::max);
        self.phase = Phase::Watching(now.after(longest));
        self.look(now);
        // Plain conditions are decided now; where nothing else is to be watched, so is the trial.
        self.settle_if_decided(now);
    }

    fn bind(&mut self, name: &str, observation: &Observation, now: Timestamp) {
        let (value, fact, tone) = match observation {
            Observation::Value(value) => (Some(value.clone()), text::compact(value), Tone::Plain),
            Observation::Absent(words) | Observation::Unreadable(words) => {
                (Some(Value::Null), text::safe(words, text::LINE), Tone::Bad)
            }
            Observation::Blocked(why) | Observation::Pending(why) => {
                self.blind.insert(name.to_owned(), text::safe(why, text::LINE));
                (
                    None,
                    format!("could not be looked at: {}", text::safe(why, text::LINE)),
                    Tone::Unknown,
                )
            }
            Observation::Fault(why) => {
                self.blind.insert(name.to_owned(), why.clone());
                (None, "could not be looked at".to_owned(), Tone::Unknown)
            }
        };
        match value {
            Some(value) => {
                self.blind.remove(name);
                self.bound.insert(name.to_owned(), value);
            }
            // What was seen before says nothing about now.
            None => drop(self.bound.remove(name)),
        }
        let lane = self
            .lanes
            .entry(name.to_owned())
            .or_insert_with(|| Track::new(name.to_owned()));
        lane.mark(self.began, now, tone, &fact);
        if self.facts.get(name) != Some(&fact) {
            self.note(EntryKind::Observation, &format!("{name}: {fact}"), now);
            self.facts.insert(name.to_owned(), fact);
        }
    }

    /// Looks at every condition that can be told now.
    fn look(&mut self, now: Timestamp) {
        let watching = matches!(self.phase, Phase::Watching(_));
        for index in 0..self.conditions.len() {
            let condition = &self.conditions[index];
            let in_time = match condition.kind {
                HoldKind::Once => watching && condition.told == 0,
                HoldKind::Eventually(_) => watching,
                HoldKind::Never | HoldKind::Always => true,
            };
            let waits_for_a_look = self
                .trial
                .watch
                .keys()
                .any(|name| condition.uses(name) && !self.facts.contains_key(name));
            if !in_time || waits_for_a_look {
                continue;
            }
            if let Some(why) = self.blind_for(condition) {
                if condition.kind == HoldKind::Once {
                    self.fail(&why, now);
                    return;
                }
                self.conditions[index].untold = Some(why);
                continue;
            }
            let facts = self.facts_for(condition);
            let (bound, acted) = (std::mem::take(&mut self.bound), self.acted);
            let names = names(&bound, &self.params, acted);
            let look = self.conditions[index].look(&names, &facts, self.began, now);
            drop(names);
            self.bound = bound;
            match look {
                Look::Fine => {}
                Look::Met => {
                    let words = self.conditions[index].expected.clone();
                    self.note(EntryKind::Held, &words, now);
                }
                Look::Broken(finding) => {
                    self.violate(finding, now);
                    return;
                }
                Look::Fault(why) => {
                    self.fail(&why, now);
                    return;
                }
            }
        }
        if watching {
            self.settle_if_decided(now);
        }
    }

    /// Where nothing can change the outcome any more, there is no need to wait for the deadline.
    fn settle_if_decided(&mut self, now: Timestamp) {
        if matches!(self.phase, Phase::Watching(_)) && self.conditions.iter().all(|condition| condition.settled) {
            self.conclude(now);
        }
    }

    fn facts_for(&self, condition: &Condition) -> String {
        let facts: Vec<String> = self
            .facts
            .iter()
            .filter(|(name, _)| condition.uses(name))
            .map(|(name, fact)| format!("{name}: {fact}"))
            .collect();
        facts.join("; ")
    }

    fn names(&self) -> Scope<'_> {
        names(&self.bound, &self.params, self.acted)
    }

    fn note(&mut self, kind: EntryKind, text: &str, at: Timestamp) {
        if self.timeline.len() < LONGEST {
            let text = text::safe(text, text::LINE);
            self.timeline.push(Entry { at, kind, text });
        }
    }
}
