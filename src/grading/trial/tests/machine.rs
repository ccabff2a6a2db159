//! The state machine, driven by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::base::Timestamp;
use crate::grading::engine::tests::any_json;
use crate::grading::trial::journal::RestoreReport;
use crate::grading::trial::{Acted, EntryKind, Machine, Phase, TrialOutcome, TrialVerdict};
use crate::model::check::{FileForm, FileProbe, HttpProbe, Probe};
use crate::model::trial::HoldKind;
use crate::model::{Act, Hold, Observation, Parameters, TaskId, Trial};

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

pub(super) fn hold(kind: HoldKind, that: &str) -> Hold {
    Hold {
        kind,
        that: that.to_owned(),
        expected: None,
        seen: None,
        say: Vec::new(),
    }
}

pub(super) fn file(path: &str, form: FileForm) -> Probe {
    Probe::File(FileProbe {
        path: path.to_owned(),
        form,
    })
}

pub(super) fn trial(act: Vec<Act>, watch: &[&str], hold: Vec<Hold>) -> Trial {
    Trial {
        act,
        watch: watch
            .iter()
            .map(|name| ((*name).to_owned(), file(name, FileForm::Json)))
            .collect(),
        within: Duration::from_secs(10),
        hold,
        restore: Vec::new(),
    }
}

fn wait() -> Act {
    Act::Wait(Duration::from_secs(1))
}

fn ask() -> Act {
    Act::Http {
        probe: HttpProbe {
            port: 1,
            path: "/".to_owned(),
            method: "GET".to_owned(),
            headers: BTreeMap::new(),
            body: String::new(),
            timeout: Duration::from_secs(1),
        },
        bind: "answer".to_owned(),
    }
}

fn machine(trial: &Trial) -> Machine {
    Machine::new(trial, &Parameters::new(), at(0))
}

fn value(value: Value) -> Observation {
    Observation::Value(value)
}

fn finish(mut machine: Machine, now: Timestamp) -> TrialOutcome {
    assert_eq!(machine.phase(), Phase::Restoring);
    machine.restored(
        RestoreReport {
            task: TaskId("t".to_owned()),
            complete: true,
            acts_left: false,
            put_back: 0,
            notes: Vec::new(),
            fault: None,
        },
        now,
    );
    machine.outcome("f".to_owned()).unwrap()
}

#[test]
fn a_plain_condition_is_decided_after_the_acts() {
    let trial = trial(
        vec![wait(), ask()],
        &[],
        vec![hold(HoldKind::Once, "answer.status == 200")],
    );
    let mut machine = machine(&trial);
    machine.acted(Acted::Done, at(1));
    assert_eq!(machine.phase(), Phase::Acting(1));
    machine.acted(Acted::Saw(value(json!({"status": 200}))), at(2));
    // Nothing is left to be watched, so there is no waiting for the deadline.
    let outcome = finish(machine, at(3));
    assert_eq!(outcome.verdict, TrialVerdict::Held);
    assert_eq!(outcome.evidence.len(), 2);
    assert!(outcome.findings.is_empty());
    assert_eq!(outcome.tracks.len(), 2);
}

#[test]
fn what_is_not_there_breaks_a_plain_condition() {
    let trial = trial(vec![ask()], &[], vec![hold(HoldKind::Once, "answer.status == 200")]);
    let mut machine = machine(&trial);
    machine.acted(
        Acted::Saw(Observation::Absent("nothing listens on port 1".to_owned())),
        at(1),
    );
    let outcome = finish(machine, at(2));
    assert_eq!(outcome.verdict, TrialVerdict::Violated);
    assert!(outcome.findings[0].seen.contains("nothing listens on port 1"));
}

#[test]
fn what_could_not_be_looked_at_costs_nothing() {
    for observation in [
        Observation::Blocked("the lab does not answer".to_owned()),
        Observation::Fault("disk".to_owned()),
    ] {
        let trial = trial(vec![ask()], &[], vec![hold(HoldKind::Once, "answer.status == 200")]);
        let mut machine = machine(&trial);
        machine.acted(Acted::Saw(observation), at(1));
        assert_eq!(finish(machine, at(2)).verdict, TrialVerdict::Error);
    }
    let trial = trial(vec![wait()], &[], vec![hold(HoldKind::Once, "true")]);
    let mut machine = machine(&trial);
    machine.acted(Acted::Fault("/srv/x".to_owned()), at(1));
    let outcome = finish(machine, at(2));
    assert_eq!(outcome.verdict, TrialVerdict::Error);
    assert!(!format!("{:?}{:?}", outcome.findings, outcome.timeline).contains("/srv/x"));
}

#[test]
fn never_ends_at_the_first_time_that_it_is() {
    let trial = trial(
        vec![wait(), wait()],
        &["site"],
        vec![hold(HoldKind::Never, "site.status >= 500")],
    );
    let mut machine = machine(&trial);
    // Before the first act it does not count.
    machine.observed("site", &value(json!({"status": 503})), at(0));
    machine.observed("site", &value(json!({"status": 200})), at(0));
    machine.acted(Acted::Done, at(1));
    machine.observed("site", &value(json!({"status": 200})), at(2));
    machine.observed("site", &value(json!({"status": 500})), at(3));
    machine.observed("site", &value(json!({"status": 200})), at(4));
    let outcome = finish(machine, at(5));
    assert_eq!(outcome.verdict, TrialVerdict::Violated);
    let violation = outcome
        .timeline
        .iter()
        .find(|entry| entry.kind == EntryKind::Violation)
        .unwrap();
    assert_eq!(violation.at, at(3));
}

