//! `make bench`: what is promised in figures, measured on this machine beside a peer in the same run.
//!
//! `--only NAME` measures one. Timing lives here and decides no test.
#![expect(clippy::disallowed_methods, reason = "a stopwatch reads the clock")]

mod client;
mod labs;
mod peer;
mod report;
mod search;
mod server;
mod terminal;

use std::path::{Path, PathBuf};
use std::time::Duration;

use report::Measurement;

/// All measurements by the name that `ONLY` takes.
const NAMES: &[&str] = &[
    "start",
    "tick",
    "tick-hundred",
    "throughput",
    "echo",
    "memory",
    "cold-start",
    "search",
    "size",
    "proof-ten-minutes",
    "proof-inherited-notebook",
];

fn main() {
    // Whatever speaks TLS panics without a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--serve-many", state, labs] => {
            runtime
                .block_on(server::serve_many(PathBuf::from(state), PathBuf::from(labs)))
                .expect("the server runs");
        }
        rest => {
            let only = rest
                .iter()
                .position(|word| *word == "--only")
                .and_then(|at| rest.get(at + 1));
            if let Some(name) = only
                && !NAMES.contains(name)
            {
                eprintln!("there is no measurement {name}; there are {}", NAMES.join(", "));
                std::process::exit(2);
            }
            runtime.block_on(measure(only.copied()));
        }
    }
}

async fn measure(only: Option<&str>) {
    let mut all: Vec<Measurement> = Vec::new();
    for name in NAMES {
        if only.is_some_and(|only| only != *name) {
            continue;
        }
        eprintln!("measuring {name}");
        all.extend(match *name {
            "start" => labs::start().await,
            "tick" => labs::tick().await,
            "tick-hundred" => labs::tick_hundred().await,
            "throughput" => terminal::throughput().await,
            "echo" => terminal::echo().await,
            "memory" => labs::memory().await,
            "cold-start" => labs::cold_start().await,
            "search" => search::search().await,
            "size" => size(),
            "proof-ten-minutes" => vec![proof("ten-minutes", 30.0).await],
            _ => vec![proof("inherited-notebook", 300.0).await],
        });
    }
    report::publish(&all, &server::root().join("target/bench/results.json"));
    if all.iter().any(|m| m.ok == Some(false)) {
        std::process::exit(1);
    }
}

/// Bytes a second, in megabytes.
#[expect(clippy::cast_precision_loss, reason = "bytes of one measurement")]
pub(crate) fn per_second(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / took.as_secs_f64() / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "a file's size")]
fn size() -> Vec<Measurement> {
    let binary = server::root().join("target/release/halfway");
    let bytes = std::fs::metadata(&binary).expect("run `make build` first").len();
    vec![Measurement::new("binary, stripped, agent and front end in it", bytes as f64 / 1e6, "MB").at_most(35.0)]
}

/// Seconds of two full runs, with the environment built already.
async fn proof(lab: &str, most: f64) -> Measurement {
    let halfway = server::root().join("target/release/halfway");
    let state = server::root().join("target/bench/state");
    let run = |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(&halfway);
        command
            .arg("--state")
            .arg(&state)
            .args(arguments)
            .current_dir(server::root());
        command.env("HALFWAY_LOG", "warn").stdout(std::process::Stdio::null());
        command
    };
    let prepared = run(&["lab", "prepare"]).status().await.expect("run `make build` first");
    assert!(prepared.success(), "the labs' environments cannot be built");
    let from = std::time::Instant::now();
    let proven = run(&["lab", "test", lab]).status().await.unwrap();
    let took = from.elapsed().as_secs_f64();
    assert!(proven.success(), "{lab} is not proven: halfway lab test {lab}");
    Measurement::new(&format!("proof of {lab}, two full runs"), took, "s").at_most(most)
}

/// The labs of the measurements' own.
pub(crate) fn own_labs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/labs"))
}
