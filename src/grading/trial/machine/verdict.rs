//! How a trial is decided, and what became of it.

use super::words::describe;
use super::{Machine, Phase};
use crate::base::Timestamp;
use crate::grading::text;
use crate::grading::trial::holds::Condition;
use crate::grading::trial::tracks::Track;
use crate::grading::trial::{EntryKind, TrialOutcome, TrialVerdict};
use crate::model::Finding;
use crate::model::trial::HoldKind;

impl Machine {
    /// What became of it, once it is finished.
    #[must_use]
    pub fn outcome(&self, fingerprint: String) -> Option<TrialOutcome> {
        let (Phase::Finished, Some(verdict), Some(report)) = (self.phase, self.verdict, &self.report) else {
            return None;
        };
        let mut evidence = Vec::new();
        if verdict == TrialVerdict::Held {
            let acts: Vec<_> = self.trial.act.iter().map(describe).collect();
            if !acts.is_empty() {
                evidence.push(text::safe(&format!("done: {}", acts.join("; ")), text::LINE));
            }
            for condition in &self.conditions {
                let names = self.names();
                let seen = condition.finding(&names, &self.facts_for(condition)).seen;
                evidence.push(text::safe(&format!("{}: {seen}", condition.expected), text::LINE));
            }
        }
        let mut tracks: Vec<Track> = self.lanes.values().cloned().collect();
        tracks.extend(
            self.conditions
                .iter()
                .map(|condition| condition.track.clone())
                .filter(|track| !track.segments.is_empty()),
        );
        for track in &mut tracks {
            track.close(self.began, self.finished);
        }
        Some(TrialOutcome {
            verdict,
            findings: self.findings.clone(),
            evidence,
            started: self.began,
            finished: self.finished,
            timeline: self.timeline.clone(),
            tracks,
            restored: report.complete,
            notes: report.notes.clone(),
            fingerprint,
            fault: self.fault.clone(),
        })
    }

    /// The time is up.
    pub(super) fn conclude(&mut self, now: Timestamp) {
        let unmet = self.conditions.iter().position(|condition| match condition.kind {
            HoldKind::Once | HoldKind::Eventually(_) => !condition.settled,
            HoldKind::Never | HoldKind::Always => condition.told == 0,
        });
        if let Some(index) = unmet {
            self.conclude_unmet(index, now);
            return;
        }
        self.verdict = Some(TrialVerdict::Held);
        self.phase = Phase::Restoring;
    }

    /// A condition was not met in time, or could never be told.
    pub(super) fn conclude_unmet(&mut self, index: usize, now: Timestamp) {
        let condition = &self.conditions[index];
        if let Some(why) = self.blind_for(condition) {
            self.fail(&why, now);
            return;
        }
        let mut facts = self.facts_for(condition);
        if condition.told == 0 {
            let why = condition
                .untold
                .clone()
                .unwrap_or_else(|| "it was never seen".to_owned());
            facts = if facts.is_empty() {
                why
            } else {
                format!("{facts} ({why})")
            };
        }
        let finding = condition.finding(&self.names(), &facts);
        self.violate(finding, now);
    }

    pub(super) fn violate(&mut self, finding: Finding, now: Timestamp) {
        self.note(
            EntryKind::Violation,
            &format!("expected {}; seen {}", finding.expected, finding.seen),
            now,
        );
        self.findings = vec![finding];
        self.verdict = Some(TrialVerdict::Violated);
        self.phase = Phase::Restoring;
    }

    pub(super) fn fail(&mut self, why: &str, now: Timestamp) {
        self.note(
            EntryKind::Note,
            "the trial itself could not go on; this costs nothing",
            now,
        );
        self.findings = vec![Finding {
            expected: "the trial can be run".to_owned(),
            seen: "The platform could not go on with it. This costs nothing; run it again, and the operator is told."
                .to_owned(),
            place: "trial".to_owned(),
            say: None,
        }];
        self.fault = Some(why.to_owned());
        self.verdict = Some(TrialVerdict::Error);
        self.phase = Phase::Restoring;
    }

    /// Why a condition cannot be told: a name that it uses could not be looked at.
    pub(super) fn blind_for(&self, condition: &Condition) -> Option<String> {
        self.blind
            .iter()
            .find(|(name, _)| condition.uses(name))
            .map(|(name, why)| format!("{name}: {why}"))
    }
}
