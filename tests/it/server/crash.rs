//! `kill -9` of the server in every state of a session and at every step of provisioning, and a start after it:
//! nothing is lost, and nothing is left that nobody owns.

use serde_json::Value;

use super::browser::Events;
use super::harness::{Server, Walls, Wanted, postgres_address};
use super::labs::{self, LabFolder};
use crate::support;

/// Two set-up steps that wait for the test.
pub fn gated() -> LabFolder {
    labs::with_set_up("gated", &[&labs::gate("one"), &labs::gate("two")], "60s")
}

/// What its sessions go through, in this order.
const STEPS: [&str; 5] = [
    "Copy the lab's files",
    "Step 0 of the lab",
    "Step 1 of the lab",
    "Start the sandbox",
    "Open a terminal",
];

#[tokio::test]
async fn at_every_step_of_provisioning() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    every_step(Wanted::new(Walls::Bubblewrap, [gated()])).await;
}

#[tokio::test]
async fn at_every_step_of_provisioning_without_bubblewrap_on_postgresql() {
    crate::require!("postgresql", support::postgres::present(), support::postgres::FIX);
    let mut wanted = Wanted::new(Walls::Landlock, [gated()]);
    wanted.database = Some(postgres_address());
    every_step(wanted).await;
}

pub async fn every_step(wanted: Wanted) {
    let mut server = Server::start(wanted).await;
    for (step, name) in STEPS.into_iter().enumerate() {
        let mut events = server.events().await;
        let id = server.start_lab("gated").await;
        if step > 1 {
            server.open_gate(&id, "one", "go").await;
        }
        if step > 2 {
            server.open_gate(&id, "two", "go").await;
        }
        reached(&server, &mut events, &id, step).await;
        server.kill_9_and_restart().await;
        server.assert_nothing_unowned(&[&id]);

        // A set-up that was under way starts again from fresh files; one that is done is not done again.
        let open = |gate: &'static str| {
            let (server, id) = (&server, &id);
            async move {
                let ready = async || server.session(id).await["state"] == "ready";
                server.open_gate_unless(id, gate, "go", ready).await;
            }
        };
        open("one").await;
        open("two").await;
        let session = server.until_state(&id, "ready").await;
        let titles: Vec<&Value> = session["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| &step["title"])
            .collect();
        assert_eq!(titles, STEPS);
        assert!(
            session["steps"]
                .as_array()
                .unwrap()
                .iter()
                .all(|step| step["state"] == "done")
        );
        let (said, code) = server.terminal(&id).await.run("cat word.txt").await;
        assert!(code == 0 && said.contains("wrong"), "killed at {name}: {said}");
        let terminals = server.get(&format!("/api/v1/sessions/{id}/terminals")).await.json();
        assert_eq!(terminals["terminals"].as_array().unwrap().len(), 1, "{terminals}");
        server.end(&id).await;
        server.assert_nothing_unowned(&[]);
    }
}

/// Waits until that step runs; later is as good, since a kill may come at any time.
async fn reached(server: &Server, events: &mut Events, id: &str, step: usize) {
    loop {
        let steps = server.session(id).await["steps"].clone();
        if steps[step]["state"] != "waiting" {
            return;
        }
        events.next().await;
    }
}

#[tokio::test]
async fn while_a_session_is_ready_nothing_is_lost() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    ready(Wanted::new(Walls::Bubblewrap, [labs::plain("plain")])).await;
}

#[tokio::test]
async fn while_a_session_is_ready_nothing_is_lost_without_bubblewrap() {
    ready(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
}

#[tokio::test]
async fn while_a_session_is_ready_nothing_is_lost_on_postgresql() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    crate::require!("postgresql", support::postgres::present(), support::postgres::FIX);
    let mut wanted = Wanted::new(Walls::Bubblewrap, [labs::plain("plain")]);
    wanted.database = Some(postgres_address());
    ready(wanted).await;
}

