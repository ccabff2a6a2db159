//! How an agent starts, keeps its house and ends.

use std::{
    os::unix::net::UnixStream,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Agent, arguments, directory, has_program, skip, test};

#[test]
fn it_says_what_is_wrong_with_its_start() {
    let place = directory();
    let start = |stdin: Stdio, more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_halfway-agent"))
            .args(arguments(place.path()))
            .args(more)
            .stdin(stdin)
            .output()
            .expect("it runs");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(start(Stdio::null(), &[]).contains("listening unix socket"));
    let (connected, _other) = UnixStream::pair().expect("a pair");
    let connected = Stdio::from(std::os::fd::OwnedFd::from(connected));
    assert!(start(connected, &[]).contains("listening unix socket"));
    assert!(start(Stdio::null(), &["--nonsense", "1"]).contains("unknown argument --nonsense"));
    assert!(start(Stdio::null(), &["--token-file", "/no/such"]).contains("/no/such"));
}

#[test]
fn orphans_are_reaped_and_waited_children_keep_their_status() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        orphans(&agent).await;
    });
}

async fn orphans(agent: &Agent) {
    // Many short orphans, and commands beside them whose exit codes must not be stolen.
    for round in 0..20 {
        let script = format!("for i in 1 2 3 4 5; do (true &) ; done; exit {round}");
        let result: Value = agent
            .post("/v1/commands", json!({"argv": ["/bin/sh", "-c", script]}))
            .await;
        assert_eq!(result["exit_code"], round);
    }
    agent.empty().await;
}

#[test]
fn it_is_a_good_first_process() {
    test(async {
        if !has_program("bwrap") {
            return skip("bubblewrap", "install bubblewrap");
        }
        let probe = Command::new("bwrap")
            .args(["--ro-bind", "/", "/", "--unshare-pid", "--unshare-user", "true"])
            .stderr(Stdio::null())
            .status();
        if !probe.is_ok_and(|status| status.success()) {
            return skip("bubblewrap", "bwrap cannot make a sandbox on this machine");
        }
        let place = directory();
        let path = place.path().display().to_string();
        let mut command = Command::new("bwrap");
        command
            .args(["--unshare-user", "--unshare-pid", "--as-pid-1", "--die-with-parent"])
            .args(["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"])
            .args(["--bind", &path, &path, "--"])
            .arg(env!("CARGO_BIN_EXE_halfway-agent"))
            .args(arguments(place.path()));
        let mut agent = Agent::spawn(place, command);
        assert_eq!(agent.get("/v1/health").await["pid"], 1);
        orphans(&agent).await;

        let id = agent.terminal(json!({})).await;
        let mut client = agent.stream(&id, None).await;
        client.input("kill -KILL 1; echo $((1+1))-alive\n").await;
        client.until("2-alive").await;
        let (status, _) = agent.ask("POST", "/v1/shutdown", None).await;
        assert_eq!(status, 202);
        assert!(agent.ended().await.success());
    });
}

#[test]
fn it_ends_when_nobody_speaks_to_it() {
    test(async {
        let mut agent = Agent::start(&["--idle-minutes", "1", "--tick-ms", "5"]);
        let id = agent.terminal(json!({})).await;
        assert!(agent.ended().await.success(), "terminals do not keep it");
        let _ = id;
    });
}

#[test]
fn an_open_stream_keeps_it() {
    test(async {
        let mut agent = Agent::start(&["--idle-minutes", "1", "--tick-ms", "2"]);
        let id = agent.terminal(json!({"argv": ["/bin/cat"]})).await;
        let mut client = agent.stream(&id, None).await;
        // Longer than the idle time, by the clock of a program inside.
        let waiter = agent
            .terminal(json!({"argv": ["/bin/sh", "-c", "sleep 0.5; : > waited"]}))
            .await;
        let mut end = agent.stream(&waiter, None).await;
        end.rest().await;
        drop(end);
        client.input("still here\n").await;
        client.until("still here").await;
        drop(client);
        assert!(agent.ended().await.success());
    });
}

#[test]
fn it_ends_everything_that_it_started() {
    test(async {
        for by_signal in [true, false] {
            let mut agent = Agent::start::<&str>(&[]);
            let script = "trap '' HUP TERM; (setsid sh -c 'trap \"\" HUP; while :; do sleep 1000; done' &); \
                          echo up; while :; do sleep 1000; done";
            let id = agent.terminal(json!({"argv": ["/bin/sh", "-c", script]})).await;
            agent.stream(&id, None).await.until("up").await;
            let listed = agent.get("/v1/processes").await;
            let pids: Vec<u64> = listed["processes"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|process| process["pid"].as_u64())
                .collect();
            assert!(pids.len() >= 2, "{listed}");
            if by_signal {
                let pid = i32::try_from(agent.child.id()).expect("a pid");
                let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
                rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
            } else {
                assert_eq!(agent.ask("POST", "/v1/shutdown", None).await.0, 202);
            }
            assert!(agent.ended().await.success());
            for pid in pids {
                assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} is left");
            }
        }
    });
}

#[test]
fn processes_show_what_runs_in_which_terminal() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let id = agent
            .terminal(json!({"argv": ["/bin/sh", "-c", "echo up; sleep 1000; :"]}))
            .await;
        agent.stream(&id, None).await.until("up").await;
        let processes = loop {
            let listed = agent.get("/v1/processes").await;
            let list = listed["processes"].as_array().expect("a list").clone();
            if list.iter().any(|one| one["argv"] == json!(["sleep", "1000"])) {
                break list;
            }
        };
        assert_eq!(processes.len(), 2);
        for process in processes {
            assert_eq!(process["terminal"], id);
            assert!(process["rss_bytes"].as_u64() > Some(0));
        }
    });
}
