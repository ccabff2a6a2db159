//! Runs one program to its end, with a time limit and capped output. Never leaves a timed-out or
//! abandoned command running: dropping [`Running`] kills it with everything below it.

use std::{os::unix::process::ExitStatusExt as _, process::Stdio, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use halfway_agent::protocol::{
    Command, CommandExit, CommandResult, CommandStream, DEFAULT_OUTPUT_LIMIT, DEFAULT_TIMEOUT_MS, Encoding, ErrorKind,
    MAX_OUTPUT_LIMIT, Output,
};
use rustix::process::Signal;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
    time::Instant,
};

use crate::{environment, http::error::ApiError, options::Options, process::Family, reaper::Owned};

/// Between TERM and KILL.
const GRACE: Duration = Duration::from_millis(500);

/// How long output is still collected after the program itself has ended, for what it left in the
/// background with its output open.
const DRAIN: Duration = Duration::from_millis(250);

/// Most that is read at once.
const PIECE: usize = 16 * 1024;

/// What happens next to a command.
pub enum Event {
    Output(CommandStream, Vec<u8>),
    Ended(CommandExit),
}

/// What the deadline means when it comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Time is over: TERM.
    Running,
    /// Still there: KILL.
    Terminating,
    /// The program has ended or was killed: no more output.
    Draining,
}

/// A program on its way.
pub struct Running {
    child: Option<Child>,
    owned: Option<Owned>,
    family: Family,
    stdout: Pipe,
    stderr: Pipe,
    limit: usize,
    started: Instant,
    phase: Phase,
    deadline: Instant,
    exit: CommandExit,
}

/// One of the two output streams.
struct Pipe {
    reader: Option<Box<dyn AsyncRead + Send + Unpin>>,
    buffer: Vec<u8>,
    kept: usize,
    /// More came than the limit.
    cut: bool,
}

impl Pipe {
    fn new(reader: Option<impl AsyncRead + Send + Unpin + 'static>) -> Self {
        Self {
            reader: reader.map(|reader| Box::new(reader) as _),
            buffer: vec![0; PIECE],
            kept: 0,
            cut: false,
        }
    }

    /// The next piece, empty when the stream has ended; never returns once it has.
    async fn read(&mut self) -> usize {
        let Some(reader) = &mut self.reader else {
            return std::future::pending().await;
        };
        let count = reader.read(&mut self.buffer).await.unwrap_or(0);
        if count == 0 {
            self.reader = None;
        }
        count
    }

    /// As much of the piece as the limit leaves.
    fn keep(&mut self, count: usize, limit: usize) -> Vec<u8> {
        let kept = count.min(limit - self.kept);
        self.kept += kept;
        self.cut |= kept < count;
        self.buffer[..kept].to_vec()
    }
}

/// Starts a command.
///
/// # Errors
/// `bad_request` for no argv or wrong base64, `limit`, `cannot_start`.
pub fn start(options: &Options, command: &Command) -> Result<Running, ApiError> {
    let (program, arguments) = command
        .argv
        .split_first()
        .ok_or_else(|| ApiError::new(ErrorKind::BadRequest, "argv is empty"))?;
    let input = match &command.stdin {
        Some(text) => Some(
            STANDARD
                .decode(text)
                .map_err(|error| ApiError::new(ErrorKind::BadRequest, format!("stdin is not base64: {error}")))?,
        ),
        None => None,
    };
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment::command(options))
        .envs(&command.env)
        .current_dir(environment::directory(options, command.cwd.as_deref()))
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| ApiError::starting(program, &error))?;
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .ok_or_else(|| ApiError::new(ErrorKind::Internal, "a process that was just started has no pid"))?;
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        tokio::spawn(async move {
            // A program that does not want all of its input is no error.
            let _ = pipe.write_all(&input).await;
        });
    }
    let started = Instant::now();
    let timeout = Duration::from_millis(command.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS));
    Ok(Running {
        stdout: Pipe::new(child.stdout.take()),
        stderr: Pipe::new(child.stderr.take()),
        owned: Some(Owned::new(pid)),
        family: Family::of(pid),
        child: Some(child),
        limit: command
            .output_limit
            .unwrap_or(DEFAULT_OUTPUT_LIMIT)
            .min(MAX_OUTPUT_LIMIT),
        started,
        phase: Phase::Running,
        // A year stands for no limit: the clock must not overflow.
        deadline: started + timeout.min(Duration::from_hours(365 * 24)),
        exit: CommandExit::default(),
    })
}

