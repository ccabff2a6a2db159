//! Starting a lab, ticks, memory, the server's own start.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::client::{Events, Learner};
use super::report::{Measurement, quantile};
use super::server::{Program, Server, agents, resident, settle};
use super::{own_labs, peer};

const LAB: &str = "toggle";

/// How often a lab is started, one after the other.
const STARTS: usize = 20;

/// How often a file is saved for one learner.
const SAVES: usize = 100;

/// Learners at once, and how often each saves, once a second.
const CROWD: usize = 100;
const CROWD_SAVES: usize = 15;

/// A session that is ready.
struct Ready {
    learner: Learner,
    session: String,
    terminal: String,
    events: Events,
}

/// Starts the lab and waits until it is ready.
async fn ready(server: &Server, number: usize) -> Ready {
    let learner = Learner::new(&server.origin, number);
    let mut events = learner.events().await;
    let session = start_session(&learner).await;
    wait_ready(&learner, &session, &mut events).await;
    let terminal = first_terminal(&learner, &session).await;
    Ready {
        learner,
        session,
        terminal,
        events,
    }
}

async fn start_session(learner: &Learner) -> String {
    let location = learner.post(&format!("/labs/{LAB}/start")).await;
    location.rsplit('/').next().unwrap().to_owned()
}

async fn wait_ready(learner: &Learner, session: &str, events: &mut Events) {
    let state = learner.json(&format!("/api/v1/sessions/{session}")).await;
    if state["state"] == "ready" || state["session"]["state"] == "ready" {
        return;
    }
    events
        .until(|event| event.kind == "session" && event.data["state"] == "ready" && event.data["session"] == *session)
        .await;
}

async fn first_terminal(learner: &Learner, session: &str) -> String {
    let terminals = learner.json(&format!("/api/v1/sessions/{session}/terminals")).await;
    let first = terminals
        .as_array()
        .or_else(|| terminals["terminals"].as_array())
        .and_then(|list| list.first());
    first.expect("a session has a terminal")["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// From the POST to the shell's first output on the WebSocket, beside a bare bubblewrap with a shell.
pub async fn start() -> Vec<Measurement> {
    let server = Server::start(Program::Product, own_labs()).await;
    let learner = Learner::new(&server.origin, 0);
    let mut events = learner.events().await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        theirs.push(peer::bare_bubblewrap().await * 1e3);
        let from = Instant::now();
        let session = start_session(&learner).await;
        wait_ready(&learner, &session, &mut events).await;
        let terminal = first_terminal(&learner, &session).await;
        learner.terminal(&session, &terminal).await.output().await;
        ours.push(from.elapsed().as_secs_f64() * 1e3);
        learner.post(&format!("/sessions/{session}/end")).await;
        events
            .until(|event| {
                event.kind == "session" && event.data["state"] == "ended" && event.data["session"] == *session
            })
            .await;
    }
    server.stop().await;
    vec![
        Measurement::new("lab start to prompt, p50", quantile(&mut ours, 0.5), "ms")
            .beside("bare bwrap with bash", quantile(&mut theirs, 0.5))
            .at_most(150.0),
    ]
}

/// Saves files that turn the task green and red, and waits for the event each time; milliseconds.
async fn save_and_wait(server: &Server, one: &mut Ready, saves: usize, pause: Option<Duration>) -> Vec<f64> {
    let file: PathBuf = server
        .state
        .join("sessions")
        .join(&one.session)
        .join("workspace/flag.txt");
    let mut samples = Vec::with_capacity(saves);
    for number in 0..saves {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        let (text, up) = if number % 2 == 0 { ("up", true) } else { ("down", false) };
        let from = Instant::now();
        std::fs::write(&file, text).unwrap();
        one.events
            .until(|event| {
                // The leaf of the page, as the browser gets it: once awarded, a task that fails is broken now.
                let leaf = event.data["html"]["task-flag"].as_str().unwrap_or_default();
                event.kind == "task" && leaf.contains(if up { "Passed" } else { "broken now" })
            })
            .await;
        samples.push(from.elapsed().as_secs_f64() * 1e3);
    }
    samples
}

/// File saved to event in the browser's stream, one learner.
pub async fn tick() -> Vec<Measurement> {
    let server = Server::start(Program::Product, own_labs()).await;
    let mut one = ready(&server, 0).await;
    let mut samples = save_and_wait(&server, &mut one, SAVES, Some(Duration::from_millis(300))).await;
    server.stop().await;
    vec![
        Measurement::new(
            "file saved to event, one learner, p95",
            quantile(&mut samples, 0.95),
            "ms",
        )
        .at_most(50.0),
    ]
}

/// The same with a hundred learners, each with a change a second.
pub async fn tick_hundred() -> Vec<Measurement> {
    let server = Server::start(Program::Many, own_labs()).await;
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        crowd.push(ready(&server, number).await);
    }
    settle().await;
    let server_ref = &server;
    let mut samples: Vec<f64> = join_all(crowd.iter_mut().enumerate().map(|(number, one)| async move {
        // Spread over the second, as people are.
        tokio::time::sleep(Duration::from_millis(10 * number as u64)).await;
        save_and_wait(server_ref, one, CROWD_SAVES, Some(Duration::from_secs(1))).await
    }))
    .await
    .into_iter()
    .flatten()
    .collect();
    drop(crowd);
    server.stop().await;
    vec![
        Measurement::new(
            "file saved to event, 100 learners with a change a second, p95",
            quantile(&mut samples, 0.95),
            "ms",
        )
        .at_most(100.0),
    ]
}

/// Resident memory of an idle server, and what a session with a full scrollback adds to server and agent.
#[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
pub async fn memory() -> Vec<Measurement> {
    const SESSIONS: usize = 20;
    const MIB: f64 = 1024.0 * 1024.0;
    let server = Server::start(Program::Many, own_labs()).await;
    let product = Server::start(Program::Product, own_labs()).await;
    // The first request makes the person.
    drop(Learner::new(&product.origin, 0).events().await);
    settle().await;
    let idle = product.resident() as f64;
    product.stop().await;
    let before = server.resident() as f64;
    let mut open = Vec::new();
    for number in 0..SESSIONS {
        let one = ready(&server, number).await;
        let mut terminal = one.learner.terminal(&one.session, &one.terminal).await;
        terminal
            .type_in("yes halfway | head -n 200000; printf 'DO''NE\\n'\n")
            .await;
        terminal.until("DONE").await;
        open.push((one, terminal));
    }
    settle().await;
    let agents_hold: u64 = agents(&server.state).into_iter().map(resident).sum();
    let server_holds = server.resident() as f64 - before;
    let each = (server_holds + agents_hold as f64) / SESSIONS as f64;
    drop(open);
    server.stop().await;
    vec![
        Measurement::new("server idle, resident", idle / MIB, "MiB").at_most(40.0),
        Measurement::new(
            "server and agent for a session with full scrollback, resident",
            each / MIB,
            "MiB",
        )
        .at_most(6.0),
    ]
}

/// From starting the program to its address, on a state directory that exists.
pub async fn cold_start() -> Vec<Measurement> {
    let mut samples = Vec::new();
    for _ in 0..10 {
        let server = Server::start(Program::Product, &super::server::root().join("labs")).await;
        samples.push(server.started_in * 1e3);
        server.stop().await;
    }
    vec![Measurement::new("cold start of the server, p50", quantile(&mut samples, 0.5), "ms").at_most(300.0)]
}
