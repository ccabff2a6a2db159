//! Terminals: replay, several clients, floods, sizes, ends.

use halfway_agent::protocol::{ServerFrame, TerminalSize};
use serde_json::{Value, json};

use crate::support::{Agent, Frame, test};

fn shell(script: &str) -> Value {
    json!({"argv": ["/bin/sh", "-c", script]})
}

#[test]
fn a_reconnected_client_misses_nothing_and_sees_nothing_twice() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let id = agent
            .terminal(shell("stty -echo; seq 1 3000; read x; seq 3001 9000; read y"))
            .await;
        let mut first = agent.stream(&id, Some(0)).await;
        let mut all = first.at_least(3001).await;
        let position = first.position;
        assert_eq!(position, all.len() as u64);
        drop(first);

        let mut second = agent.stream(&id, Some(position)).await;
        let ServerFrame::Hello {
            sequence,
            oldest,
            truncated,
            size,
            ..
        } = second.hello
        else {
            unreachable!("checked by the support");
        };
        assert_eq!((sequence, oldest, truncated), (position, 0, false));
        assert_eq!(size, TerminalSize { cols: 80, rows: 24 });
        if !all.ends_with(b"\n3000\r\n") {
            all.extend(second.until("\n3000\r\n").await);
        }
        second.input("\n").await;
        all.extend(second.until("\n9000\r\n").await);
        drop(second);

        let expected: String = (1..=9000).fold(String::new(), |text, number| text + &number.to_string() + "\r\n");
        assert!(all == expected.as_bytes(), "replay differs");
        let mut third = agent.stream(&id, None).await;
        assert!(third.until("\n9000\r\n").await == expected.as_bytes());
        third.frame(|frame| matches!(frame, ServerFrame::Sequence { .. })).await;
    });
}

#[test]
fn what_the_ring_has_lost_is_said() {
    test(async {
        let agent = Agent::start(&["--scrollback", "4096"]);
        let id = agent.terminal(shell("seq 1 5000; read x")).await;
        let mut reader = agent.stream(&id, None).await;
        reader.until("\n5000\r\n").await;
        let end = reader.position;
        for after in [Some(0), Some(end + 1000), None] {
            let mut late = agent.stream(&id, after).await;
            let ServerFrame::Hello {
                sequence,
                oldest,
                truncated,
                end: told,
                ..
            } = late.hello
            else {
                unreachable!("checked by the support");
            };
            assert!(truncated);
            assert_eq!((sequence, oldest, told), (end - 4096, end - 4096, end));
            assert_eq!(late.at_least(4096).await.len(), 4096);
            late.frame(|frame| *frame == ServerFrame::Sequence { sequence: end })
                .await;
        }
    });
}

#[test]
fn two_clients_share_a_terminal() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let id = agent
            .terminal(json!({"argv": ["/bin/cat"], "cols": 100, "rows": 30}))
            .await;
        let mut one = agent.stream(&id, None).await;
        let mut two = agent.stream(&id, None).await;
        one.input("from one\n").await;
        one.until("from one\r\n").await;
        two.until("from one\r\n").await;
        two.input("from two\n").await;
        one.until("from two\r\n").await;
        two.until("from two\r\n").await;
        let listed = agent.get("/v1/terminals").await;
        assert_eq!(listed["terminals"][0]["clients"], 2);

        one.resize(132, 43).await;
        let wanted = ServerFrame::Size { cols: 132, rows: 43 };
        two.frame(|frame| *frame == wanted).await;
        one.input("after\n").await;
        one.until("after\r\n").await;
        assert!(!one.frames.contains(&wanted), "its own change is no news");
        let listed = agent.get("/v1/terminals").await;
        assert_eq!(listed["terminals"][0]["size"], json!({"cols": 132, "rows": 43}));
    });
}

#[test]
fn a_program_sees_the_size() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let id = agent
            .terminal(json!({
                "argv": ["/bin/sh", "-c", "stty size; trap 'stty size; exit' WINCH; echo trapped; while :; do read x; done"],
                "cols": 97, "rows": 31,
            }))
            .await;
        let mut client = agent.stream(&id, None).await;
        client.until("31 97\r\ntrapped").await;
        client.resize(11, 7).await;
        client.input("\n").await;
        client.until("7 11").await;
    });
}

#[test]
fn a_flood_with_a_stalled_client_hurts_nobody_else() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let flood = agent.terminal(json!({"argv": ["/usr/bin/yes"]})).await;
        let quiet = agent.terminal(json!({"argv": ["/bin/cat"]})).await;
        let mut stalled = agent.stream(&flood, None).await;
        let mut reader = agent.stream(&flood, None).await;
        let mut echo = agent.stream(&quiet, None).await;
        reader.at_least(2 << 20).await;
        let before = agent.resident();
        for round in 0..20 {
            let line = format!("round {round}\n");
            echo.input(&line).await;
            echo.until(&line.replace('\n', "\r\n")).await;
            reader.at_least(1 << 20).await;
        }
        let grown = agent.resident().saturating_sub(before);
        assert!(grown < 2048, "grown by {grown} KiB");
        let skipped = stalled
            .frame(|frame| matches!(frame, ServerFrame::Skipped { .. }))
            .await;
        let ServerFrame::Skipped { from, to } = skipped else {
            unreachable!("asked for");
        };
        assert!(to - from > 10 << 20, "{skipped:?}");
        stalled.at_least(100_000).await;
    });
}

