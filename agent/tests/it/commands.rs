//! Commands: results, limits, ends.

use serde_json::{Value, json};

use crate::support::{Agent, test, with};

async fn run(agent: &Agent, body: Value) -> Value {
    agent.post("/v1/commands", body).await
}

#[test]
fn a_command_gives_back_all_that_it_did() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        std::fs::create_dir(agent.workspace().join("sub")).expect("a directory");
        let result = run(
            &agent,
            json!({
                "argv": ["/bin/sh", "-c", "cat; pwd; echo $X >&2; exit 5"],
                "cwd": "sub", "env": {"X": "é"}, "stdin": "aGVsbG8K",
            }),
        )
        .await;
        assert_eq!(result["exit_code"], 5);
        assert_eq!(result["signal"], Value::Null);
        assert_eq!(result["timed_out"], false);
        let expected = format!("hello\n{}\n", agent.workspace().join("sub").display());
        assert_eq!(
            result["stdout"],
            json!({"data": expected, "encoding": "text", "truncated": false})
        );
        assert_eq!(result["stderr"]["data"], "é\n");
        let killed = run(&agent, json!({"argv": ["/bin/sh", "-c", "kill -KILL $$"]})).await;
        assert_eq!((&killed["exit_code"], &killed["signal"]), (&Value::Null, &json!(9)));
    });
}

#[test]
fn output_is_capped_and_bytes_survive() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let result = run(
            &agent,
            json!({
                "argv": ["/bin/sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' a; echo é >&2"],
                "output_limit": 1000,
            }),
        )
        .await;
        assert_eq!(result["exit_code"], 0, "the program can write all of it");
        assert_eq!(result["stdout"]["data"], "a".repeat(1000));
        assert_eq!(result["stdout"]["truncated"], true);
        assert_eq!(result["stderr"]["truncated"], false);
        let bytes = run(&agent, json!({"argv": ["/usr/bin/printf", "\\377\\000"]})).await;
        assert_eq!(
            bytes["stdout"],
            json!({"data": "/wA=", "encoding": "base64", "truncated": false})
        );
    });
}

#[test]
fn a_timeout_ends_children_that_ignore_it_and_those_that_left_the_group() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let script = "trap '' TERM; (trap '' TERM; while :; do sleep 1000; done) & \
                      setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' & \
                      echo up; while :; do sleep 1000; done";
        let result = run(&agent, json!({"argv": ["/bin/sh", "-c", script], "timeout_ms": 500})).await;
        assert_eq!(result["timed_out"], true);
        assert_eq!(result["signal"], 9);
        assert_eq!(result["stdout"]["data"], "up\n");
        agent.empty().await;
    });
}

#[test]
fn a_polite_command_may_tidy_up_at_its_timeout() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let script = "trap 'echo tidy; exit 4' TERM; sleep 1000 & wait";
        let result = run(&agent, json!({"argv": ["/bin/sh", "-c", script], "timeout_ms": 300})).await;
        assert_eq!(result["timed_out"], true);
        assert_eq!(result["exit_code"], 4);
        assert_eq!(result["stdout"]["data"], "tidy\n");
        agent.empty().await;
    });
}

#[test]
fn a_client_that_goes_away_takes_its_command_with_it() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        for path in ["/v1/commands", "/v1/commands/stream"] {
            let mut events = agent.lines("GET", "/v1/files/events", None).await;
            events.until(|line| line["kind"] == "watching").await;
            let body = json!({"argv": ["/bin/sh", "-c", "(sleep 1000)& : > up; sleep 1000"], "timeout_ms": 3_600_000});
            let request = with(agent.request("POST", path), Some(body));
            tokio::select! {
                response = agent.send(request) => {
                    // The streamed form has answered already: its body is dropped below.
                    assert_eq!(path, "/v1/commands/stream");
                    events.until(|line| line["path"] == "up").await;
                    drop(response);
                }
                _ = events.until(|line| line["path"] == "up"), if path == "/v1/commands" => {}
            }
            agent.empty().await;
            std::fs::remove_file(agent.workspace().join("up")).expect("it was there");
        }
    });
}

#[test]
fn live_output_comes_while_the_command_runs() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let script = "printf 'h\\303'; read x < go; printf '\\251\\n'; echo no >&2; exit 3";
        std::process::Command::new("mkfifo")
            .arg(agent.workspace().join("go"))
            .status()
            .expect("a fifo");
        let mut lines = agent
            .lines(
                "POST",
                "/v1/commands/stream",
                Some(json!({"argv": ["/bin/sh", "-c", script]})),
            )
            .await;
        let first = lines.next().await;
        assert_eq!(first, Some(json!({"stream": "stdout", "data": "h"})));
        let go = agent.workspace().join("go");
        tokio::task::spawn_blocking(move || std::fs::write(go, "\n"))
            .await
            .expect("a thread")
            .expect("the command reads it");
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let exit = loop {
            let line = lines.next().await.expect("an end");
            match line["stream"].as_str() {
                Some("stdout") => stdout += line["data"].as_str().expect("text"),
                Some("stderr") => stderr += line["data"].as_str().expect("text"),
                _ => break line["exit"].clone(),
            }
        };
        assert_eq!((stdout.as_str(), stderr.as_str()), ("é\n", "no\n"));
        assert_eq!((&exit["exit_code"], &exit["timed_out"]), (&json!(3), &json!(false)));
        assert_eq!(lines.next().await, None);
    });
}

#[test]
fn what_a_command_leaves_in_the_background_stays() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let result = run(&agent, json!({"argv": ["/bin/sh", "-c", "sleep 1000 & echo $!"]})).await;
        assert_eq!(result["timed_out"], false);
        let processes = agent.get("/v1/processes").await;
        let left = &processes["processes"][0];
        assert_eq!(left["argv"], json!(["sleep", "1000"]));
        assert_eq!(left["ppid"], agent.child.id(), "orphans are the agent's");
        assert_eq!(result["stdout"]["data"], format!("{}\n", left["pid"]));
    });
}

#[test]
fn what_cannot_start_says_so() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        for path in ["/v1/commands", "/v1/commands/stream"] {
            for (body, status, kind) in [
                (json!({"argv": []}), 400, "bad_request"),
                (json!({"argv": ["true"], "stdin": "?"}), 400, "bad_request"),
                (json!({"argv": ["/no/such/program"]}), 422, "cannot_start"),
                (json!({"argv": ["true"], "cwd": "/no/such"}), 422, "cannot_start"),
                (json!({"argv": ["a\u{0}b"]}), 422, "cannot_start"),
            ] {
                agent.refused("POST", path, Some(body), status, kind).await;
            }
        }
        agent
            .refused(
                "POST",
                "/v1/terminals",
                Some(json!({"argv": ["/no/such/program"]})),
                422,
                "cannot_start",
            )
            .await;
    });
}
