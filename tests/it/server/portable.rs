//! Everything that is a person's, from one machine to another.

use super::harness::{Server, Walls, Wanted};
use super::labs;

fn run(server: &Server, arguments: &[&str]) -> (bool, String) {
    let output = server
        .command()
        .args(arguments)
        .env("HALFWAY_LOG", "warn")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn what_was_done_on_one_machine_is_there_on_another() {
    let here = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = here.ready_lab("plain").await;
    here.save(&id, "word.txt", "right\n").await.expect(200);
    here.until_verdict(&id, "word", "pass").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.tar");
    let file = file.to_str().unwrap();
    // Beside the running server, with the lab open.
    let (fine, said) = run(&here, &["export", file]);
    assert!(fine, "{said}");
    let (fine, said) = run(&here, &["export", file]);
    assert!(!fine && said.contains("not there yet"), "{said}");
    assert_eq!(here.session(&id).await["state"], "ready", "the lab goes on");

    let there = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    for _twice in 0..2 {
        let (fine, said) = run(&there, &["import", file]);
        assert!(
            fine && said.contains("lab sessions: 1, tasks achieved: 1, workspaces to start from: 1"),
            "{said}"
        );
    }
    let session = there.session(&id).await;
    assert_eq!(
        (&session["state"], session["tasks"][0]["award"].is_null()),
        (&"ended".into(), false)
    );
    let history = there.get("/history").await.expect(200).text();
    assert!(history.contains(&format!("/sessions/{id}")), "{history}");
    let exports = there.get("/labs/plain").await.expect(200).text();
    let (_, rest) = exports
        .split_once("name=\"export\" value=\"plain-")
        .unwrap_or_else(|| panic!("{exports}"));
    let name = format!("plain-{}", rest.split('"').next().unwrap());
    let from = there.start_from("plain", &name).await;
    there.until_state(&from, "ready").await;
    assert_eq!(
        std::fs::read_to_string(there.workspace(&from).join("word.txt")).unwrap(),
        "right\n"
    );
}

#[tokio::test]
async fn an_archive_of_somebody_else_is_refused_in_words() {
    let server = Server::start(Wanted::new(Walls::Landlock, [])).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("photos.tar");
    std::fs::write(&file, vec![7; 4096]).unwrap();
    let (fine, said) = run(&server, &["import", file.to_str().unwrap()]);
    assert!(
        !fine && said.contains("photos.tar") && said.contains("Nothing was changed"),
        "{said}"
    );
    let (fine, said) = run(&server, &["import", "/nonexistent/mine.tar"]);
    assert!(!fine && said.contains("cannot read /nonexistent/mine.tar"), "{said}");
}

#[tokio::test]
async fn the_settings_give_all_of_it_and_delete_all_of_it() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;

    let archive = server.post("/settings/export", "").await.expect(200);
    assert!(archive.header("content-disposition").contains("halfway.tar"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.tar");
    std::fs::write(&file, &archive.body).unwrap();
    let there = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let (fine, said) = run(&there, &["import", file.to_str().unwrap()]);
    assert!(fine && said.contains("tasks achieved: 1"), "{said}");

    // Nothing is deleted under a lab that is open, and the page says which.
    for refused in [
        server.get("/settings/delete").await,
        server.post("/settings/delete", "").await,
    ] {
        assert!(refused.expect(409).text().contains("End it first"));
    }
    assert_eq!(server.session(&id).await["state"], "ready");

    server.end(&id).await;
    let asked = server.get("/settings/delete").await.expect(200).text();
    assert!(asked.contains("every attempt at a lab"), "{asked}");
    server.post("/settings/delete", "").await.expect(303);
    server.get(&format!("/sessions/{id}")).await.expect(404);
    assert!(!server.get("/history").await.expect(200).text().contains(&id));
    let left = std::fs::read_dir(server.state().join("exports")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "archives are left");
    // The person can go on at once.
    server.ready_lab("plain").await;
}
