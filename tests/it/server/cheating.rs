//! A learner who would rather have the tick than the work, at the real terminal.

use super::harness::{Server, Walls, Wanted};
use super::labs::{self, LabFolder};
use crate::support;

/// The judge holds what the learner's program wrote against hidden data; a log that says so changes nothing.
fn judged() -> LabFolder {
    let task = "
  - id: judged
    title: The program says the secret's length
    points: 20
    checks:
      - referee:
          watches: [answer.sh, run.log, answer.txt, checks]
          prepare: [sh, checks/prepare.sh]
          learner:
            - { id: answer, run: [sh, answer.sh, /in/question.txt, /out/answer.txt], timeout: 10s }
          judge: [sh, checks/judge.sh]
          timeout: 10s
        that: it.right == true
        expected: \"answer.sh writes how long the question is\"
        seen: it.seen
    hints: [None.]
";
    labs::plain("judged")
        .file("lab.yaml", &format!("{}setup:\n  - {{ title: Hide, run: [sh, setup/hide.sh] }}\ntasks:{}{task}", labs::HEAD, labs::WORD))
        .file("instructions.md", "A story.\n\n## word\n\nThe word.\n\n## judged\n\nThe length.\n")
        .file("setup/hide.sh", "echo the-hidden-secret > \"$HALFWAY_HIDDEN/secret.txt\"\n")
        .file(
            "checks/prepare.sh",
            "cp \"$HALFWAY_HIDDEN/secret.txt\" \"$HALFWAY_IN/question.txt\"\nwc -c < \"$HALFWAY_HIDDEN/secret.txt\" > \"$HALFWAY_SECRET/length\"\n",
        )
        .file(
            "checks/judge.sh",
            "want=$(tr -d ' ' < \"$HALFWAY_SECRET/length\")\ngot=$(tr -d ' ' < \"$HALFWAY_OUT/answer.txt\" 2> /dev/null || echo nothing)\n\
             mark=$(head -n 1 \"$HALFWAY_LEARNER/answer.sh\" | tr -cd 'a-z0-9-')\n\
             if [ \"$got\" = \"$want\" ]; then right=true; else right=false; fi\n\
             echo \"{\\\"right\\\": $right, \\\"seen\\\": \\\"$mark\\\"}\"\n",
        )
        .file("workspace/answer.sh", "echo 0 > \"$2\"\n")
}

#[tokio::test]
async fn finds_nothing_and_changes_nothing() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    cheat(Walls::Bubblewrap).await;
}

#[tokio::test]
async fn finds_nothing_and_changes_nothing_without_bubblewrap() {
    cheat(Walls::Landlock).await;
}

