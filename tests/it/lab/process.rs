//! The same on the real process driver: programs outlive the engine.

use halfway::lab::sweep;
use halfway::model::{SessionState, Verdict};

use super::on_both;
use super::world::{Database, World, is_awarded, verdict, write};

on_both! {
    terminals_files_and_awards_outlive_the_engine
}

async fn terminals_files_and_awards_outlive_the_engine(database: Database) {
    let world = World::on_process(database).await;
    crate::require!(
        "bubblewrap",
        crate::support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    let (labs, session, view) = world.ready().await;
    write(&world.workspace(session).join("greeting.txt"), &world.greeting(&view));
    world.until(&labs, session, |view| is_awarded(view, "table")).await;
    let before = labs.terminals(world.person, session).await.unwrap();
    labs.kill();
    let labs = world.engine().await;
    labs.recover().await.unwrap();
    let after = labs.terminals(world.person, session).await.unwrap();
    assert_eq!(before[0].id, after[0].id);
    assert_eq!(before[0].pid, after[0].pid);
    let view = world
        .until(&labs, session, |view| verdict(view, "greet") == Verdict::Pass)
        .await;
    assert!(is_awarded(&view, "table"));

    world.driver.stop(session).await.unwrap();
    world.tick_until(&labs, session, SessionState::Paused).await;
    labs.resume(world.person, session).await.unwrap();
    world.until_state(&labs, session, SessionState::Ready).await;
    assert_eq!(labs.terminals(world.person, session).await.unwrap().len(), 1);

    world.ended(&labs, session).await;
    let store = world.store().await;
    assert!(
        sweep(&store, &*world.driver, world.state.path(), world.clock.now())
            .await
            .unwrap()
            .is_empty()
    );
}