impl Running {
    /// The next thing that happens. After `Ended` there is nothing more to ask.
    pub async fn next(&mut self) -> Event {
        loop {
            let ended = self.child.is_none();
            if ended && self.stdout.reader.is_none() && self.stderr.reader.is_none() {
                return self.end();
            }
            tokio::select! {
                count = self.stdout.read() => {
                    if let Some(event) = self.output(CommandStream::Stdout, count) {
                        return event;
                    }
                }
                count = self.stderr.read() => {
                    if let Some(event) = self.output(CommandStream::Stderr, count) {
                        return event;
                    }
                }
                status = wait(&mut self.child) => {
                    if let Ok(status) = status {
                        self.exit.exit_code = status.code();
                        self.exit.signal = status.signal();
                    }
                    self.child = None;
                    if self.phase == Phase::Terminating {
                        // It had its time to tidy up; what it left behind gets none.
                        self.family.signal(Signal::KILL, false);
                    }
                    self.owned = None;
                    self.phase = Phase::Draining;
                    self.deadline = Instant::now() + DRAIN;
                }
                () = tokio::time::sleep_until(self.deadline) => {
                    if let Some(event) = self.overdue() {
                        return event;
                    }
                }
            }
        }
    }

    fn output(&mut self, stream: CommandStream, count: usize) -> Option<Event> {
        let pipe = match stream {
            CommandStream::Stdout => &mut self.stdout,
            CommandStream::Stderr => &mut self.stderr,
        };
        let bytes = pipe.keep(count, self.limit);
        self.exit.truncated |= pipe.cut;
        (!bytes.is_empty()).then_some(Event::Output(stream, bytes))
    }

    fn overdue(&mut self) -> Option<Event> {
        match self.phase {
            Phase::Running => {
                self.exit.timed_out = true;
                self.family.signal(Signal::TERM, true);
                self.phase = Phase::Terminating;
                self.deadline = Instant::now() + GRACE;
                None
            }
            Phase::Terminating => {
                self.family.signal(Signal::KILL, true);
                self.phase = Phase::Draining;
                self.deadline = Instant::now() + GRACE;
                None
            }
            Phase::Draining => {
                self.stdout.reader = None;
                self.stderr.reader = None;
                Some(self.end())
            }
        }
    }

    fn end(&mut self) -> Event {
        let elapsed = self.started.elapsed().as_millis();
        self.exit.duration_ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        Event::Ended(self.exit)
    }
}

async fn wait(child: &mut Option<Child>) -> std::io::Result<std::process::ExitStatus> {
    match child {
        Some(child) => child.wait().await,
        None => std::future::pending().await,
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        self.family.signal(Signal::KILL, true);
        let owned = self.owned.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = child.wait().await;
                drop(owned);
            });
        }
    }
}

/// Runs a command to its end and keeps its output.
pub async fn collect(mut running: Running) -> CommandResult {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        match running.next().await {
            Event::Output(CommandStream::Stdout, bytes) => stdout.extend_from_slice(&bytes),
            Event::Output(CommandStream::Stderr, bytes) => stderr.extend_from_slice(&bytes),
            Event::Ended(exit) => {
                return CommandResult {
                    exit_code: exit.exit_code,
                    signal: exit.signal,
                    timed_out: exit.timed_out,
                    stdout: output(stdout, running.stdout.cut),
                    stderr: output(stderr, running.stderr.cut),
                    duration_ms: exit.duration_ms,
                };
            }
        }
    }
}

fn output(mut bytes: Vec<u8>, truncated: bool) -> Output {
    if truncated {
        // The limit may have cut a character in two: that is no reason to fall back to base64.
        if let Err(error) = std::str::from_utf8(&bytes)
            && error.error_len().is_none()
        {
            bytes.truncate(error.valid_up_to());
        }
    }
    match String::from_utf8(bytes) {
        Ok(data) => Output {
            data,
            encoding: Encoding::Text,
            truncated,
        },
        Err(error) => Output {
            data: STANDARD.encode(error.as_bytes()),
            encoding: Encoding::Base64,
            truncated,
        },
    }
}

/// Makes text of bytes that come in pieces, without cutting characters in two.
#[derive(Default)]
pub struct Text(Vec<u8>);

impl Text {
    /// All whole characters so far; bytes that can never become one are replaced.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let keep = match self.0.utf8_chunks().last() {
            // An unfinished character at the very end waits for its rest.
            Some(chunk) => match std::str::from_utf8(chunk.invalid()) {
                Err(error) if error.error_len().is_none() => chunk.invalid().len(),
                _ => 0,
            },
            None => 0,
        };
        let rest = self.0.split_off(self.0.len() - keep);
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0 = rest;
        text
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.0)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_character_is_left_out_of_truncated_text() {
        let cut = output("aé".as_bytes()[..2].to_vec(), true);
        assert_eq!((cut.data.as_str(), cut.encoding), ("a", Encoding::Text));
        let binary = output(vec![0xff, b'a'], true);
        assert_eq!(binary.encoding, Encoding::Base64);
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_text(text in "\\PC{0,40}", cuts in prop::collection::vec(1_usize..6, 0..40)) {
            let mut rest = text.as_bytes();
            let mut decoder = Text::default();
            let mut all = String::new();
            for cut in cuts {
                let (piece, later) = rest.split_at(cut.min(rest.len()));
                all.push_str(&decoder.push(piece));
                rest = later;
            }
            all.push_str(&decoder.push(rest));
            all.push_str(&decoder.finish());
            prop_assert_eq!(all, text);
        }
    }
}
