//! `halfway-agent run … -- PROGRAM ARGUMENTS`: one program under the same walls, without a server.
//!
//! Ends everything that the program has started when the program ends, and also when standard input ends: whoever
//! holds its other end is gone, or wants it to stop. Never outlives its program, and never reads from its input.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, Stdio};

use rustix::process::Signal;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::options::Options;
use crate::{confine, environment, process, reaper};

/// The walls could not be put up, so nothing ran: as `env` and its like say that they failed themselves.
pub const CANNOT_CONFINE: u8 = halfway_agent::protocol::CANNOT_CONFINE;
/// As a shell says it: the program cannot be started.
const CANNOT_START: u8 = 127;
/// As a shell says it: ended by a signal, whose number is added.
const BY_SIGNAL: i32 = 128;

/// Runs the program to its end; the exit code is its own.
///
/// # Errors
/// One sentence for the operator: the walls cannot be had, so nothing was started.
pub fn run(options: &Options, argv: &[String]) -> Result<ExitCode, String> {
    confine::confine(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()
        .map_err(|error| format!("cannot start its runtime: {error}"))?;
    let code = runtime
        .block_on(supervise(options, argv))
        .map_err(|error| error.to_string())?;
    // What reads standard input is a thread that may never return: it is not waited for.
    runtime.shutdown_background();
    Ok(ExitCode::from(code))
}

async fn supervise(options: &Options, argv: &[String]) -> std::io::Result<u8> {
    let mut terminate = signal(SignalKind::terminate())?;
    let Some((program, arguments)) = argv.split_first() else {
        eprintln!("halfway-agent run: no program is named");
        return Ok(CANNOT_START);
    };
    let started = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment::command(options))
        .current_dir(&options.workspace)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{program}: {error}");
            return Ok(CANNOT_START);
        }
    };
    let owned = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .map(reaper::Owned::new);
    let status = tokio::select! {
        status = child.wait() => Some(status?),
        _ = reaper::run() => None,
        _ = terminate.recv() => None,
        () = abandoned() => None,
    };
    end();
    drop(owned);
    let code = status.map_or(BY_SIGNAL + Signal::KILL.as_raw(), |status| {
        status
            .code()
            .or(status.signal().map(|signal| BY_SIGNAL + signal))
            .unwrap_or(1)
    });
    Ok(u8::try_from(code).unwrap_or(1))
}

/// Returns when standard input ends.
async fn abandoned() {
    let mut input = tokio::io::stdin();
    let mut piece = [0; 256];
    while !matches!(input.read(&mut piece).await, Ok(0) | Err(_)) {}
}

/// Kills everything below, again and again, as some of it may be forking.
fn end() {
    for _ in 0..1000 {
        let left: Vec<_> = process::descendants(process::own_pid())
            .into_iter()
            .filter(|process| process.state != 'Z')
            .collect();
        if left.is_empty() {
            return;
        }
        for process in left {
            process::signal(process.pid, Signal::KILL);
        }
        std::thread::yield_now();
    }
}
