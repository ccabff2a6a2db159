//! Terminals through server and agent, beside a raw pseudo-terminal.

use std::time::Instant;

use super::client::Learner;
use super::report::{Measurement, quantile};
use super::server::{Program, Server};
use super::{own_labs, peer, per_second};

/// Bytes that are sent through.
const BYTES: usize = 48 << 20;

/// Keystrokes of which the echo is waited for.
const KEYSTROKES: usize = 2000;

/// How often both are measured, by turns.
const ROUNDS: usize = 5;

async fn open(server: &Server) -> (Learner, String, String) {
    let learner = Learner::new(&server.origin, 0);
    let mut events = learner.events().await;
    let location = learner.post("/labs/toggle/start").await;
    let session = location.rsplit('/').next().unwrap().to_owned();
    let state = learner.json(&format!("/api/v1/sessions/{session}")).await;
    if state["state"] != "ready" && state["session"]["state"] != "ready" {
        events
            .until(|event| event.kind == "session" && event.data["state"] == "ready")
            .await;
    }
    let terminals = learner.json(&format!("/api/v1/sessions/{session}/terminals")).await;
    let list = terminals
        .as_array()
        .or_else(|| terminals["terminals"].as_array())
        .cloned()
        .unwrap();
    let terminal = list[0]["id"].as_str().unwrap().to_owned();
    (learner, session, terminal)
}

/// Megabytes a second of `cat FILE`.
pub async fn throughput() -> Vec<Measurement> {
    let server = Server::start(Program::Product, own_labs()).await;
    let (learner, session, id) = open(&server).await;
    let file = server.state.join("sessions").join(&session).join("workspace/much.txt");
    let line = format!("{}\n", "All work and no play makes a dull terminal. ".repeat(2));
    std::fs::write(&file, line.repeat(BYTES / line.len())).unwrap();
    let mut terminal = learner.terminal(&session, &id).await;
    terminal.output().await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        theirs.push(peer::raw_throughput(&file).await);
        let from = Instant::now();
        terminal
            .type_in(&format!("cat much.txt; printf 'DO''NE{round}\\n'\n"))
            .await;
        let bytes = terminal.until(&format!("DONE{round}\r\n")).await;
        ours.push(per_second(bytes, from.elapsed()));
    }
    server.stop().await;
    vec![
        Measurement::new("terminal throughput, median", quantile(&mut ours, 0.5), "MB/s")
            .beside("raw PTY", quantile(&mut theirs, 0.5))
            .ratio_at_least(0.8),
    ]
}

/// Milliseconds from a keystroke to its echo.
pub async fn echo() -> Vec<Measurement> {
    let server = Server::start(Program::Product, own_labs()).await;
    let (learner, session, id) = open(&server).await;
    let mut terminal = learner.terminal(&session, &id).await;
    terminal.output().await;
    terminal.type_in("printf 'RE''ADY\\n'; cat > /dev/null\n").await;
    terminal.until("READY\r\n").await;
    let mut theirs = peer::raw_echo(KEYSTROKES).await;
    let mut ours = Vec::with_capacity(KEYSTROKES);
    for stroke in 0..KEYSTROKES {
        let from = Instant::now();
        terminal.type_in("x").await;
        terminal.until("x").await;
        ours.push(from.elapsed().as_secs_f64());
        if stroke % 60 == 59 {
            terminal.type_in("\n").await;
            terminal.until("\n").await;
        }
    }
    server.stop().await;
    let mut measurement = |name: &str, share, most| {
        Measurement::new(name, quantile(&mut ours, share) * 1e3, "ms")
            .beside("raw PTY", quantile(&mut theirs, share) * 1e3)
            .at_most(most)
    };
    vec![
        measurement("terminal echo over loopback, p50", 0.5, 1.0),
        measurement("terminal echo over loopback, p99", 0.99, 5.0),
    ]
}
