//! A session from its start to its end.

use std::time::Duration;

use halfway::lab::{Delivery, EventKind, LabError, Settings, StartOptions, TrialPhase};
use halfway::model::{SessionState, TaskId, Verdict};
use halfway::sandbox::fake::Operation;

use super::on_both;
use super::world::{Database, World, all_done, is_awarded, verdict, write};

on_both! {
    a_session_is_started_graded_and_ended
    what_belongs_to_another_is_not_found
    hints_are_recorded_one_a_press
    the_whole_lab_and_single_files_can_be_had_again
    an_archive_that_is_hostile_ends_in_a_reason
    time_runs_out_after_warnings_and_can_be_extended
    a_trial_runs_and_puts_everything_back
    regrading_waits_for_everything
    an_idle_session_pauses_where_configured
}

async fn a_session_is_started_graded_and_ended(database: Database) {
    let world = World::new(database).await;
    let (labs, session) = world.started().await;
    assert_eq!(
        world.start(&labs).await,
        session,
        "a second start gives the same session"
    );
    let ready = world.until_state(&labs, session, SessionState::Ready).await;
    assert!(all_done(&ready), "{:?}", ready.steps);
    assert_eq!(ready.steps[1].output, "planting\n");
    assert!(ready.time.left.is_some());
    assert!(
        ready.tasks[0]
            .text
            .contains(ready.session.parameters["word"].as_str().unwrap())
    );
    let view = world
        .until(&labs, session, |view| verdict(view, "greet") == Verdict::Fail)
        .await;
    assert_eq!(verdict(&view, "table"), Verdict::Waiting);

    let mut events = labs.subscribe(world.person, None);
    assert!(matches!(events.next().await, Delivery::Gap(_)));
    write(&world.workspace(session).join("greeting.txt"), &world.greeting(&view));
    let view = world
        .until(&labs, session, |view| {
            verdict(view, "greet") == Verdict::Pass && verdict(view, "table") == Verdict::Pass
        })
        .await;
    assert!(is_awarded(&view, "greet"));
    let mut kinds = Vec::new();
    while let Some(Delivery::Event(event)) = events.ready() {
        assert_eq!(event.session, Some(session));
        kinds.push(event.kind);
    }
    for kind in [EventKind::Files, EventKind::Task, EventKind::Award] {
        assert!(kinds.contains(&kind), "{kind:?} is not among {kinds:?}");
    }

    // A regression is shown, and the award stays.
    std::fs::remove_file(world.workspace(session).join("greeting.txt")).unwrap();
    let view = world
        .until(&labs, session, |view| verdict(view, "greet") == Verdict::Fail)
        .await;
    assert!(is_awarded(&view, "greet"));
    assert_eq!(view.score.earned, 15);

    let ended = world.ended(&labs, session).await;
    assert_eq!(ended.exports.len(), 1);
    assert!(!world.workspace(session).exists());
    let history = labs.history(world.person).await.unwrap();
    assert_eq!((history.len(), history[0].awards.len()), (1, 2));
    assert!(labs.live(world.person).await.unwrap().is_empty());
}

async fn what_belongs_to_another_is_not_found(database: Database) {
    let world = World::new(database).await;
    let (labs, session) = world.started().await;
    let stranger = halfway::base::PersonId::fresh(&world.clock, &world.random);
    let refused = |error: LabError| assert!(matches!(error, LabError::NotFound(_)), "{error:?}");
    refused(labs.view(stranger, session).await.unwrap_err());
    refused(labs.end(stranger, session).await.unwrap_err());
    refused(labs.extend(stranger, session).await.unwrap_err());
    refused(labs.reset(stranger, session).await.unwrap_err());
    refused(labs.workspace(stranger, session).await.unwrap_err());
    refused(labs.terminals(stranger, session).await.unwrap_err());
    refused(labs.export(stranger, session).await.unwrap_err());
    refused(
        labs.hint(stranger, session, &TaskId("greet".to_owned()), None)
            .await
            .unwrap_err(),
    );
}

async fn hints_are_recorded_one_a_press(database: Database) {
    let world = World::new(database).await;
    let (labs, session) = world.started().await;
    let task = TaskId("greet".to_owned());
    assert_eq!(
        labs.hint(world.person, session, &task, Some(0)).await.unwrap().shown,
        ["First."]
    );
    assert_eq!(
        labs.hint(world.person, session, &task, Some(0)).await.unwrap().shown,
        ["First."]
    );
    assert_eq!(
        labs.hint(world.person, session, &task, None).await.unwrap().shown.len(),
        2
    );
    assert_eq!(
        labs.hint(world.person, session, &task, None).await.unwrap().shown.len(),
        2
    );
    let view = labs.view(world.person, session).await.unwrap();
    assert_eq!(view.tasks[0].hints.shown.len(), 2);
}

