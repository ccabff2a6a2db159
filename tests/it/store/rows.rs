//! What is written can be read again, and what must not happen twice does not.

use std::time::Duration;

use halfway::base::{Clock, PersonId, Random, SessionId, Timestamp, TrialId};
use halfway::model::{
    Award, Finding, LabId, LabSession, Person, PersonRole, SessionState, Step, StepState, TaskId, TaskLevel, Verdict,
};
use halfway::store::{Created, Export, HintTaken, Intent, Store, StoreError, sql};
use serde_json::json;

use super::on_both;

on_both! {
    every_statement_can_be_prepared
    a_second_start_finds_the_first
    after_the_end_a_new_attempt_may_start
    a_session_comes_back_as_it_was_written
    a_stale_save_is_refused
    steps_are_replaced_as_a_whole
    an_award_is_given_once
    levels_and_memory_are_forgotten_but_awards_stay
    achievements_span_attempts
    hints_trials_intents_exports_and_lessons_come_back
    the_usual_wait_is_a_median
}

fn ids() -> (Clock, Random) {
    (Clock::manual(Timestamp(1_700_000_000_000_000)), Random::system())
}

async fn person(store: &Store) -> PersonId {
    let (clock, random) = ids();
    let person = Person {
        id: PersonId::fresh(&clock, &random),
        name: "Ana Ünlü".to_owned(),
        role: PersonRole::Operator,
        created: clock.now(),
    };
    store.add_person(&person).await.unwrap();
    store.add_person(&person).await.unwrap();
    assert_eq!(store.person(person.id).await.unwrap(), Some(person.clone()));
    person.id
}

fn session(person: PersonId, lab: &str) -> LabSession {
    let (clock, random) = ids();
    LabSession {
        id: SessionId::fresh(&clock, &random),
        person,
        workshop: None,
        lab: LabId(lab.to_owned()),
        lab_hash: "abc".to_owned(),
        state: SessionState::Queued,
        reason: None,
        seed: u64::MAX,
        parameters: [
            ("seed".to_owned(), json!(7)),
            ("project".to_owned(), json!("amber-otter")),
        ]
        .into(),
        driver: "process".to_owned(),
        created: clock.now(),
        ready: None,
        ended: None,
        deadline: None,
        left: Some(Duration::from_mins(90)),
        extensions: 2,
        from_export: Some("x.tar.gz".to_owned()),
        revision: 0,
    }
}

fn step(number: u32, state: StepState) -> Step {
    Step {
        number,
        title: format!("step {number}"),
        state,
        started: Some(Timestamp(4)),
        finished: None,
        output: "line\nline\u{1b}[0m".to_owned(),
    }
}

fn level(task: &str, verdict: Verdict) -> TaskLevel {
    TaskLevel {
        task: TaskId(task.to_owned()),
        verdict,
        since: Timestamp(9),
        findings: vec![Finding {
            expected: "a".to_owned(),
            seen: "b".to_owned(),
            place: "metrics.json".to_owned(),
            say: None,
        }],
        waits_for: vec![TaskId("other".to_owned())],
    }
}

fn award(task: &str, at: i64) -> Award {
    Award {
        task: TaskId(task.to_owned()),
        at: Timestamp(at),
        points: 10,
        evidence: vec!["auc is 0.93".to_owned()],
    }
}

async fn every_statement_can_be_prepared(store: Store) {
    for (name, statement) in sql::ALL {
        if let Err(error) = store.prepare(statement).await {
            panic!("{name}: {error}");
        }
    }
}

