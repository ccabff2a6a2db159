//! What the engine decides, example by example. `properties.rs` holds what is true of all examples.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::check::{Assertion, Check, FileForm, FileProbe, Probe};
use crate::model::{Egress, Hold, LabId, Limits, Needs, Say, Task, TaskWork, Trial};

/// Any JSON document of moderate size.
pub(in crate::grading) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|auc|x", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A check of `metrics.json`.
pub(in crate::grading) fn check(assertion: Assertion) -> Check {
    Check {
        probe: Probe::File(FileProbe {
            path: "metrics.json".to_owned(),
            form: FileForm::Json,
        }),
        assertion,
        expected: None,
        seen: None,
        stable_for: None,
        say: Vec::new(),
    }
}

pub(in crate::grading) fn that(expression: &str) -> Check {
    check(Assertion::That(expression.to_owned()))
}

pub(in crate::grading) fn task(id: &str, needs: &[&str], work: TaskWork) -> Task {
    Task {
        id: TaskId(id.to_owned()),
        title: id.to_owned(),
        points: 10,
        needs: needs.iter().map(|need| TaskId((*need).to_owned())).collect(),
        work,
        hints: Vec::new(),
        text: String::new(),
    }
}

pub(in crate::grading) fn lab(tasks: Vec<Task>) -> Lab {
    Lab {
        id: LabId("sample".to_owned()),
        folder: PathBuf::new(),
        hash: "h1".to_owned(),
        title: String::new(),
        week: 1,
        minutes: 1,
        summary: String::new(),
        needs: Needs::default(),
        egress: Egress::None,
        limits: Limits::default(),
        parameters: BTreeMap::new(),
        setup: Vec::new(),
        services: Vec::new(),
        tasks,
        story: String::new(),
    }
}

fn engine(tasks: Vec<Task>) -> Engine {
    Engine::new(&lab(tasks), &Parameters::new(), Stored::default())
}

