//! The whole way of a lab once, as a learner goes it.

use super::browser::Events;
use super::harness::{Server, Walls, Wanted};
use super::labs::{self, LabFolder};
use crate::support;

#[tokio::test]
async fn a_lab_from_start_to_a_new_session_from_its_export() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    whole_way(Wanted::new(Walls::Bubblewrap, [lab()])).await;
}

#[tokio::test]
async fn the_same_without_bubblewrap() {
    whole_way(Wanted::new(Walls::Landlock, [lab()])).await;
}

pub fn lab() -> LabFolder {
    labs::with_set_up("plain", &[&labs::gate("gate")], "30s")
}

pub async fn whole_way(wanted: Wanted) {
    let server = Server::start(wanted).await;
    assert!(
        server
            .get("/labs/plain")
            .await
            .expect(200)
            .text()
            .contains("A lab of the tests")
    );

    let id = server.start_lab("plain").await;
    server.open_gate(&id, "gate", "go").await;
    let ready = server.until_state(&id, "ready").await;
    assert!(
        ready["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["state"] == "done"),
        "{ready}"
    );
    server.until_verdict(&id, "word", "fail").await;
    let page = server.get(&format!("/sessions/{id}")).await.expect(200).text();
    assert!(page.contains("task-word"), "{page}");

    let mut terminal = server.terminal(&id).await;
    assert_eq!(terminal.run("cat word.txt").await.1, 0);
    // Told to who comes next: a terminal that nobody shows takes the size of the page that opens it.
    let listed = async || {
        let target = format!("/api/v1/sessions/{id}/terminals");
        server.get(&target).await.expect(200).json()["terminals"][0]["clients"].clone()
    };
    assert_eq!(listed().await, 1);
    let second = server.terminal(&id).await;
    assert_eq!(listed().await, 2);
    drop(second);

    // The editor sees the file, saves it, and the tick comes by itself.
    let mut events = server.events().await;
    let target = format!("/api/v1/sessions/{id}/files/content?path=word.txt");
    let file = server.get(&target).await.expect(200);
    assert_eq!(file.text(), "wrong\n");
    let saved = server
        .with("PUT", &target, &[("if-match", file.header("etag"))], b"right\n")
        .await
        .expect(200);
    let award = events.until(|event| event.kind == "award").await;
    assert_eq!(award.data["session"], id.as_str());
    let task = server.until_verdict(&id, "word", "pass").await;
    assert_eq!(task["award"]["points"], 10, "{task}");

    // What the editor saw is not there any more: told with what is.
    let stale = server
        .with("PUT", &target, &[("if-match", file.header("etag"))], b"mine\n")
        .await
        .expect(412);
    assert_eq!(
        stale.json()["error"]["current"].as_str().unwrap(),
        saved.header("etag").trim_matches('"')
    );

    assert_eq!(stale.kind(), "conflict");

    // A regression is shown and the award stays.
    terminal.run("echo other > word.txt; echo kept > more.txt").await;
    let task = server.until_verdict(&id, "word", "fail").await;
    assert_eq!(task["award"]["points"], 10, "{task}");
    // A browser that was away meanwhile is told what it has missed.
    let mut late = Events::open(&server.address, Some(award.id)).await;
    late.until(|event| event.kind == "task" && event.id > award.id).await;
    terminal.run("echo right > word.txt").await;
    server.until_verdict(&id, "word", "pass").await;

    server
        .post(&format!("/sessions/{id}/hints/word"), "seen=0")
        .await
        .expect(303);
    assert_eq!(server.task(&id, "word").await["hints"]["shown"][0], "It begins with r.");

    server.end(&id).await;
    server.assert_nothing_unowned(&[]);
    let finish = server.get(&format!("/sessions/{id}/finish")).await.expect(200).text();
    assert!(finish.contains("The word is right"), "{finish}");
    assert!(server.get("/history").await.expect(200).text().contains(&id));

    let ended = server.session(&id).await;
    let export = ended["exports"][0]["name"].as_str().unwrap().to_owned();
    let archive = server
        .get(ended["exports"][0]["url"].as_str().unwrap())
        .await
        .expect(200);
    assert!(archive.body.starts_with(b"\x1f\x8b"));

    let again = server.start_from("plain", &export).await;
    assert_ne!(again, id);
    server.open_gate(&again, "gate", "go").await;
    server.until_state(&again, "ready").await;
    server.until_verdict(&again, "word", "pass").await;
    let (said, code) = server.terminal(&again).await.run("cat more.txt").await;
    assert!(said.contains("kept") && code == 0, "{said}");
}
