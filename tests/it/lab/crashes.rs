//! Engines that are killed at any point, and what the next one makes of it.

use std::time::Duration;

use halfway::lab::{TrialPhase, sweep};
use halfway::model::{SessionState, StepState, TaskId, Verdict};
use halfway::sandbox::fake::{Failure, Operation};
use halfway::store::Store;

use super::on_both;
use super::world::{Database, World, all_done, is_awarded, verdict, write};

on_both! {
    killed_at_every_step_of_provisioning_it_comes_up_all_the_same
    killed_while_a_set_up_hangs_it_starts_again_from_fresh_files
    a_restart_loses_nothing
    a_trial_that_was_killed_is_put_back
    a_dead_agent_is_a_pause_and_resume_starts_another
    what_nobody_owns_is_removed_and_look_alikes_stay
    an_end_that_fails_halfway_is_taken_up_again
    a_note_that_a_kill_left_half_written_does_not_stay
}

async fn killed_at_every_step_of_provisioning_it_comes_up_all_the_same(database: Database) {
    for step in 0..5 {
        let world = World::new(database).await;
        let labs = world.engine().await;
        let session = world.start(&labs).await;
        world
            .until(&labs, session, |view| view.steps[step].state != StepState::Waiting)
            .await;
        labs.kill();
        let labs = world.engine().await;
        labs.recover().await.unwrap();
        let view = world.until_state(&labs, session, SessionState::Ready).await;
        assert!(all_done(&view), "after a kill in step {step}: {:?}", view.steps);
        assert!(world.workspace(session).join("planted/parameters").exists());
        assert_eq!(labs.terminals(world.person, session).await.unwrap().len(), 1);
        world.ended(&labs, session).await;
        assert_eq!(
            std::fs::read_dir(world.state.path().join("sessions")).unwrap().count(),
            0
        );
    }
}

async fn killed_while_a_set_up_hangs_it_starts_again_from_fresh_files(database: Database) {
    let world = World::with(database, |lab| {
        write(
            &lab.join("setup/again.sh"),
            "set -e\ntest -e \"$HALFWAY_LAB/../../../hung\" || { touch \"$HALFWAY_LAB/../../../hung\"; echo hanging; exec sleep 300; }\n",
        );
    })
    .await;
    let (labs, session) = world.started().await;
    world
        .until(&labs, session, |view| view.steps[2].output.contains("hanging"))
        .await;
    labs.kill();
    let labs = world.engine().await;
    labs.recover().await.unwrap();
    let view = world.until_state(&labs, session, SessionState::Ready).await;
    assert!(all_done(&view));
}

async fn a_restart_loses_nothing(database: Database) {
    let world = World::new(database).await;
    let (labs, session, view) = world.ready().await;
    labs.tick().await.unwrap();
    write(&world.workspace(session).join("greeting.txt"), &world.greeting(&view));
    let before = world.until(&labs, session, |view| is_awarded(view, "table")).await;
    labs.kill();
    // Nobody served for an hour: that is not the learner's fault.
    world.clock.advance(Duration::from_hours(1));
    write(&world.workspace(session).join("data/table.json"), "[0]");
    let labs = world.engine().await;
    labs.recover().await.unwrap();
    let view = labs.view(world.person, session).await.unwrap();
    assert_eq!(view.session.state, SessionState::Ready);
    assert_eq!(view.time.left, before.time.left);
    assert!(is_awarded(&view, "table"));
    world
        .until(&labs, session, |view| {
            verdict(view, "table") == Verdict::Fail && verdict(view, "greet") == Verdict::Pass
        })
        .await;
}