async fn cheat(walls: Walls) {
    let server = Server::start(Wanted::new(walls, [judged()])).await;
    let id = server.ready_lab("judged").await;
    server.until_verdict(&id, "judged", "fail").await;
    let mut terminal = server.terminal(&id).await;
    let (state, labs) = (
        server.state().display().to_string(),
        server.labs().display().to_string(),
    );
    let port = server.address.rsplit(':').next().unwrap();
    let folder = server.folder(&id).display().to_string();

    // Looking for what is hidden.
    let looks = [
        format!("cat {folder}/hidden/secret.txt"),
        "cat ../hidden/secret.txt".to_owned(),
        "cat /hidden/secret.txt \"$HALFWAY_HIDDEN/secret.txt\"".to_owned(),
        format!("cat {labs}/judged/checks/judge.sh"),
        "cat /lab/checks/judge.sh".to_owned(),
        "cat /proc/1/root/hidden/secret.txt".to_owned(),
        format!(
            "for p in /proc/[0-9]*; do cat $p/root{folder}/hidden/secret.txt $p/cwd/../hidden/secret.txt; done 2> /dev/null"
        ),
        format!("cat {state}/halfway.db"),
        format!("ln -s {folder}/hidden/secret.txt stolen; cat stolen; rm -f stolen"),
        format!(
            "python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"{folder}/run/agent.sock\"); \
             s.sendall(b\"GET /v1/terminals HTTP/1.0\\r\\n\\r\\n\"); print(s.recv(999))'"
        ),
    ];
    for line in looks {
        let (said, _) = terminal.run(&format!("({line}) 2>&1 | tr a-z A-Z")).await;
        assert!(!said.contains("THE-HIDDEN-SECRET"), "{walls:?}: {line}: {said}");
        assert!(!said.contains("WANT=$(TR"), "{walls:?}: {line}: {said}");
        assert!(
            !said.contains("SQLITE FORMAT") && !said.contains("200 OK"),
            "{walls:?}: {line}: {said}"
        );
    }

    // Changing what checks.
    for line in [
        format!("echo evil > {labs}/judged/checks/judge.sh"),
        format!("echo evil > {labs}/judged/lab.yaml"),
        format!("echo evil > {folder}/hidden/secret.txt"),
        format!("rm -f {state}/halfway.db"),
        format!("echo evil > {state}/evil"),
        "mkdir -p checks hidden secret out && echo 'echo {\"right\": true}' > checks/judge.sh && echo 18 > secret/length && echo 18 > out/answer.txt".to_owned(),
    ] {
        terminal.run(&format!("({line}) > /dev/null 2>&1")).await;
    }
    assert!(
        std::fs::read_to_string(server.labs().join("judged/checks/judge.sh"))
            .unwrap()
            .contains("want=")
    );
    assert_eq!(
        std::fs::read_to_string(server.folder(&id).join("hidden/secret.txt")).unwrap(),
        "the-hidden-secret\n"
    );
    assert!(!server.state().join("evil").exists());

    // Saying that it is done, and reaching for the server as one's own page would.
    terminal
        .run("echo '{\"right\": true}' > answer.txt; echo 'judged: pass, 20 points' | tee run.log")
        .await;
    terminal.run(&format!("(exec 3<> /dev/tcp/127.0.0.1/{port} && printf 'GET /api/v1/sessions/{id} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && cat <&3 > reached.txt) 2> /dev/null")).await;
    let reached = std::fs::read_to_string(server.workspace(&id).join("reached.txt")).unwrap_or_default();
    assert!(!reached.contains("HTTP/"), "{walls:?}: {reached}");

    // Programs of the learner that reach for the answer while they are judged.
    let scripts = [
        "cat /secret/length \"$HALFWAY_SECRET/length\" ../secret/length > \"$2\" 2> /dev/null",
        "cp /hidden/secret.txt \"$2\"; wc -c < ${HALFWAY_HIDDEN:-/hidden}/secret.txt > \"$2\"",
        "ln -sf /secret/length \"$2\"",
        "for d in /secret ../secret ../../secret; do cat $d/length; done > \"$2\" 2> /dev/null",
        "echo '{\"right\": true, \"seen\": \"right\"}'; echo '{\"right\": true}' > \"$2\"",
    ];
    for (round, script) in scripts.into_iter().enumerate() {
        let mark = format!("round-{round}-");
        server
            .save(&id, "answer.sh", &format!("# {mark}\n{script}\n"))
            .await
            .expect(200);
        // The judge says which program it has judged.
        let task = server
            .until(&mark, async || {
                let task = server.task(&id, "judged").await;
                task["findings"].to_string().contains(&mark).then_some(task)
            })
            .await;
        assert_eq!(
            (task["verdict"].as_str(), task["award"].is_null()),
            (Some("fail"), true),
            "{walls:?} {script}: {task}"
        );
    }

    // The honest way is open all the time.
    let (said, _) = terminal.run("echo 'wc -c < \"$1\" > \"$2\"' > answer.sh").await;
    let task = server.until_verdict(&id, "judged", "pass").await;
    assert_eq!(task["award"]["points"], 20, "{said} {task}");
}