async fn a_second_start_finds_the_first(store: Store) {
    let person = person(&store).await;
    let first = session(person, "ten-minutes");
    let steps = [step(0, StepState::Waiting)];
    assert_eq!(store.create_session(&first, &steps).await.unwrap(), Created::New);
    let second = session(person, "ten-minutes");
    assert_eq!(
        store.create_session(&second, &steps).await.unwrap(),
        Created::Existing(Box::new(first.clone()))
    );
    assert_eq!(store.live_sessions().await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(store.session(second.id).await.unwrap(), None);
    let other_lab = session(person, "inherited-notebook");
    assert_eq!(store.create_session(&other_lab, &[]).await.unwrap(), Created::New);
}

async fn after_the_end_a_new_attempt_may_start(store: Store) {
    let person = person(&store).await;
    let mut first = session(person, "ten-minutes");
    store.create_session(&first, &[]).await.unwrap();
    first.state = SessionState::Ended;
    first.ended = Some(Timestamp(5));
    store.save_session(&first).await.unwrap();
    let second = session(person, "ten-minutes");
    assert_eq!(store.create_session(&second, &[]).await.unwrap(), Created::New);
    assert_eq!(store.sessions_of(person, 10).await.unwrap().len(), 2);
    assert_eq!(store.sessions_of(person, 1).await.unwrap().len(), 1);
}

async fn a_session_comes_back_as_it_was_written(store: Store) {
    let person = person(&store).await;
    let written = session(person, "ten-minutes");
    store.create_session(&written, &[]).await.unwrap();
    assert_eq!(store.session(written.id).await.unwrap(), Some(written.clone()));
    let mut changed = written.clone();
    changed.state = SessionState::Failed;
    changed.reason = Some("the set-up script said: no".to_owned());
    changed.ready = Some(Timestamp(77));
    changed.deadline = Some(Timestamp(99));
    changed.left = None;
    let saved = store.save_session(&changed).await.unwrap();
    assert_eq!(saved.revision, 1);
    assert_eq!(store.session(written.id).await.unwrap(), Some(saved));
}

async fn a_stale_save_is_refused(store: Store) {
    let person = person(&store).await;
    let read = session(person, "ten-minutes");
    store.create_session(&read, &[]).await.unwrap();
    store.save_session(&read).await.unwrap();
    assert!(matches!(
        store.save_session(&read).await,
        Err(StoreError::Conflict { .. })
    ));
}

async fn steps_are_replaced_as_a_whole(store: Store) {
    let person = person(&store).await;
    let owner = session(person, "ten-minutes");
    let two = [step(0, StepState::Done), step(1, StepState::Running)];
    store.create_session(&owner, &two).await.unwrap();
    assert_eq!(store.steps(owner.id).await.unwrap(), two);
    let failed = step(1, StepState::Failed);
    store.save_step(owner.id, &failed).await.unwrap();
    assert_eq!(store.steps(owner.id).await.unwrap(), [two[0].clone(), failed]);
    let one = [step(0, StepState::Waiting)];
    store.replace_steps(owner.id, &one).await.unwrap();
    assert_eq!(store.steps(owner.id).await.unwrap(), one);
}

async fn an_award_is_given_once(store: Store) {
    let person = person(&store).await;
    let owner = session(person, "ten-minutes");
    store.create_session(&owner, &[]).await.unwrap();
    let levels = [level("trains", Verdict::Pass)];
    let first = store
        .record_grading(owner.id, &levels, &[award("trains", 5)], Some("{}"))
        .await
        .unwrap();
    assert_eq!(first, [TaskId("trains".to_owned())]);
    let again = store
        .record_grading(
            owner.id,
            &[level("trains", Verdict::Fail)],
            &[award("trains", 6)],
            Some("{\"a\":1}"),
        )
        .await
        .unwrap();
    assert!(again.is_empty());
    let grading = store.grading(owner.id).await.unwrap();
    assert_eq!(grading.awards, [award("trains", 5)]);
    assert_eq!(grading.levels, [level("trains", Verdict::Fail)]);
    assert_eq!(grading.memory.as_deref(), Some("{\"a\":1}"));
}

async fn levels_and_memory_are_forgotten_but_awards_stay(store: Store) {
    let person = person(&store).await;
    let owner = session(person, "ten-minutes");
    store.create_session(&owner, &[]).await.unwrap();
    store
        .record_grading(owner.id, &[level("a", Verdict::Pass)], &[award("a", 5)], Some("x"))
        .await
        .unwrap();
    store.forget_levels(owner.id).await.unwrap();
    let grading = store.grading(owner.id).await.unwrap();
    assert!(grading.levels.is_empty() && grading.memory.is_none());
    assert_eq!(grading.awards.len(), 1);
}

async fn achievements_span_attempts(store: Store) {
    let person = person(&store).await;
    for at in [50, 40] {
        let mut attempt = session(person, "ten-minutes");
        store.create_session(&attempt, &[]).await.unwrap();
        store
            .record_grading(attempt.id, &[], &[award("a", at)], None)
            .await
            .unwrap();
        attempt.state = SessionState::Ended;
        store.save_session(&attempt).await.unwrap();
    }
    assert_eq!(
        store.achieved(person).await.unwrap(),
        [(LabId("ten-minutes".to_owned()), TaskId("a".to_owned()), Timestamp(40))]
    );
}

async fn hints_trials_intents_exports_and_lessons_come_back(store: Store) {
    let person = person(&store).await;
    let owner = session(person, "ten-minutes");
    store.create_session(&owner, &[]).await.unwrap();
    let (clock, random) = ids();
    let task = TaskId("a".to_owned());

    let hint = HintTaken {
        task: task.clone(),
        number: 0,
        at: Timestamp(3),
    };
    store.take_hint(owner.id, &hint).await.unwrap();
    store
        .take_hint(
            owner.id,
            &HintTaken {
                at: Timestamp(8),
                ..hint.clone()
            },
        )
        .await
        .unwrap();
    assert_eq!(store.hints(owner.id).await.unwrap(), [hint]);

    let trial = TrialId::fresh(&clock, &random);
    store.start_trial(trial, owner.id, &task, Timestamp(4)).await.unwrap();
    assert_eq!(store.open_trials().await.unwrap().len(), 1);
    store
        .finish_trial(trial, Timestamp(6), &json!({"held": true}))
        .await
        .unwrap();
    assert!(matches!(
        store.finish_trial(trial, Timestamp(7), &json!({})).await,
        Err(StoreError::Conflict { .. })
    ));
    assert!(store.open_trials().await.unwrap().is_empty());
    assert_eq!(
        store.trials(owner.id).await.unwrap()[0].outcome,
        Some(json!({"held": true}))
    );

    let intent = Intent {
        session: owner.id,
        kind: "provision".to_owned(),
        payload: json!({"step": 1}),
        created: Timestamp(1),
    };
    store.intend(&intent).await.unwrap();
    store.intend(&intent).await.unwrap();
    assert_eq!(store.intents().await.unwrap(), std::slice::from_ref(&intent));
    assert_eq!(store.intents_of(owner.id).await.unwrap(), [intent]);
    store.fulfil(owner.id, "provision").await.unwrap();
    assert!(store.intents().await.unwrap().is_empty());

    let export = Export {
        name: "one.tar.gz".to_owned(),
        person,
        session: owner.id,
        lab: owner.lab.clone(),
        created: Timestamp(2),
        bytes: 1 << 40,
    };
    store.add_export(&export).await.unwrap();
    assert_eq!(store.export(person, "one.tar.gz").await.unwrap(), Some(export.clone()));
    let stranger = PersonId::fresh(&clock, &random);
    assert_eq!(store.export(stranger, "one.tar.gz").await.unwrap(), None);
    assert_eq!(store.exports_of(person).await.unwrap(), std::slice::from_ref(&export));
    assert_eq!(store.all_exports().await.unwrap(), [export]);
    store.remove_export(person, "one.tar.gz").await.unwrap();
    assert!(store.exports_of(person).await.unwrap().is_empty());

    store.open_lesson(person, "1/leakage", Timestamp(1)).await.unwrap();
    store.open_lesson(person, "1/leakage", Timestamp(5)).await.unwrap();
    store.finish_lesson(person, "1/leakage", Timestamp(7)).await.unwrap();
    store.finish_lesson(person, "1/leakage", Timestamp(9)).await.unwrap();
    let read = store.lessons_of(person).await.unwrap();
    assert_eq!((read[0].opened, read[0].finished), (Timestamp(1), Some(Timestamp(7))));

    store.rename_person(person, "Ana").await.unwrap();
    assert_eq!(
        store.first_of_role(PersonRole::Operator).await.unwrap().unwrap().name,
        "Ana"
    );
    assert_eq!(store.first_of_role(PersonRole::Instructor).await.unwrap(), None);
}

async fn the_usual_wait_is_a_median(store: Store) {
    let person = person(&store).await;
    let lab = LabId("ten-minutes".to_owned());
    assert_eq!(store.usual_wait(&lab).await.unwrap(), None);
    for wait in [100, 900, 300] {
        let mut attempt = session(person, &lab.0);
        store.create_session(&attempt, &[]).await.unwrap();
        attempt.ready = Some(attempt.created.after(Duration::from_micros(wait)));
        attempt.state = SessionState::Ended;
        store.save_session(&attempt).await.unwrap();
    }
    assert_eq!(store.usual_wait(&lab).await.unwrap(), Some(Duration::from_micros(300)));
}