#[test]
fn never_does_not_hold_by_not_being_seen() {
    let trial = trial(
        vec![wait()],
        &["site"],
        vec![hold(HoldKind::Never, "site.status >= 500")],
    );
    let mut machine = machine(&trial);
    machine.acted(Acted::Done, at(1));
    machine.observed("site", &Observation::Absent("nothing listens".to_owned()), at(2));
    machine.tick(at(11));
    assert_eq!(finish(machine, at(12)).verdict, TrialVerdict::Violated);
}

#[test]
fn always_must_be_true_each_time() {
    let run = |second: Observation| {
        let trial = trial(
            vec![wait()],
            &["site"],
            vec![hold(HoldKind::Always, "site.status == 200")],
        );
        let mut machine = machine(&trial);
        machine.acted(Acted::Done, at(1));
        machine.observed("site", &value(json!({"status": 200})), at(2));
        machine.observed("site", &second, at(3));
        machine.tick(at(11));
        finish(machine, at(12)).verdict
    };
    assert_eq!(run(value(json!({"status": 200}))), TrialVerdict::Held);
    assert_eq!(run(value(json!({"status": 404}))), TrialVerdict::Violated);
    assert_eq!(run(Observation::Absent("gone".to_owned())), TrialVerdict::Violated);
    assert_eq!(run(Observation::Unreadable("drips".to_owned())), TrialVerdict::Violated);
}

#[test]
fn eventually_has_a_deadline_of_its_own() {
    let trial = trial(
        vec![wait()],
        &["status"],
        vec![hold(
            HoldKind::Eventually(Duration::from_secs(3)),
            "status.ok && status.at > act.time",
        )],
    );
    let mut late = machine(&trial);
    late.acted(Acted::Done, at(5));
    assert_eq!(late.deadline(), Some(at(8)));
    late.observed("status", &value(json!({"ok": true, "at": 4.5})), at(6));
    late.tick(at(7));
    assert!(matches!(late.phase(), Phase::Watching(_)));
    late.tick(at(8));
    assert_eq!(finish(late, at(9)).verdict, TrialVerdict::Violated);
    let mut good = machine(&trial);
    good.acted(Acted::Done, at(5));
    good.observed("status", &value(json!({"ok": true, "at": 5.5})), at(6));
    // Everything is decided: no need to wait.
    let outcome = finish(good, at(7));
    assert_eq!(outcome.verdict, TrialVerdict::Held);
    assert!(outcome.timeline.iter().any(|entry| entry.kind == EntryKind::Held));
}

#[test]
fn an_act_that_the_work_does_not_allow_is_the_learners() {
    let trial = trial(vec![wait()], &[], vec![hold(HoldKind::Once, "true")]);
    let mut machine = machine(&trial);
    machine.acted(Acted::Impossible("model.bin does not exist".to_owned()), at(1));
    let outcome = finish(machine, at(2));
    assert_eq!(outcome.verdict, TrialVerdict::Violated);
    assert_eq!(outcome.findings[0].seen, "model.bin does not exist");
}

#[test]
fn cancelling_decides_nothing() {
    let trial = trial(vec![wait()], &[], vec![hold(HoldKind::Once, "true")]);
    let mut machine = machine(&trial);
    machine.cancel(at(1));
    assert_eq!(finish(machine, at(2)).verdict, TrialVerdict::Cancelled);
}

proptest! {
    /// Whatever is seen, a trial ends, restores exactly once, and says how it ended.
    #[test]
    fn every_trial_ends(
        steps in prop::collection::vec((0_u8..6, any_json(), 0_i64..4), 0..30),
        kinds in prop::collection::vec(0_u8..4, 0..4),
    ) {
        let holds = kinds.iter().map(|kind| match kind {
            0 => hold(HoldKind::Never, "site.x > 1"),
            1 => hold(HoldKind::Always, "has(site.x)"),
            2 => hold(HoldKind::Eventually(Duration::from_secs(2)), "site.auc == 1 || other == null"),
            _ => hold(HoldKind::Once, "answer != null"),
        }).collect();
        let trial = trial(vec![wait(), ask()], &["site", "other"], holds);
        let mut machine = machine(&trial);
        let mut now = 0;
        for (what, seen, seconds) in steps {
            now += seconds;
            match what {
                0 => machine.acted(Acted::Done, at(now)),
                1 => machine.acted(Acted::Saw(Observation::Value(seen)), at(now)),
                2 => machine.observed("site", &Observation::Value(seen), at(now)),
                3 => machine.observed("other", &Observation::Absent("gone".to_owned()), at(now)),
                4 => machine.observed("site", &Observation::Fault("f".to_owned()), at(now)),
                _ => machine.tick(at(now)),
            }
        }
        while let Phase::Acting(_) = machine.phase() {
            machine.acted(Acted::Done, at(now));
        }
        if let Phase::Watching(deadline) = machine.phase() {
            prop_assert!(machine.deadline().is_some_and(|next| next <= deadline));
            machine.tick(deadline);
        }
        let outcome = finish(machine, at(now + 60));
        prop_assert!(outcome.verdict == TrialVerdict::Held || !outcome.findings.is_empty());
        for track in outcome.tracks {
            for pair in track.segments.windows(2) {
                prop_assert_eq!(pair[0].to_ms, pair[1].from_ms);
            }
        }
    }
}