#[test]
fn the_only_client_may_be_slow_and_loses_nothing() {
    test(async {
        let agent = Agent::start(&["--scrollback", "65536", "--stall-ms", "60000"]);
        let id = agent.terminal(shell("stty -echo; echo go; read x; seq 1 60000")).await;
        let mut slow = agent.stream(&id, None).await;
        slow.until("go\r\n").await;
        slow.input("\n").await;
        let mut output = Vec::new();
        loop {
            match slow.next().await {
                Some(Frame::Output(bytes)) => output.extend_from_slice(&bytes),
                Some(Frame::Text(ServerFrame::Exit { code, .. })) => {
                    assert_eq!(code, Some(0));
                    break;
                }
                Some(Frame::Text(ServerFrame::Sequence { .. })) => {}
                other => panic!("{other:?}"),
            }
            // Something slower than the program.
            agent.get("/v1/terminals").await;
        }
        let expected: String = (1..=60000).fold(String::new(), |text, number| text + &number.to_string() + "\r\n");
        assert!(output == expected.as_bytes());
    });
}

#[test]
fn a_client_that_reads_nothing_stops_a_program_only_for_a_while() {
    test(async {
        let agent = Agent::start(&["--stall-ms", "1"]);
        let mut events = agent.lines("GET", "/v1/files/events?path=", None).await;
        events.until(|line| line["kind"] == "watching").await;
        let id = agent.terminal(shell("read x; seq 1 1000000; : > done")).await;
        let mut stalled = agent.stream(&id, None).await;
        stalled.input("\n").await;
        events.until(|line| line["path"] == "done").await;
        stalled
            .frame(|frame| matches!(frame, ServerFrame::Skipped { .. }))
            .await;
        stalled.until("\n1000000\r\n").await;
    });
}

#[test]
fn an_ended_terminal_stays_until_it_is_deleted() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        for (script, code, signal) in [
            ("echo last words; exit 7", Some(7), None),
            ("echo last words; kill -9 $$", None, Some(9)),
        ] {
            let id = agent.terminal(shell(script)).await;
            let mut client = agent.stream(&id, None).await;
            let output = client.rest().await;
            assert_eq!(output, b"last words\r\n");
            let end = ServerFrame::Exit { code, signal };
            assert_eq!(client.frames.last(), Some(&end));

            let mut again = agent.stream(&id, None).await;
            assert_eq!(again.rest().await, b"last words\r\n");
            assert_eq!(again.frames.last(), Some(&end));
            let listed = agent.get("/v1/terminals").await;
            let listed = &listed["terminals"][0];
            assert_eq!(listed["exit"], json!({"code": code, "signal": signal}));

            let path = format!("/v1/terminals/{id}");
            assert_eq!(agent.ask("DELETE", &path, None).await.0, 204);
            agent.refused("DELETE", &path, None, 404, "not_found").await;
            assert_eq!(agent.get("/v1/terminals").await, json!({"terminals": []}));
        }
    });
}

#[test]
fn a_shell_that_ends_takes_its_terminal_with_it_though_jobs_go_on() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let id = agent
            .terminal(shell("trap '' HUP; sleep 1000 & echo started; exit 3"))
            .await;
        let mut client = agent.stream(&id, None).await;
        client
            .frame(|frame| matches!(frame, ServerFrame::Exit { code: Some(3), .. }))
            .await;
    });
}

#[test]
fn a_name_is_given_once() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let body = json!({"name": "main", "argv": ["/bin/cat"]});
        let (status, first) = agent.ask("POST", "/v1/terminals", Some(body.clone())).await;
        assert_eq!(status, 201);
        let (status, second) = agent.ask("POST", "/v1/terminals", Some(body)).await;
        assert_eq!(status, 200);
        assert_eq!(first["id"], second["id"]);
        let listed = agent.get("/v1/terminals").await;
        assert_eq!(listed["terminals"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn deleting_ends_what_runs_and_who_watches() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let id = agent
            .terminal(shell("trap '' HUP TERM; echo up; while :; do sleep 1000; done"))
            .await;
        let mut client = agent.stream(&id, None).await;
        client.until("up").await;
        assert_eq!(agent.ask("DELETE", &format!("/v1/terminals/{id}"), None).await.0, 204);
        client.rest().await;
        agent.empty().await;
    });
}

#[test]
fn the_shell_has_a_small_environment_and_no_secrets() {
    test(async {
        let directory = crate::support::directory();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_halfway-agent"));
        command
            .args(crate::support::arguments(directory.path()))
            .args(["--env", "COURSE=yes", "--path", "/opt/lab/bin:/usr/bin:/bin"])
            .env("HALFWAY_AGENT_TOKEN", "a-long-secret");
        let mut agent = Agent::spawn(directory, command);
        agent.token = Some("a-long-secret".to_owned());
        let id = agent.terminal(json!({"env": {"EXTRA": "1"}})).await;
        let mut client = agent.stream(&id, None).await;
        client.input("env; pwd; echo $((40+2))-end\n").await;
        let output = client.until("42-end").await;
        let output = String::from_utf8_lossy(&output);
        let home = agent.directory.path().join("home");
        for line in [
            "TERM=xterm-256color",
            "LANG=C.UTF-8",
            "COURSE=yes",
            "EXTRA=1",
            "PATH=/opt/lab/bin:/usr/bin:/bin",
            &format!("HOME={}", home.display()),
            &format!("HISTFILE={}", home.join(".bash_history").display()),
        ] {
            assert!(output.contains(line), "{line} is not in {output}");
        }
        assert!(output.contains(&format!("\r\n{}\r\n", agent.workspace().display())));
        assert!(!output.contains("secret"));
    });
}

#[test]
fn a_paste_larger_than_the_terminals_buffer_comes_through() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let id = agent
            .terminal(shell("stty raw -echo; echo ready; head -c 300000 | wc -c"))
            .await;
        let mut client = agent.stream(&id, None).await;
        client.until("ready").await;
        client.input(&"x".repeat(300_000)).await;
        client.until("300000").await;
    });
}
