//! Moves a PTY's output into its ring. Reads as fast as the fastest attached stream, freely when there
//! is none, and never waits longer than the terminal's patience for streams that read nothing.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::ExitStatusExt as _},
    process::ExitStatus,
    sync::Arc,
    time::Duration,
};

use halfway_agent::protocol::Exit;
use tokio::{io::unix::AsyncFd, process::Child, time::Instant};

use super::{State, Terminal};
use crate::reaper::Owned;

/// Bytes taken before everyone else gets a turn; of a small ring, not more than a quarter.
const TURN: usize = 64 * 1024;

/// How long the far end may stay silent after the first process has ended before the terminal counts as
/// ended. Normally the kernel hangs up at once.
const LINGER: Duration = Duration::from_secs(1);

/// How often to look again at a PTY that nobody has open while its first process still runs.
const REOPEN: Duration = Duration::from_millis(50);

/// What a turn at the PTY came to.
enum Turn {
    /// There may be more.
    More,
    /// Nobody has the far end open.
    HungUp,
}

/// Runs until the PTY has ended and the first process was waited for, then says so to the streams.
pub async fn run(terminal: Arc<Terminal>, master: Arc<AsyncFd<OwnedFd>>, mut child: Child, owned: Owned) {
    let mut ended: Option<ExitStatus> = None;
    let mut hung_up = false;
    while !(hung_up && ended.is_some()) {
        let pause = terminal.state().pause(terminal.patience);
        // What this round waits for: a stream to move on, the far end to come back, or output.
        let until = match (pause, hung_up, ended.is_some()) {
            (Some(until), _, _) => Some(until),
            (None, true, _) => Some(Instant::now() + REOPEN),
            (None, false, true) => Some(Instant::now() + LINGER),
            (None, false, false) => None,
        };
        tokio::select! {
            biased;
            () = terminal.advanced.notified(), if pause.is_some() => {}
            turn = take(&terminal, &master), if pause.is_none() && !hung_up => {
                hung_up = matches!(turn, Turn::HungUp);
                terminal.changed.send_replace(());
                tokio::task::yield_now().await;
            }
            status = child.wait(), if ended.is_none() => {
                ended = Some(status.unwrap_or_default());
                // The last output may still be unread: look once more.
                hung_up = false;
            }
            () = sleep_until(until) => {
                hung_up = pause.is_none() && ended.is_some();
            }
        }
    }
    drop(owned);
    {
        let mut state = terminal.state();
        state.master = None;
        state.exit = ended.map(|status| Exit {
            code: status.code(),
            signal: status.signal(),
        });
    }
    terminal.changed.send_replace(());
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Waits for output and takes a turn's worth of it.
async fn take(terminal: &Terminal, master: &AsyncFd<OwnedFd>) -> Turn {
    let mut taken = 0;
    loop {
        let Ok(mut ready) = master.readable().await else {
            return Turn::HungUp;
        };
        loop {
            let mut state = terminal.state();
            let turn = TURN.min(state.ring.capacity() / 4);
            if taken >= turn {
                break;
            }
            let result = ready.try_io(|fd| {
                let room = state.ring.spare(turn - taken);
                rustix::io::read(fd, room).map_err(io::Error::from)
            });
            match result {
                // End of a PTY is EIO; a plain end cannot happen but would mean the same.
                Ok(Ok(0)) => return Turn::HungUp,
                Ok(Ok(count)) => {
                    state.received(count);
                    taken += count;
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(_)) => return Turn::HungUp,
                Err(_would_block) => break,
            }
        }
        if taken > 0 {
            return Turn::More;
        }
    }
}

impl State {
    fn received(&mut self, count: usize) {
        let before = self.ring.end();
        self.ring.commit(count);
        for client in self.clients.values_mut() {
            if client.sent == before {
                client.since = Instant::now();
            }
        }
    }

    /// Until when not to read: set while every stream that still moves is half a ring behind.
    fn pause(&self, patience: Duration) -> Option<Instant> {
        if self.deleted {
            return None;
        }
        let window = self.ring.capacity() as u64 / 2;
        let now = Instant::now();
        let mut until = None;
        for client in self.clients.values() {
            if self.ring.end() - client.sent < window {
                return None;
            }
            let end = client.since + patience;
            if end > now {
                until = until.max(Some(end));
            }
        }
        until
    }
}
