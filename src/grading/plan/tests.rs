//! What is watched, and when it is looked at.

use std::time::Duration;

use super::schedule::{LONGEST_UNQUIET, QUIET};
use super::*;
use crate::base::Timestamp;
use crate::grading::engine::tests::{lab, task};
use crate::model::check::{Assertion, Check, FileProbe, HttpProbe, RefereeProbe};
use crate::model::{Observation, Trial};

fn check(probe: Probe) -> Check {
    Check {
        probe,
        assertion: Assertion::That("true".to_owned()),
        expected: None,
        seen: None,
        stable_for: None,
        say: Vec::new(),
    }
}

fn file(path: &str, form: FileForm) -> Check {
    check(Probe::File(FileProbe {
        path: path.to_owned(),
        form,
    }))
}

fn http() -> Check {
    check(Probe::Http(HttpProbe {
        port: 8080,
        path: "/".to_owned(),
        method: "GET".to_owned(),
        headers: std::collections::BTreeMap::new(),
        body: String::new(),
        timeout: Duration::from_secs(2),
    }))
}

fn referee(watches: &[&str]) -> Check {
    check(Probe::Referee(RefereeProbe {
        watches: watches.iter().map(|path| (*path).to_owned()).collect(),
        prepare: None,
        learner: Vec::new(),
        judge: vec!["true".to_owned()],
        timeout: Duration::from_secs(1),
    }))
}

fn plan(checks: Vec<Check>) -> Plan {
    Plan::new(&lab(vec![task("a", &[], TaskWork::Checks(checks))]))
}

fn seconds(seconds: u64) -> Timestamp {
    Timestamp(0).after(Duration::from_secs(seconds))
}

fn start(schedule: &mut Schedule, now: Timestamp) -> Vec<Look> {
    schedule.start(now, |_| false)
}

fn finish(schedule: &mut Schedule, looks: &[Look], now: Timestamp) {
    for look in looks {
        schedule.finished(look, &Observation::Absent(String::new()), now);
    }
}

#[test]
fn a_change_concerns_what_is_at_above_and_beneath_it() {
    let exact = Watch::new("./a//b/", false);
    let deep = Watch::new("a/b", true);
    assert_eq!(exact.path, "a/b");
    for (path, by_exact, by_deep) in [
        ("a/b", true, true),
        ("a", true, true),
        ("", true, true),
        ("a/b/c", false, true),
        ("a/bc", false, false),
        ("b", false, false),
    ] {
        assert_eq!(
            (exact.concerns(path), deep.concerns(path)),
            (by_exact, by_deep),
            "{path}"
        );
    }
    assert!(Watch::new("", true).concerns("anything/at/all"));
}

#[test]
fn each_path_is_watched_once() {
    let plan = plan(vec![
        file("data", FileForm::Text),
        file("data", FileForm::Tree),
        file("x", FileForm::Json),
        referee(&["x", "y"]),
        http(),
    ]);
    let watches: Vec<_> = plan
        .watches()
        .into_iter()
        .map(|watch| (watch.path, watch.recursive))
        .collect();
    assert_eq!(
        watches,
        [
            ("data".to_owned(), true),
            ("x".to_owned(), true),
            ("y".to_owned(), true)
        ]
    );
    assert_eq!(plan.looks.iter().filter(|look| look.needs_agent).count(), 1);
}

#[test]
fn what_several_checks_ask_is_looked_at_once() {
    let plan = plan(vec![
        file("x", FileForm::Json),
        file("x", FileForm::Json),
        file("x", FileForm::Text),
    ]);
    assert_eq!(plan.looks.len(), 2);
    assert_eq!(plan.looks[0].checks.len(), 2);
}

#[test]
fn files_are_looked_at_at_once_and_again_when_they_change_meanwhile() {
    let mut schedule = Schedule::new(&plan(vec![file("x", FileForm::Json)]), seconds(0));
    let looks = start(&mut schedule, seconds(0));
    assert_eq!(looks.len(), 1);
    schedule.changed("x", seconds(0));
    schedule.changed("x", seconds(0));
    assert!(start(&mut schedule, seconds(0)).is_empty());
    assert!(schedule.is_busy());
    finish(&mut schedule, &looks, seconds(1));
    assert_eq!(start(&mut schedule, seconds(1)).len(), 1);
    assert_eq!(schedule.next(seconds(1)), None);
}