pub async fn ready(wanted: Wanted) {
    let mut server = Server::start(wanted).await;
    let id = server.ready_lab("plain").await;
    let mut terminal = server.terminal(&id).await;
    terminal.run("remembered='only in this shell'; echo first-line").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    let task = server.until_verdict(&id, "word", "pass").await;
    let achieved = task["award"]["at"].clone();
    assert!(achieved.is_string(), "{task}");

    server.kill_9().await;
    // What the learner's programs do meanwhile is seen afterwards.
    std::fs::write(server.workspace(&id).join("word.txt"), "while nobody looked\n").unwrap();
    server.restart().await;

    let mut terminal = server.terminal(&id).await;
    let said = terminal.until("first-line").await;
    assert!(said.contains("remembered="), "the scrollback is there: {said}");
    let (said, _) = terminal.run("echo \"it is $remembered\"").await;
    assert!(
        said.contains("it is only in this shell"),
        "the shell is the same: {said}"
    );
    let task = server.until_verdict(&id, "word", "fail").await;
    assert_eq!(task["award"]["at"], achieved, "the award stays: {task}");
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;
    assert_eq!(
        server.task(&id, "word").await["award"]["at"],
        achieved,
        "it is not given twice"
    );
    server.assert_nothing_unowned(&[&id]);
}

#[tokio::test]
async fn while_a_session_is_paused_resumes_ends_or_has_failed() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    other_states(Wanted::new(Walls::Bubblewrap, states())).await;
}

/// Labs of [`other_states`].
pub fn states() -> [LabFolder; 2] {
    let failing = labs::with_set_up("failing", &[&labs::gate("one")], "60s");
    [labs::plain("plain"), failing]
}

/// Paused, resuming, being reset, ending, ended, failed.
pub async fn other_states(wanted: Wanted) {
    let mut server = Server::start(wanted).await;

    // Paused: its agent is gone, as after a reboot.
    let id = server.ready_lab("plain").await;
    server.terminal(&id).await.run("echo kept > kept.txt").await;
    server.kill_agent(&id);
    let paused = server.until_state(&id, "paused").await;
    assert!(paused["reason"].as_str().unwrap().contains("Resume"), "{paused}");
    server.kill_9_and_restart().await;
    server.until_state(&id, "paused").await;
    server.assert_nothing_unowned(&[&id]);

    // Killed right after the press on Resume.
    server.post(&format!("/sessions/{id}/resume"), "").await.expect(303);
    server.kill_9_and_restart().await;
    server.until_state(&id, "ready").await;
    let (said, code) = server.terminal(&id).await.run("cat kept.txt").await;
    assert!(code == 0, "{said}");

    // Right after the press on Reset: the work is an export, the files are fresh.
    server.post(&format!("/sessions/{id}/reset"), "").await.expect(303);
    server.kill_9_and_restart().await;
    let session = server.until_state(&id, "ready").await;
    let export = session["exports"][0]["url"]
        .as_str()
        .expect("an export of the work")
        .to_owned();
    assert!(server.get(&export).await.expect(200).body.starts_with(b"\x1f\x8b"));
    let (said, code) = server.terminal(&id).await.run("cat kept.txt").await;
    assert!(code != 0, "{said}");
    server.assert_nothing_unowned(&[&id]);

    // Right after the press on End.
    server.terminal(&id).await.run("echo again > again.txt").await;
    server.post(&format!("/sessions/{id}/end"), "").await.expect(303);
    server.kill_9_and_restart().await;
    let ended = server.until_state(&id, "ended").await;
    assert!(
        ended["exports"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"].as_str().unwrap().contains("-end")),
        "{ended}"
    );
    server.assert_nothing_unowned(&[]);

    // Ended: the history has it.
    server.kill_9_and_restart().await;
    assert!(server.get("/history").await.expect(200).text().contains(&id));

    // Failed: the reason is there, and Retry works.
    let failed = server.start_lab("failing").await;
    server.open_gate(&failed, "one", "fail").await;
    let reason = server
        .until("failed", async || {
            let session = server.session(&failed).await;
            (session["state"] == "failed").then(|| session["reason"].clone())
        })
        .await;
    server.kill_9_and_restart().await;
    let after = server.session(&failed).await;
    assert_eq!((&after["state"], &after["reason"]), (&Value::from("failed"), &reason));
    let page = server.get(&format!("/sessions/{failed}")).await.expect(200).text();
    assert!(page.contains("told to fail") && page.contains("/retry"), "{page}");
    server.post(&format!("/sessions/{failed}/retry"), "").await.expect(303);
    server.kill_9_and_restart().await;
    server.open_gate(&failed, "one", "go").await;
    server.until_state(&failed, "ready").await;
    server.assert_nothing_unowned(&[&failed]);
}

#[tokio::test]
async fn in_the_middle_of_a_trial_everything_is_put_back() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    trial(Wanted::new(Walls::Bubblewrap, [tried()])).await;
}

