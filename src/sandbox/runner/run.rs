//! One run: its process, its output, its end.

use std::any::Any;
use std::process::Stdio;
use std::time::Duration;

use halfway_agent::protocol::CANNOT_CONFINE;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdin};
use tokio::time::Instant;

use super::{Captured, Launch, OnOutput, OutputStream, RunOutput};
use crate::sandbox::error::SandboxError;

/// How long the walls may take to fall after a run was told to end.
const GRACE: Duration = Duration::from_secs(3);
/// How long output is read after the end; whoever held it open is gone by then.
const DRAIN: Duration = Duration::from_secs(1);
/// Most that is read at once.
const PIECE: usize = 16 * 1024;
/// Exit codes above this are signals.
const BY_SIGNAL: i32 = 128;

pub(super) struct Running {
    child: Child,
    /// Its end tells the run to end: when the server dies, too.
    hold: Option<ChildStdin>,
    tidy: Tidy,
}

/// Drops what is to be tidied up where that may block.
struct Tidy(Option<Box<dyn Any + Send>>);

impl Tidy {
    async fn now(&mut self) {
        let Some(over) = self.0.take() else { return };
        if let Err(error) = tokio::task::spawn_blocking(move || drop(over)).await {
            tracing::error!(%error, "what a run left could not all be removed");
        }
    }
}

impl Drop for Tidy {
    fn drop(&mut self) {
        let Some(over) = self.0.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(over))),
            Err(_) => drop(over),
        }
    }
}

impl Running {
    pub(super) fn start(launch: Launch) -> Result<Self, SandboxError> {
        let tidy = Tidy(Some(launch.over));
        let (program, rest) = launch
            .line
            .split_first()
            .ok_or_else(|| SandboxError::Start("the command line is empty".to_owned()))?;
        let mut child = tokio::process::Command::new(program)
            .args(rest)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| SandboxError::Start(format!("{}: {error}", program.display())))?;
        Ok(Self {
            hold: child.stdin.take(),
            child,
            tidy,
        })
    }

    pub(super) async fn finish(
        mut self,
        timeout: Duration,
        cap: usize,
        on_output: Option<OnOutput>,
    ) -> Result<RunOutput, SandboxError> {
        let started = Instant::now();
        let mut stdout = Stream::new(OutputStream::Stdout, self.child.stdout.take(), cap, on_output.clone());
        let mut stderr = Stream::new(OutputStream::Stderr, self.child.stderr.take(), cap, on_output);
        let mut status = None;
        let mut timed_out = false;
        let mut deadline = started + timeout;
        let ended = loop {
            if status.is_some() && stdout.is_over() && stderr.is_over() {
                break Instant::now();
            }
            tokio::select! {
                () = stdout.read() => {}
                () = stderr.read() => {}
                outcome = self.child.wait(), if status.is_none() => {
                    status = Some(outcome.map_err(|error| SandboxError::io("cannot wait for a run", error))?);
                    deadline = Instant::now() + DRAIN;
                }
                () = tokio::time::sleep_until(deadline) => {
                    if status.is_some() {
                        break Instant::now();
                    }
                    if timed_out {
                        // It had its chance: the walls' own process goes, and its end takes the rest along.
                        self.child.start_kill().map_err(|error| SandboxError::io("cannot end a run", error))?;
                    }
                    timed_out = true;
                    self.hold = None;
                    deadline = Instant::now() + GRACE;
                }
            }
        };
        // Whatever it left behind is gone before anybody looks at what it made.
        self.tidy.now().await;
        let code = status.and_then(|status| status.code());
        if code == Some(i32::from(CANNOT_CONFINE)) && stderr.captured.text().contains("halfway-agent run:") {
            return Err(SandboxError::Start(stderr.captured.text()));
        }
        Ok(RunOutput {
            exit_code: if timed_out { None } else { code },
            signal: code
                .filter(|code| !timed_out && (BY_SIGNAL + 1..BY_SIGNAL + 65).contains(code))
                .map(|code| code - BY_SIGNAL),
            timed_out,
            stdout: stdout.captured,
            stderr: stderr.captured,
            duration: ended.duration_since(started),
        })
    }
}

struct Stream {
    which: OutputStream,
    reader: Option<Box<dyn AsyncRead + Send + Unpin>>,
    piece: Vec<u8>,
    captured: Captured,
    cap: usize,
    on_output: Option<OnOutput>,
}

impl Stream {
    fn new(
        which: OutputStream,
        reader: Option<impl AsyncRead + Send + Unpin + 'static>,
        cap: usize,
        on_output: Option<OnOutput>,
    ) -> Self {
        Self {
            which,
            reader: reader.map(|reader| Box::new(reader) as _),
            piece: vec![0; PIECE],
            captured: Captured::default(),
            cap,
            on_output,
        }
    }

    fn is_over(&self) -> bool {
        self.reader.is_none()
    }

    /// Never returns once the stream has ended.
    async fn read(&mut self) {
        let Some(reader) = &mut self.reader else {
            return std::future::pending().await;
        };
        let count = reader.read(&mut self.piece).await.unwrap_or(0);
        if count == 0 {
            self.reader = None;
            return;
        }
        let bytes = &self.piece[..count];
        if let Some(on_output) = &self.on_output {
            on_output(self.which, bytes);
        }
        let kept = count.min(self.cap - self.captured.bytes.len());
        self.captured.bytes.extend_from_slice(&bytes[..kept]);
        self.captured.truncated |= kept < count;
    }
}
