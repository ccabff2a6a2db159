//! What is true of the engine whatever is observed, in whatever order.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::tests::{any_json, check, lab, task, that};
use super::*;
use crate::model::TaskWork;
use crate::model::check::{Assertion, Check};

/// Checks of every kind, some with a time to hold.
fn checks() -> Vec<Check> {
    let mut checks = vec![
        that("it.auc > 0.5 && size(it.a) < 3"),
        check(Assertion::Match(serde_json::json!({"a": 1}))),
        check(Assertion::All("it.x > 0".to_owned())),
        check(Assertion::Any("it == 1".to_owned())),
        check(Assertion::None("it.x == null".to_owned())),
        check(Assertion::Count {
            r#where: "size(it) > 1".to_owned(),
            at_least: None,
            at_most: Some(1),
        }),
    ];
    for (index, check) in checks.iter_mut().enumerate() {
        check.seen = Some("string(it.auc) + it.x".to_owned());
        check.stable_for = (index % 2 == 1).then(|| std::time::Duration::from_secs(2));
    }
    checks
}

fn sample() -> Lab {
    lab(vec![
        task("a", &[], TaskWork::Checks(checks()[..2].to_vec())),
        task("b", &["a"], TaskWork::Checks(checks()[2..4].to_vec())),
        task("c", &["a", "b"], TaskWork::Checks(checks()[4..].to_vec())),
    ])
}

/// Compiled once: reading expressions takes longer than everything else here.
fn engine() -> Engine {
    static FRESH: LazyLock<Engine> = LazyLock::new(|| Engine::new(&sample(), &Parameters::new(), Stored::default()));
    FRESH.clone()
}

fn any_observation() -> impl Strategy<Value = Observation> {
    prop_oneof![
        6 => any_json().prop_map(Observation::Value),
        2 => Just(Observation::Value(serde_json::json!({"auc": 1, "a": 1}))),
        2 => Just(Observation::Value(serde_json::json!([{"x": 1}, 1]))),
        1 => ".{0,9}".prop_map(Observation::Absent),
        1 => ".{0,9}".prop_map(Observation::Unreadable),
        1 => ".{0,9}".prop_map(Observation::Blocked),
        1 => ".{0,9}".prop_map(Observation::Pending),
        1 => ".{0,9}".prop_map(Observation::Fault),
    ]
}

/// A check, what is seen of it, and how many seconds later.
fn any_step() -> impl Strategy<Value = (CheckRef, Observation, i64)> {
    let check = (prop::sample::select(vec!["a", "b", "c", "z"]), 0_usize..3)
        .prop_map(|(task, index)| CheckRef::new(&TaskId(task.to_owned()), index));
    (check, any_observation(), 0_i64..4)
}

fn play(engine: &mut Engine, steps: &[(CheckRef, Observation, i64)]) -> (Vec<Change>, Timestamp) {
    let mut now = Timestamp(0);
    let mut changes = Vec::new();
    for (check, observation, seconds) in steps {
        now = Timestamp(now.0 + seconds * 1_000_000);
        changes.extend(engine.tick(now).0);
        changes.extend(engine.observe(check, observation, now));
    }
    (changes, now)
}

proptest! {
    #[test]
    fn the_order_of_observations_decides_nothing(
        seen in prop::collection::vec(any_observation(), 6),
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let all: Vec<CheckRef> = engine().unobserved();
        let (mut straight, mut shuffled) = (engine(), engine());
        for index in 0..6 {
            straight.observe(&all[index], &seen[index], Timestamp(5));
        }
        for index in order {
            shuffled.observe(&all[index], &seen[index], Timestamp(5));
        }
        prop_assert_eq!(straight.status(), shuffled.status());
        straight.tick(Timestamp(9_000_000));
        shuffled.tick(Timestamp(9_000_000));
        prop_assert_eq!(straight.status(), shuffled.status());
    }

    #[test]
    fn seeing_the_same_again_changes_nothing(steps in prop::collection::vec(any_step(), 1..20)) {
        let mut engine = engine();
        let (_, now) = play(&mut engine, &steps);
        let (check, observation, _) = steps.last().unwrap();
        prop_assert_eq!(engine.observe(check, observation, now), vec![]);
        prop_assert_eq!(engine.tick(now).0, vec![]);
    }

    #[test]
    fn awards_come_once_and_stay(steps in prop::collection::vec(any_step(), 1..40)) {
        let mut engine = engine();
        let (changes, _) = play(&mut engine, &steps);
        let mut awarded: Vec<TaskId> = Vec::new();
        for change in changes {
            if let Change::Awarded(award) = change {
                prop_assert!(!awarded.contains(&award.task));
                awarded.push(award.task);
            }
        }
        for status in engine.status() {
            prop_assert_eq!(status.award.is_some(), awarded.contains(&status.level.task));
            prop_assert!(status.level.verdict != Verdict::Pass || status.award.is_some());
        }
    }

    #[test]
    fn levels_tell_of_themselves(steps in prop::collection::vec(any_step(), 1..30)) {
        // The changes alone lead to the same levels: a page that follows them is never wrong.
        let mut engine = engine();
        let mut followed: Vec<TaskLevel> = engine.status().into_iter().map(|status| status.level).collect();
        let (changes, _) = play(&mut engine, &steps);
        for change in changes {
            if let Change::Level(level) = change {
                let place = followed.iter_mut().find(|other| other.task == level.task).unwrap();
                prop_assert_ne!(&*place, &level);
                *place = level;
            }
        }
        let levels: Vec<TaskLevel> = engine.status().into_iter().map(|status| status.level).collect();
        prop_assert_eq!(followed, levels);
    }

    #[test]
    fn findings_are_fit_to_be_shown(value in any_json()) {
        let mut engine = engine();
        for check in engine.unobserved() {
            engine.observe(&check, &Observation::Value(value.clone()), Timestamp(1));
        }
        for status in engine.status() {
            for finding in status.level.findings {
                prop_assert!(!finding.seen.chars().any(char::is_control));
                prop_assert!(finding.seen.chars().count() < 5_000);
                prop_assert!(!finding.seen.is_empty());
            }
        }
    }
}

proptest! {
    // Fewer cases, as each compiles the lab again.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_stored_state_is_the_same_after_a_restart(
        steps in prop::collection::vec(any_step(), 1..30),
        more in prop::collection::vec(any_step(), 0..6),
    ) {
        let mut before = engine();
        let (_, now) = play(&mut before, &steps);
        let memory = serde_json::to_string(&before.memory()).unwrap();
        let status = before.status();
        let mut after = Engine::new(&sample(), &Parameters::new(), Stored {
            levels: status.iter().map(|status| status.level.clone()).collect(),
            awards: status.iter().filter_map(|status| status.award.clone()).collect(),
            memory: serde_json::from_str(&memory).unwrap(),
        });
        prop_assert_eq!(after.status(), status);
        prop_assert_eq!(after.memory(), before.memory());
        prop_assert_eq!(after.tick(now).0, vec![]);
        // Whatever comes next comes to the same.
        for (check, observation, _) in &more {
            before.observe(check, observation, now);
            after.observe(check, observation, now);
            let verdicts = |engine: &Engine| engine.status().iter().map(|status| status.level.verdict).collect::<Vec<_>>();
            prop_assert_eq!(verdicts(&before), verdicts(&after));
        }
    }
}
