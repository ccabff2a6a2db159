//! What goes wrong, and what the learner is told.

use halfway::lab::LabError;
use halfway::model::{SessionState, StepState};
use halfway::sandbox::Usage;
use halfway::sandbox::fake::{Failure, Operation};

use super::on_both;
use super::world::{Database, World, all_done, write};

on_both! {
    a_set_up_that_fails_shows_its_output_and_can_be_retried
    a_set_up_that_hangs_is_ended
    a_set_up_that_fills_the_disk_is_ended
    a_full_disk_is_said_and_a_retry_works
    a_start_that_fails_does_not_show_its_cause
    provisioning_can_be_cancelled
    a_driver_that_cannot_say_costs_nothing
    a_workspace_that_is_gone_is_said_and_retry_makes_a_fresh_one
    too_much_memory_stops_the_lab_and_says_so
}

async fn a_set_up_that_fails_shows_its_output_and_can_be_retried(database: Database) {
    let world = World::with(database, |lab| {
        write(&lab.join("setup/again.sh"), "echo the reason; exit 3");
    })
    .await;
    let (labs, session) = world.started().await;
    let view = world.until_state(&labs, session, SessionState::Failed).await;
    assert!(view.session.reason.as_ref().unwrap().contains("exit code 3"));
    assert_eq!(view.steps[2].state, StepState::Failed);
    assert_eq!(view.steps[2].output, "the reason\n");
    assert_eq!(view.steps[1].state, StepState::Done);
    write(&world.lab_folder().join("setup/again.sh"), "echo mended");
    world.library.refresh();
    labs.retry(world.person, session).await.unwrap();
    let view = world.until_state(&labs, session, SessionState::Ready).await;
    assert!(all_done(&view));
    assert_eq!(view.steps[2].output, "mended\n");
    assert!(matches!(
        labs.retry(world.person, session).await,
        Err(LabError::State(_))
    ));
}

async fn a_set_up_that_hangs_is_ended(database: Database) {
    let world = World::with(database, |lab| {
        let yaml = std::fs::read_to_string(lab.join("lab.yaml")).unwrap();
        write(&lab.join("lab.yaml"), &yaml.replace("timeout: 20s", "timeout: 1s"));
        write(&lab.join("setup/again.sh"), "exec sleep 300");
    })
    .await;
    let (labs, session) = world.started().await;
    let view = world.until_state(&labs, session, SessionState::Failed).await;
    assert!(
        view.session.reason.as_ref().unwrap().contains("within 1 s"),
        "{:?}",
        view.session.reason
    );
}

async fn a_set_up_that_fills_the_disk_is_ended(database: Database) {
    let world = World::with(database, |lab| {
        write(
            &lab.join("setup/again.sh"),
            "dd if=/dev/zero of=\"$HALFWAY_WORKSPACE/big\" bs=1048576 count=40 2>/dev/null; exec sleep 300",
        );
    })
    .await;
    let (labs, session) = world.started().await;
    let view = world.until_state(&labs, session, SessionState::Failed).await;
    assert!(
        view.session.reason.as_ref().unwrap().contains("32 MiB"),
        "{:?}",
        view.session.reason
    );
}

async fn a_full_disk_is_said_and_a_retry_works(database: Database) {
    let world = World::new(database).await;
    let labs = world.engine().await;
    world.fake.fail_next(Operation::Prepare, Failure::DiskFull);
    let session = world.start(&labs).await;
    let view = world.until_state(&labs, session, SessionState::Failed).await;
    assert!(view.session.reason.as_ref().unwrap().contains("disk is full"));
    labs.retry(world.person, session).await.unwrap();
    world.until_state(&labs, session, SessionState::Ready).await;
}

async fn a_start_that_fails_does_not_show_its_cause(database: Database) {
    let world = World::new(database).await;
    let labs = world.engine().await;
    world
        .fake
        .fail_next(Operation::Create, Failure::Fails("/secret/path is broken".to_owned()));
    let session = world.start(&labs).await;
    let view = world.until_state(&labs, session, SessionState::Failed).await;
    let shown = format!("{:?} {:?}", view.session.reason, view.steps);
    assert!(!shown.contains("/secret/path"), "{shown}");
    labs.retry(world.person, session).await.unwrap();
    world.until_state(&labs, session, SessionState::Ready).await;
}

async fn provisioning_can_be_cancelled(database: Database) {
    let world = World::with(database, |lab| {
        write(&lab.join("setup/again.sh"), "echo waiting; exec sleep 300");
    })
    .await;
    let (labs, session) = world.started().await;
    world
        .until(&labs, session, |view| view.steps[2].output.contains("waiting"))
        .await;
    labs.cancel(world.person, session).await.unwrap();
    let view = world.until_state(&labs, session, SessionState::Ended).await;
    assert!(view.exports.is_empty());
    assert!(!world.workspace(session).exists());
    assert_ne!(world.start(&labs).await, session);
}

async fn a_driver_that_cannot_say_costs_nothing(database: Database) {
    let world = World::new(database).await;
    let (labs, session, _) = world.ready().await;
    labs.tick().await.unwrap();
    world
        .fake
        .fail_next(Operation::State, Failure::Fails("no answer".to_owned()));
    labs.tick().await.unwrap();
    assert_eq!(
        labs.view(world.person, session).await.unwrap().session.state,
        SessionState::Ready
    );
}

async fn a_workspace_that_is_gone_is_said_and_retry_makes_a_fresh_one(database: Database) {
    let world = World::new(database).await;
    let (labs, session, _) = world.ready().await;
    labs.tick().await.unwrap();
    world.fake.kill_agent(session).await;
    halfway::sandbox::Driver::destroy(&world.fake, session).await.unwrap();
    let view = world.tick_until(&labs, session, SessionState::Failed).await;
    assert!(view.session.reason.as_ref().unwrap().contains("workspace is gone"));
    labs.retry(world.person, session).await.unwrap();
    world.until_state(&labs, session, SessionState::Ready).await;
    assert!(world.workspace(session).join("planted").exists());
}

async fn too_much_memory_stops_the_lab_and_says_so(database: Database) {
    let world = World::new(database).await;
    let (labs, session, _) = world.ready().await;
    labs.regrade(world.person, session).await.unwrap();
    let usage = Usage {
        memory: 5 << 30,
        ..Usage::default()
    };
    world.fake.set_usage(session, usage);
    for _ in 0..3 {
        world.clock.advance(std::time::Duration::from_secs(11));
        labs.tick().await.unwrap();
    }
    let view = labs.view(world.person, session).await.unwrap();
    assert_eq!(view.session.state, SessionState::Paused);
    assert!(view.session.reason.as_ref().unwrap().contains("5 GiB of memory"));
}
