//! Workspaces that no archive can hold, when they have to go.

use std::path::Path;
use std::time::Duration;

use halfway::lab::{Settings, StartOptions, sweep};
use halfway::model::SessionState;
use halfway::sandbox::Caps;

use super::on_both;
use super::world::{Database, World, write};

on_both! {
    what_no_archive_can_hold_is_kept_in_part_and_for_a_time_as_a_whole
}

/// Too many files, a file that is too large, and one whose path is too long.
fn fill(workspace: &Path) {
    write(&workspace.join("a-small-one.txt"), "small");
    let deep = workspace.join(vec!["d".repeat(250); 8].join("/"));
    for folder in [&workspace.join("many"), &deep] {
        std::fs::create_dir_all(folder).unwrap();
    }
    write(&deep.join("e".repeat(100)), "deep");
    for number in 0..100 {
        write(&workspace.join(format!("many/{number:02}")), "one of many");
    }
    std::fs::write(workspace.join("large.bin"), vec![1; 2 << 20]).unwrap();
}

async fn what_no_archive_can_hold_is_kept_in_part_and_for_a_time_as_a_whole(database: Database) {
    let world = World::new(database).await;
    let settings = Settings {
        archive: Caps {
            bytes: 1 << 20,
            entries: 60,
        },
        ..Settings::default()
    };
    let labs = world.engine_with(settings).await;
    let session = world.start(&labs).await;
    world.until_state(&labs, session, SessionState::Ready).await;
    let workspace = world.workspace(session);
    let folder = |export: &str| {
        let name = export.replace(".tar.gz", ".folder");
        world.state.path().join("exports").join(name)
    };

    fill(&workspace);
    labs.reset(world.person, session).await.unwrap();
    let view = world
        .until(&labs, session, |view| {
            view.session.state == SessionState::Ready && !view.exports.is_empty()
        })
        .await;
    let reset = &view.exports[0];
    assert!(reset.partial && reset.why == "reset", "{reset:?}");
    assert!(!workspace.join("many").exists() && workspace.join("planted").exists());
    assert!(folder(&reset.name).join("many/99").exists());

    fill(&workspace);
    let ended = world.ended(&labs, session).await;
    let end = ended.exports.iter().find(|export| export.why == "end").unwrap();
    assert!(end.partial && ended.exports.len() == 2, "{ended:?}");
    assert!(ended.session.reason.unwrap().contains("halfway-left-out.txt"));
    assert!(folder(&end.name).join("large.bin").exists() && !workspace.exists());

    let options = StartOptions {
        from_export: Some(end.name.clone()),
        seed: None,
    };
    let second = labs.start(world.person, &world.lab(), options).await.unwrap();
    world.until_state(&labs, second, SessionState::Ready).await;
    let read = |name: &str| std::fs::read_to_string(world.workspace(second).join(name)).unwrap();
    assert_eq!(read("a-small-one.txt"), "small");
    let left = read("halfway-left-out.txt");
    for name in ["large.bin (2097152 bytes)", "many (some or all", &"e".repeat(100)] {
        assert!(left.contains(name), "{name} is not in {left}");
    }

    let store = world.store().await;
    let swept = async || {
        sweep(&store, &*world.driver, world.state.path(), world.clock.now())
            .await
            .unwrap()
    };
    assert!(swept().await.is_empty());
    world.clock.advance(Duration::from_hours(31 * 24));
    assert_eq!(swept().await.folders.len(), 2);
    assert!(swept().await.is_empty());
    for export in &ended.exports {
        assert!(!folder(&export.name).exists());
        labs.export_file(world.person, &export.name).await.unwrap();
    }
}