fn one(check: Check) -> Engine {
    engine(vec![task("a", &[], TaskWork::Checks(vec![check]))])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

fn a(index: usize) -> CheckRef {
    CheckRef::new(&TaskId("a".to_owned()), index)
}

fn value(value: Value) -> Observation {
    Observation::Value(value)
}

fn level(engine: &Engine, task: &str) -> TaskLevel {
    let status = engine.status();
    status
        .into_iter()
        .find(|status| status.level.task.0 == task)
        .unwrap()
        .level
}

/// Verdict and findings after one observation.
#[expect(clippy::needless_pass_by_value, reason = "most callers make one on the spot")]
fn verdict(check: Check, observation: Observation) -> (Verdict, Vec<Finding>) {
    let mut engine = one(check);
    engine.observe(&a(0), &observation, at(1));
    let level = level(&engine, "a");
    (level.verdict, level.findings)
}

#[test]
fn every_kind_of_observation_has_its_verdict() {
    for (observation, expected) in [
        (value(json!({"auc": 0.9})), Verdict::Pass),
        (value(json!({"auc": 0.1})), Verdict::Fail),
        (value(json!({})), Verdict::Fail),
        (value(json!("text")), Verdict::Fail),
        (
            Observation::Absent("metrics.json does not exist".to_owned()),
            Verdict::Fail,
        ),
        (Observation::Unreadable("line 3".to_owned()), Verdict::Fail),
        (
            Observation::Blocked("the lab is not running".to_owned()),
            Verdict::Blocked,
        ),
        (Observation::Pending("runs".to_owned()), Verdict::Pending),
        (Observation::Fault("disk".to_owned()), Verdict::Error),
    ] {
        assert_eq!(
            verdict(that("it.auc > 0.5"), observation.clone()).0,
            expected,
            "{observation:?}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    let (verdict, findings) = verdict(that("it.auc > 0.5"), value(json!({"acc": 1})));
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(findings[0].seen, "it.auc is absent");
    assert_eq!(findings[0].place, "metrics.json");
    assert_eq!(findings[0].expected, "it.auc > 0.5");
}

#[test]
fn a_fault_is_told_to_the_operator_and_not_to_the_learner() {
    let mut engine = one(that("it.x"));
    let changes = engine.observe(&a(0), &Observation::Fault("/srv/secret broke".to_owned()), at(1));
    assert!(
        changes
            .iter()
            .any(|change| matches!(change, Change::Fault { why, .. } if why == "/srv/secret broke"))
    );
    assert!(!format!("{:?}", level(&engine, "a")).contains("/srv/secret"));
    // The same fault again is no news.
    assert!(
        engine
            .observe(&a(0), &Observation::Fault("/srv/secret broke".to_owned()), at(2))
            .is_empty()
    );
}

#[test]
fn an_expression_that_is_none_is_an_error_and_never_costs() {
    assert_eq!(verdict(that("it.auc >"), value(json!({"auc": 1}))).0, Verdict::Error);
}

#[test]
fn quantifiers_count() {
    let each = "it.n > 1".to_owned();
    let list = value(json!([{"n": 1}, {"n": 2}, {"n": 3}]));
    let count = |at_least, at_most| Assertion::Count {
        r#where: each.clone(),
        at_least,
        at_most,
    };
    for (assertion, expected) in [
        (Assertion::All(each.clone()), Verdict::Fail),
        (Assertion::Any(each.clone()), Verdict::Pass),
        (Assertion::None(each.clone()), Verdict::Fail),
        (Assertion::None("it.n > 5".to_owned()), Verdict::Pass),
        (Assertion::All("it.n > 0".to_owned()), Verdict::Pass),
        (count(Some(2), Some(2)), Verdict::Pass),
        (count(Some(3), None), Verdict::Fail),
        (count(None, Some(1)), Verdict::Fail),
    ] {
        assert_eq!(
            verdict(check(assertion.clone()), list.clone()).0,
            expected,
            "{assertion:?}"
        );
    }
    let (_, findings) = verdict(check(Assertion::All(each.clone())), list);
    assert_eq!(findings[0].seen, "2 of 3; the first that is not: {n: 1}");
    let (result, findings) = verdict(check(Assertion::Any(each)), value(json!({"n": 2})));
    assert_eq!(result, Verdict::Fail);
    assert!(findings[0].seen.starts_with("not a list, but"));
}

#[test]
fn all_over_nothing_fails() {
    let (result, findings) = verdict(check(Assertion::All("true".to_owned())), value(json!([])));
    assert_eq!((result, findings[0].seen.as_str()), (Verdict::Fail, "an empty list"));
}

#[test]
fn a_negative_check_tells_absent_from_could_not_look() {
    let none = || check(Assertion::None("it.kind == 'symlink'".to_owned()));
    assert_eq!(verdict(none(), Observation::Absent("gone".to_owned())).0, Verdict::Pass);
    assert_eq!(
        verdict(none(), Observation::Blocked("no lab".to_owned())).0,
        Verdict::Blocked
    );
    assert_eq!(verdict(none(), Observation::Fault("disk".to_owned())).0, Verdict::Error);
    assert_eq!(
        verdict(none(), Observation::Unreadable("a link".to_owned())).0,
        Verdict::Fail
    );
    assert_eq!(
        verdict(that("it == null"), Observation::Absent("gone".to_owned())).0,
        Verdict::Pass
    );
    assert_eq!(
        verdict(that("it == null"), Observation::Blocked("no".to_owned())).0,
        Verdict::Blocked
    );
    assert_eq!(
        verdict(that("!(it.text.contains('x'))"), Observation::Absent("gone".to_owned())).0,
        Verdict::Fail
    );
    // What cannot be judged is not the same as what is not so.
    let odd = value(json!([{"n": {}}]));
    assert_eq!(
        verdict(check(Assertion::None("it.n > 5".to_owned())), odd).0,
        Verdict::Fail
    );
}

#[test]
fn too_long_a_list_is_not_looked_through() {
    let list = Value::Array(vec![json!(1); evaluate::longest_list() + 1]);
    assert_eq!(
        verdict(check(Assertion::None("it > 5".to_owned())), value(list)).0,
        Verdict::Fail
    );
}

#[test]
fn the_labs_own_words_are_the_first_that_fit() {
    let mut check = that("it.auc > 0.5");
    check.say = [("it.nothing", "no"), ("it.auc == 0.1", "first"), ("true", "second")]
        .map(|(when, text)| Say {
            when: when.to_owned(),
            text: text.to_owned(),
        })
        .to_vec();
    check.seen = Some("'auc is ' + string(it.auc)".to_owned());
    let (_, findings) = verdict(check.clone(), value(json!({"auc": 0.1})));
    assert_eq!(findings[0].say.as_deref(), Some("first"));
    assert_eq!(findings[0].seen, "auc is 0.1");
    let (_, findings) = verdict(check, value(json!({"auc": 0.2})));
    assert_eq!(findings[0].say.as_deref(), Some("second"));
}

#[test]
fn what_a_learner_writes_cannot_disturb_the_page() {
    let hostile = format!("\u{1b}[2J\u{202e}{}", "x".repeat(100_000));
    let (_, findings) = verdict(that("it == 'y'"), value(Value::from(hostile)));
    assert!(findings[0].seen.starts_with("\\u{1b}[2J\\u{202e}xxx"));
    assert!(findings[0].seen.chars().count() < 500);
}

#[test]
fn the_worst_check_decides_in_a_fixed_order() {
    let mut engine = engine(vec![task(
        "a",
        &[],
        TaskWork::Checks((0..4).map(|_| that("it.ok")).collect()),
    )]);
    let seen = [
        value(json!({"ok": false})),
        Observation::Blocked("b".to_owned()),
        Observation::Fault("f".to_owned()),
    ];
    let mut verdicts = vec![level(&engine, "a").verdict];
    for (index, observation) in seen.iter().enumerate() {
        engine.observe(&a(index), observation, at(1));
        verdicts.push(level(&engine, "a").verdict);
    }
    assert_eq!(
        verdicts,
        [Verdict::Pending, Verdict::Fail, Verdict::Blocked, Verdict::Error]
    );
    for index in 0..3 {
        engine.observe(&a(index), &value(json!({"ok": true})), at(2));
    }
    assert_eq!(level(&engine, "a").verdict, Verdict::Pending);
    engine.observe(&a(3), &value(json!({"ok": true})), at(2));
    assert_eq!(level(&engine, "a").verdict, Verdict::Pass);
}

#[test]
fn a_task_waits_while_what_it_needs_is_not_true_now() {
    let checks = || TaskWork::Checks(vec![that("it.ok")]);
    let mut engine = engine(vec![task("a", &[], checks()), task("b", &["a"], checks())]);
    let b = CheckRef::new(&TaskId("b".to_owned()), 0);
    let (yes, no) = (value(json!({"ok": true})), value(json!({"ok": false})));
    engine.observe(&b, &yes, at(1));
    assert_eq!(level(&engine, "b").verdict, Verdict::Waiting);
    assert_eq!(level(&engine, "b").waits_for, [TaskId("a".to_owned())]);
    let changes = engine.observe(&a(0), &yes, at(2));
    let awarded: Vec<_> = changes
        .iter()
        .filter(|change| matches!(change, Change::Awarded(_)))
        .collect();
    assert_eq!(awarded.len(), 2);
    // The award stays, the level does not.
    engine.observe(&a(0), &no, at(3));
    assert_eq!(level(&engine, "b").verdict, Verdict::Waiting);
    assert!(engine.status().iter().all(|status| status.award.is_some()));
    let changes = engine.observe(&a(0), &yes, at(4));
    assert!(!changes.iter().any(|change| matches!(change, Change::Awarded(_))));
}

#[test]
fn tasks_that_need_each_other_wait_for_ever() {
    let checks = || TaskWork::Checks(vec![that("it.ok")]);
    let mut engine = engine(vec![task("a", &["b"], checks()), task("b", &["a"], checks())]);
    engine.observe(&a(0), &value(json!({"ok": true})), at(1));
    assert_eq!(level(&engine, "a").verdict, Verdict::Waiting);
}

#[test]
fn an_award_comes_with_a_line_of_evidence_a_check() {
    let mut engine = engine(vec![task(
        "a",
        &[],
        TaskWork::Checks(vec![that("it.auc > 0.5"), that("has(it.seed)")]),
    )]);
    let seen = value(json!({"auc": 0.9, "seed": 7}));
    engine.observe(&a(0), &seen, at(1));
    let changes = engine.observe(&a(1), &seen, at(2));
    let award = changes.iter().find_map(|change| match change {
        Change::Awarded(award) => Some(award),
        _ => None,
    });
    let line = "metrics.json: {auc: 0.9, seed: 7}";
    assert_eq!(award.unwrap().evidence, [line, line]);
    assert_eq!((award.unwrap().at, award.unwrap().points), (at(2), 10));
}

fn stable() -> Check {
    Check {
        stable_for: Some(Duration::from_secs(3)),
        ..that("it.ok")
    }
}

#[test]
fn what_must_hold_for_a_while_does() {
    let (yes, no) = (value(json!({"ok": true})), value(json!({"ok": false})));
    let mut engine = one(stable());
    engine.observe(&a(0), &yes, at(10));
    assert_eq!(level(&engine, "a").verdict, Verdict::Pending);
    assert_eq!(engine.tick(at(11)), (vec![], Some(at(13))));
    // A break starts the time again.
    engine.observe(&a(0), &no, at(12));
    assert_eq!(level(&engine, "a").verdict, Verdict::Fail);
    engine.observe(&a(0), &yes, at(12));
    assert_eq!(engine.tick(at(14)).1, Some(at(15)));
    // Seeing the same again does not.
    engine.observe(&a(0), &yes, at(14));
    let (changes, next) = engine.tick(at(15));
    assert_eq!(next, None);
    assert!(changes.iter().any(|change| matches!(change, Change::Awarded(_))));
    assert_eq!(level(&engine, "a").verdict, Verdict::Pass);
}

/// The engine after a restart of the server.
fn restart(tasks: Vec<Task>, engine: &Engine) -> Engine {
    let memory = serde_json::to_string(&engine.memory()).unwrap();
    let status = engine.status();
    Engine::new(
        &lab(tasks),
        &Parameters::new(),
        Stored {
            levels: status.iter().map(|status| status.level.clone()).collect(),
            awards: status.iter().filter_map(|status| status.award.clone()).collect(),
            memory: serde_json::from_str(&memory).unwrap(),
        },
    )
}

#[test]
fn the_time_goes_on_across_a_restart_but_ends_only_with_a_look() {
    let tasks = || vec![task("a", &[], TaskWork::Checks(vec![stable()]))];
    let yes = value(json!({"ok": true}));
    let mut before = engine(tasks());
    before.observe(&a(0), &yes, at(10));
    let mut after = restart(tasks(), &before);
    assert_eq!(after.status(), before.status());
    assert_eq!(after.tick(at(60)), (vec![], None));
    after.observe(&a(0), &yes, at(61));
    assert_eq!(level(&after, "a").verdict, Verdict::Pass);
    // What has held once need not hold anew.
    let mut again = restart(tasks(), &after);
    assert_eq!(again.status(), after.status());
    assert_eq!(again.tick(at(70)), (vec![], None));
    assert!(again.observe(&a(0), &yes, at(71)).is_empty());
    again.observe(&a(0), &value(json!({"ok": false})), at(72));
    assert_eq!(level(&again, "a").verdict, Verdict::Fail);
}

#[test]
fn a_clock_that_was_set_back_gives_nothing_away() {
    let tasks = || vec![task("a", &[], TaskWork::Checks(vec![stable()]))];
    let yes = value(json!({"ok": true}));
    let mut before = engine(tasks());
    before.observe(&a(0), &yes, at(1000));
    let mut after = restart(tasks(), &before);
    after.observe(&a(0), &yes, at(10));
    assert_eq!(level(&after, "a").verdict, Verdict::Pending);
    assert_eq!(after.tick(at(10)).1, Some(at(13)));
}

#[test]
fn another_definition_of_the_lab_starts_anew() {
    let tasks = || vec![task("a", &[], TaskWork::Checks(vec![that("it.ok")]))];
    let mut before = engine(tasks());
    before.observe(&a(0), &value(json!({"ok": true})), at(1));
    let mut other = lab(tasks());
    other.hash = "h2".to_owned();
    let engine = Engine::new(
        &other,
        &Parameters::new(),
        Stored {
            memory: before.memory(),
            ..Stored::default()
        },
    );
    assert_eq!(level(&engine, "a").verdict, Verdict::Pending);
    assert_eq!(engine.unobserved(), [a(0)]);
}

fn outcome(verdict: TrialVerdict) -> TrialOutcome {
    TrialOutcome {
        verdict,
        findings: Vec::new(),
        evidence: vec!["done: wait 1 s".to_owned(), "it held".to_owned()],
        started: at(1),
        finished: at(2),
        timeline: Vec::new(),
        tracks: Vec::new(),
        restored: true,
        notes: Vec::new(),
        fingerprint: String::new(),
        fault: None,
    }
}

#[test]
fn a_trial_counts_until_its_ground_changes() {
    let trial = || {
        vec![task(
            "a",
            &[],
            TaskWork::Trial(Box::new(Trial {
                act: Vec::new(),
                watch: BTreeMap::new(),
                within: Duration::from_secs(1),
                hold: Vec::<Hold>::new(),
                restore: Vec::new(),
            })),
        )]
    };
    let id = TaskId("a".to_owned());
    let mut engine = engine(trial());
    assert_eq!(level(&engine, "a").verdict, Verdict::Pending);
    assert!(engine.outdated(&id, at(1)).is_empty());
    engine.trial(&id, &outcome(TrialVerdict::Violated), at(2));
    assert_eq!(level(&engine, "a").verdict, Verdict::Fail);
    let changes = engine.trial(&id, &outcome(TrialVerdict::Held), at(3));
    assert!(matches!(&changes[1], Change::Awarded(award) if award.evidence.len() == 2));
    let mut engine = restart(trial(), &engine);
    assert_eq!(level(&engine, "a").verdict, Verdict::Pass);
    // An ended one says nothing about the work.
    assert!(engine.trial(&id, &outcome(TrialVerdict::Cancelled), at(4)).is_empty());
    engine.outdated(&id, at(5));
    assert_eq!(level(&engine, "a").verdict, Verdict::Pending);
    assert!(engine.outdated(&id, at(6)).is_empty());
    assert!(engine.status()[0].award.is_some());
    // A trial cannot be passed by an observation.
    assert!(engine.observe(&a(0), &value(json!({"ok": true})), at(7)).is_empty());
}