async fn the_whole_lab_and_single_files_can_be_had_again(database: Database) {
    let world = World::new(database).await;
    let (labs, session, before) = world.ready().await;
    let workspace = world.workspace(session);
    let planted = std::fs::read_to_string(workspace.join("planted/parameters")).unwrap();
    write(&workspace.join("planted/parameters"), "mine");
    let reset = labs
        .reset_file(world.person, session, "planted/parameters", None)
        .await
        .unwrap();
    assert_eq!(
        (reset.old.as_deref(), reset.new.as_str()),
        (Some("mine"), planted.as_str())
    );
    assert_eq!(
        std::fs::read_to_string(workspace.join("planted/parameters")).unwrap(),
        planted
    );
    assert!(matches!(
        labs.reset_file(world.person, session, "nothing", None).await,
        Err(LabError::NotFound(_))
    ));

    write(&workspace.join("greeting.txt"), &world.greeting(&before));
    world.until(&labs, session, |view| is_awarded(view, "greet")).await;
    labs.reset(world.person, session).await.unwrap();
    let after = world
        .until(&labs, session, |view| {
            view.session.state == SessionState::Ready && verdict(view, "greet") == Verdict::Fail
        })
        .await;
    assert!(!workspace.join("greeting.txt").exists());
    assert_eq!(after.session.parameters, before.session.parameters);
    assert!(is_awarded(&after, "greet"));
    assert_eq!(after.exports[0].why, "reset");
    let kept = after.exports[0].name.clone();
    write(&workspace.join("greeting.txt"), "again");
    labs.reset(world.person, session).await.unwrap();
    world
        .until(&labs, session, |view| {
            view.session.state == SessionState::Ready && view.exports.len() == 2
        })
        .await;
    assert!(!workspace.join("greeting.txt").exists());

    // And a new session can start from what was kept.
    world.ended(&labs, session).await;
    let options = StartOptions {
        from_export: Some(kept),
        seed: None,
    };
    let second = labs.start(world.person, &world.lab(), options).await.unwrap();
    let view = world
        .until(&labs, second, |view| verdict(view, "greet") == Verdict::Pass)
        .await;
    assert_eq!(view.session.parameters, before.session.parameters);
    assert!(world.workspace(second).join("greeting.txt").exists());
}

async fn an_archive_that_is_hostile_ends_in_a_reason(database: Database) {
    let world = World::new(database).await;
    let (labs, session, _) = world.ready().await;
    let export = labs.export(world.person, session).await.unwrap();
    world.ended(&labs, session).await;
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    header.as_old_mut().name[..9].copy_from_slice(b"../../out");
    header.set_cksum();
    archive.append(&header, &b"no"[..]).unwrap();
    let bytes = archive.into_inner().unwrap().finish().unwrap();
    std::fs::write(labs.export_file(world.person, &export.name).await.unwrap().path, bytes).unwrap();
    let options = StartOptions {
        from_export: Some(export.name),
        seed: None,
    };
    let session = labs.start(world.person, &world.lab(), options).await.unwrap();
    let view = world.until_state(&labs, session, SessionState::Failed).await;
    assert!(
        view.session.reason.as_ref().unwrap().contains("archive"),
        "{:?}",
        view.session.reason
    );
    assert!(view.may.retry && view.may.cancel);
    labs.cancel(world.person, session).await.unwrap();
    let ended = world.until_state(&labs, session, SessionState::Ended).await;
    assert!(ended.exports.is_empty(), "nothing of the learner's was there");
}