/// A trial that waits in the middle until somebody writes to `gate`.
pub fn tried() -> LabFolder {
    let task = "
  - id: tried
    title: It stands being tried
    points: 20
    trial:
      act:
        - write: { path: word.txt, text: tampered }
        - remove: { path: other.txt }
        - write: { path: new/file.txt, text: of the trial }
        - command: { run: [sh, -c, 'mkfifo gate; exec 3<> gate; echo held > held; read word <&3'], timeout: 60s }
      watch: { word: { file: { path: word.txt, as: text } } }
      restore:
        - write: { path: restored/first, text: by the trial }
        - command: { run: [sh, -c, 'echo again >> restored/second'], timeout: 60s }
      within: 1s
      hold:
        - { never: \"word.text == 'gone'\", expected: nothing is gone }
    hints: [None.]
";
    labs::plain("tried")
        .file("lab.yaml", &format!("{}tasks:{}{task}", labs::HEAD, labs::WORD))
        .file(
            "instructions.md",
            "A story.\n\n## word\n\nThe word.\n\n## tried\n\nIt stands.\n",
        )
        .file("workspace/other.txt", "other\n")
}

pub async fn trial(wanted: Wanted) {
    let mut server = Server::start(wanted).await;
    let id = server.ready_lab("tried").await;
    server
        .terminal(&id)
        .await
        .run("echo mine > word.txt; echo also mine > other.txt")
        .await;
    let workspace = server.workspace(&id);
    let read = |name: &str| std::fs::read_to_string(workspace.join(name)).ok();

    let mut terminal = server.terminal(&id).await;
    server
        .post(&format!("/sessions/{id}/trials/tried"), "")
        .await
        .expect(303);
    terminal
        .type_in("until [ -e held ]; do :; done; echo trial-is-'held'\n")
        .await;
    terminal.until("trial-is-held").await;
    assert_eq!(read("word.txt").as_deref(), Some("tampered"));
    assert_eq!(read("other.txt"), None);

    server.kill_9_and_restart().await;
    let run = server
        .until("a trial that was put back", async || {
            let task = server.task(&id, "tried").await;
            (task["trial"]["restored"] == true).then(|| task["trial"].clone())
        })
        .await;
    assert!(!run["finished"].is_null() && run["verdict"] != "pass", "{run}");
    assert_eq!(read("word.txt").as_deref(), Some("mine\n"));
    assert_eq!(read("other.txt").as_deref(), Some("also mine\n"));
    assert_eq!(read("new/file.txt"), None);
    // What the trial itself does to restore is done as well, once.
    assert_eq!(read("restored/first").as_deref(), Some("by the trial"));
    assert_eq!(read("restored/second").as_deref(), Some("again\n"));
    assert!(server.task(&id, "tried").await["award"].is_null());
    // It may be tried again, once grading has begun.
    server
        .until("a second trial", async || {
            let answer = server.post(&format!("/sessions/{id}/trials/tried"), "").await;
            assert!(matches!(answer.status, 303 | 503), "{}", answer.text());
            (answer.status == 303).then_some(())
        })
        .await;
}
