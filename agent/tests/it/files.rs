//! Events of files.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::{Agent, test};

#[test]
fn what_happens_to_a_file_is_told() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let mut events = agent.lines("GET", "/v1/files/events", None).await;
        assert_eq!(
            events.next().await,
            Some(json!({"kind": "watching", "path": "", "directory": true}))
        );
        let file = agent.workspace().join("a.txt");
        std::fs::write(&file, "1").expect("written");
        std::fs::rename(&file, agent.workspace().join("b.txt")).expect("renamed");
        std::fs::remove_file(agent.workspace().join("b.txt")).expect("removed");
        for (kind, path) in [
            ("created", "a.txt"),
            ("written", "a.txt"),
            ("moved_from", "a.txt"),
            ("moved_to", "b.txt"),
            ("deleted", "b.txt"),
        ] {
            assert_eq!(
                events.next().await,
                Some(json!({"kind": kind, "path": path, "directory": false}))
            );
        }
    });
}

#[test]
fn new_directories_are_watched_too() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        std::fs::create_dir_all(agent.workspace().join("src/old")).expect("directories");
        let mut events = agent
            .lines("GET", "/v1/files/events?path=src&recursive=true", None)
            .await;
        events.until(|line| line["kind"] == "watching").await;
        std::fs::create_dir_all(agent.workspace().join("src/new/er")).expect("directories");
        events.until(|line| line["path"] == "src/new/er").await;
        std::fs::write(agent.workspace().join("src/new/er/x"), "").expect("written");
        events.until(|line| line["path"] == "src/new/er/x").await;
        std::fs::write(agent.workspace().join("src/old/y"), "").expect("written");
        events
            .until(|line| line["path"] == "src/old/y" && line["kind"] == "written")
            .await;
        std::fs::rename(agent.workspace().join("src/new"), agent.workspace().join("src/moved")).expect("renamed");
        events.until(|line| line["path"] == "src/moved").await;
        std::fs::write(agent.workspace().join("src/moved/er/z"), "").expect("written");
        events.until(|line| line["path"] == "src/moved/er/z").await;
    });
}

#[test]
fn nothing_outside_the_workspace_can_be_watched() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        symlink("/etc", agent.workspace().join("link")).expect("a link");
        for (path, status, kind) in [
            ("..", 403, "denied"),
            ("/etc", 403, "denied"),
            ("link", 403, "denied"),
            ("link/ssl", 403, "denied"),
            ("none", 404, "not_found"),
        ] {
            let path = format!("/v1/files/events?path={path}");
            agent.refused("GET", &path, None, status, kind).await;
        }
    });
}