#[test]
fn referees_wait_for_quiet_but_not_for_ever_and_run_one_at_a_time() {
    let mut schedule = Schedule::new(&plan(vec![referee(&["x"]), referee(&["y"])]), seconds(0));
    let first = start(&mut schedule, seconds(0));
    assert_eq!(first.len(), 1);
    assert!(start(&mut schedule, seconds(9)).is_empty());
    finish(&mut schedule, &first, seconds(9));
    let second = start(&mut schedule, seconds(9));
    assert_eq!(second.len(), 1);
    finish(&mut schedule, &second, seconds(10));
    schedule.changed("x", seconds(10));
    assert!(start(&mut schedule, seconds(10)).is_empty());
    assert_eq!(schedule.next(seconds(10)), Some(seconds(10).after(QUIET)));
    // A program that writes all the time puts it off only so long.
    let mut now = seconds(10);
    while start(&mut schedule, now).is_empty() {
        now = now.after(QUIET / 2);
        schedule.changed("x", now);
        assert!(now <= seconds(10).after(LONGEST_UNQUIET + QUIET));
    }
    assert!(now >= seconds(10).after(LONGEST_UNQUIET));
}

#[test]
fn polls_back_off_and_rest_while_nobody_looks() {
    let mut schedule = Schedule::new(&plan(vec![http()]), seconds(0));
    // The first look does not need an audience, the second does.
    let looks = start(&mut schedule, seconds(0));
    finish(&mut schedule, &looks, seconds(0));
    assert_eq!(schedule.next(seconds(0)), None);
    assert!(start(&mut schedule, seconds(60)).is_empty());
    schedule.look(true, seconds(60));
    let mut now = seconds(60);
    let mut pauses = Vec::new();
    for _ in 0..7 {
        let next = schedule.next(now).map_or(now, |next| next.max(now));
        pauses.push(next.since(now).as_millis());
        now = next;
        let looks = start(&mut schedule, now);
        assert_eq!(looks.len(), 1);
        finish(&mut schedule, &looks, now);
    }
    assert_eq!(pauses[1..], [1000, 2000, 4000, 8000, 15000, 15000]);
    // Something new is followed closely again.
    schedule.changed("server.py", now);
    assert!(
        schedule
            .next(now)
            .is_some_and(|next| next.since(now) < Duration::from_secs(1))
    );
    schedule.look(false, now);
    assert_eq!(schedule.next(now), None);
}

#[test]
fn a_waiting_task_is_not_looked_at() {
    let mut schedule = Schedule::new(&plan(vec![file("x", FileForm::Json)]), seconds(0));
    assert!(schedule.start(seconds(0), |_| true).is_empty());
    assert_eq!(schedule.start(seconds(0), |_| false).len(), 1);
}

#[test]
fn a_trial_has_the_workspace_for_itself() {
    let mut schedule = Schedule::new(&plan(vec![file("x", FileForm::Json)]), seconds(0));
    let looks = start(&mut schedule, seconds(0));
    finish(&mut schedule, &looks, seconds(0));
    schedule.hold();
    schedule.changed("x", seconds(1));
    assert!(start(&mut schedule, seconds(1)).is_empty());
    schedule.release(seconds(2));
    assert_eq!(start(&mut schedule, seconds(2)).len(), 1);
}

#[test]
fn a_trial_rests_on_the_learners_files() {
    use crate::model::{Act, Offset};
    let Probe::Referee(probe) = referee(&["train.py"]).probe else {
        unreachable!()
    };
    let trial = Trial {
        act: vec![
            Act::Write {
                path: "incoming/x".to_owned(),
                text: String::new(),
            },
            Act::FlipByte {
                path: "model.bin".to_owned(),
                at: Offset::At(3),
            },
            Act::Referee {
                probe,
                bind: "seen".to_owned(),
            },
        ],
        watch: std::collections::BTreeMap::new(),
        within: Duration::from_secs(1),
        hold: Vec::new(),
        restore: Vec::new(),
    };
    let plan = Plan::new(&lab(vec![task("t", &[], TaskWork::Trial(Box::new(trial)))]));
    assert_eq!(plan.trials_concerned("model.bin").count(), 1);
    assert_eq!(plan.trials_concerned("train.py").count(), 1);
    assert_eq!(plan.trials_concerned("incoming/x").count(), 0);
}