async fn time_runs_out_after_warnings_and_can_be_extended(database: Database) {
    let world = World::new(database).await;
    let settings = Settings {
        extensions: 2,
        ..Settings::default()
    };
    let labs = world.engine_with(settings).await;
    let session = world.start(&labs).await;
    world.until_state(&labs, session, SessionState::Ready).await;
    let mut events = labs.subscribe(world.person, None);
    assert!(matches!(events.next().await, Delivery::Gap(_)));
    let mut warnings = Vec::new();
    labs.regrade(world.person, session).await.unwrap();
    labs.tick().await.unwrap();
    for minutes in [104, 5, 7, 3] {
        world.clock.advance(Duration::from_mins(minutes));
        labs.tick().await.unwrap();
        labs.tick().await.unwrap();
        while let Some(Delivery::Event(event)) = events.ready() {
            if event.kind == EventKind::Time {
                warnings.extend(event.data["warning"].as_u64());
            }
        }
    }
    assert_eq!(warnings, [15, 5, 1]);
    world.clock.advance(Duration::from_secs(70));
    let paused = world.tick_until(&labs, session, SessionState::Paused).await;
    assert_eq!(paused.time.left, Some(Duration::ZERO));
    assert_eq!(paused.exports[0].why, "time");
    assert!(matches!(
        labs.resume(world.person, session).await,
        Err(LabError::State(_))
    ));

    labs.extend(world.person, session).await.unwrap();
    world.clock.advance(Duration::from_hours(5));
    labs.resume(world.person, session).await.unwrap();
    let ready = world.until_state(&labs, session, SessionState::Ready).await;
    assert_eq!(
        ready.time.left,
        Some(Duration::from_mins(30)),
        "it stood still while paused"
    );
    labs.extend(world.person, session).await.unwrap();
    assert!(matches!(
        labs.extend(world.person, session).await,
        Err(LabError::State(_))
    ));
    world.clock.advance(Duration::from_mins(61));
    let ended = world.tick_until(&labs, session, SessionState::Ended).await;
    assert!(ended.exports.iter().any(|export| export.why == "end"));
}

async fn a_trial_runs_and_puts_everything_back(database: Database) {
    let world = World::new(database).await;
    let (labs, session, view) = world.ready().await;
    let task = TaskId("survives".to_owned());
    write(&world.workspace(session).join("greeting.txt"), &world.greeting(&view));
    world
        .until(&labs, session, |view| verdict(view, "greet") == Verdict::Pass)
        .await;
    labs.start_trial(world.person, session, &task).await.unwrap();
    assert!(matches!(
        labs.start_trial(world.person, session, &task).await,
        Err(LabError::State(_))
    ));
    // The clock stands while the trial watches: time passes only by hand.
    world
        .until(&labs, session, |view| {
            view.tasks[2]
                .trial
                .as_ref()
                .is_some_and(|trial| trial.phase == TrialPhase::Watch)
                || view.tasks[2].award.is_some()
        })
        .await;
    world.clock.advance(Duration::from_secs(1));
    let view = world.until(&labs, session, |view| is_awarded(view, "survives")).await;
    let trial = view.tasks[2].trial.as_ref().unwrap();
    assert_eq!(
        (trial.phase, trial.verdict, trial.restored),
        (TrialPhase::Done, Some(Verdict::Pass), Some(true))
    );
    assert!(!trial.timeline.is_empty());
    assert!(world.workspace(session).join("keep.txt").exists());
    assert!(!world.workspace(session).join("data/extra.txt").exists());
    assert!(matches!(
        labs.cancel_trial(world.person, session).await,
        Err(LabError::State(_))
    ));
}

async fn regrading_waits_for_everything(database: Database) {
    let world = World::new(database).await;
    let (labs, session, view) = world.ready().await;
    labs.tick().await.unwrap();
    write(&world.workspace(session).join("greeting.txt"), &world.greeting(&view));
    let statuses = labs.regrade(world.person, session).await.unwrap();
    let verdicts: Vec<Verdict> = statuses.iter().map(|status| status.level.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Pending]);
}

async fn an_idle_session_pauses_where_configured(database: Database) {
    let world = World::new(database).await;
    let settings = Settings {
        idle: Some(Duration::from_mins(20)),
        ..Settings::default()
    };
    let labs = world.engine_with(settings).await;
    let session = world.start(&labs).await;
    world.until_state(&labs, session, SessionState::Ready).await;
    world.clock.advance(Duration::from_mins(19));
    labs.touch(session);
    world.clock.advance(Duration::from_mins(19));
    labs.tick().await.unwrap();
    assert_eq!(
        labs.view(world.person, session).await.unwrap().session.state,
        SessionState::Ready
    );
    world.clock.advance(Duration::from_mins(2));
    world.tick_until(&labs, session, SessionState::Paused).await;
    assert!(
        world
            .fake
            .calls()
            .iter()
            .any(|(operation, _)| *operation == Operation::Stop)
    );
}