async fn a_trial_that_was_killed_is_put_back(database: Database) {
    let world = World::new(database).await;
    let (labs, session, view) = world.ready().await;
    write(&world.workspace(session).join("greeting.txt"), &world.greeting(&view));
    labs.start_trial(world.person, session, &TaskId("survives".to_owned()))
        .await
        .unwrap();
    // The third act waits: the first two are done.
    world
        .until(&labs, session, |view| {
            view.tasks[2]
                .trial
                .as_ref()
                .is_some_and(|trial| trial.timeline.len() >= 2)
                && !world.workspace(session).join("keep.txt").exists()
        })
        .await;
    labs.kill();
    let labs = world.engine().await;
    labs.recover().await.unwrap();
    assert_eq!(
        std::fs::read_to_string(world.workspace(session).join("keep.txt")).unwrap(),
        "keep me"
    );
    assert!(!world.workspace(session).join("data/extra.txt").exists());
    let view = labs.view(world.person, session).await.unwrap();
    let trial = view.tasks[2].trial.as_ref().unwrap();
    assert_eq!(
        (trial.phase, trial.verdict, trial.restored),
        (TrialPhase::Done, None, Some(true))
    );
}

async fn a_dead_agent_is_a_pause_and_resume_starts_another(database: Database) {
    let world = World::new(database).await;
    let (labs, session, _) = world.ready().await;
    write(&world.workspace(session).join("mine.txt"), "mine");
    world.fake.kill_agent(session).await;
    let paused = world.tick_until(&labs, session, SessionState::Paused).await;
    assert!(paused.session.reason.as_ref().unwrap().contains("programs are gone"));
    assert!(paused.may.resume && !paused.may.work);
    labs.resume(world.person, session).await.unwrap();
    world.until_state(&labs, session, SessionState::Ready).await;
    assert!(world.workspace(session).join("mine.txt").exists());
    assert_eq!(labs.terminals(world.person, session).await.unwrap().len(), 1);
}

async fn what_nobody_owns_is_removed_and_look_alikes_stay(database: Database) {
    let world = World::new(database).await;
    let (labs, session, _) = world.ready().await;
    let export = labs.export(world.person, session).await.unwrap();
    labs.kill();
    let state = world.state.path();
    for path in ["exports/small.tar.gz.unfinished", "exports/mine.txt", "sessions/notes"] {
        write(&state.join(path), "x");
    }
    let stray = halfway::base::SessionId::fresh(&world.clock, &world.random);
    std::fs::create_dir_all(state.join("sessions").join(stray.to_string()).join("workspace")).unwrap();
    let store = world.store().await;
    let swept = sweep(&store, &*world.driver, state, world.clock.now()).await.unwrap();
    assert_eq!(swept.sessions, [stray]);
    assert_eq!(swept.exports, ["small.tar.gz.unfinished"]);
    assert!(world.workspace(session).exists());

    // With a database that knows nothing, everything of ours goes but finished exports.
    let empty = tempfile::tempdir().unwrap();
    let store = Store::open(&database.fresh(empty.path()).await).await.unwrap();
    let swept = sweep(&store, &*world.driver, state, world.clock.now()).await.unwrap();
    assert_eq!(swept.sessions, [session]);
    assert!(
        sweep(&store, &*world.driver, state, world.clock.now())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(state.join("exports").join(&export.name).exists());
    assert!(state.join("exports/mine.txt").exists() && state.join("sessions/notes").exists());
}

async fn an_end_that_fails_halfway_is_taken_up_again(database: Database) {
    let world = World::new(database).await;
    let (labs, session, _) = world.ready().await;
    labs.tick().await.unwrap();
    world
        .fake
        .fail_next(Operation::Destroy, Failure::FailsAfter("the answer is lost".to_owned()));
    labs.end(world.person, session).await.unwrap();
    world.until_state(&labs, session, SessionState::Ending).await;
    world.tick_until(&labs, session, SessionState::Ended).await;
    assert_eq!(labs.exports(world.person).await.unwrap().len(), 1);
}

async fn a_note_that_a_kill_left_half_written_does_not_stay(database: Database) {
    let world = World::new(database).await;
    let labs = world.engine().await;
    let state = world.state.path();
    write(&state.join("alive.new"), "18000");
    labs.tick().await.unwrap();
    let mut notes: Vec<String> = std::fs::read_dir(state)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("alive") || name.starts_with('.'))
        .collect();
    notes.sort();
    assert_eq!(notes, ["alive"]);
    assert_eq!(
        std::fs::read_to_string(state.join("alive")).unwrap(),
        world.clock.now().0.to_string()
    );
}
