//! One client at a terminal: a WebSocket whose binary frames are the PTY's bytes in both directions.
//! Holds a position in the ring and at most one piece of output, so a client that reads nothing costs
//! nothing.

use std::{io, os::fd::OwnedFd, sync::Arc};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket, close_code},
};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use halfway_agent::protocol::{ClientFrame, Exit, ServerFrame, TerminalSize};
use rustix::termios::Winsize;
use tokio::{io::unix::AsyncFd, time::Instant};

use super::{Client, Terminal, size};

/// Most bytes of output in one frame.
const PIECE: usize = 32 * 1024;

/// A `sequence` frame follows at least after so many bytes.
const MARK: u64 = 256 * 1024;

/// Serves one client until it or the terminal is gone.
pub async fn serve(terminal: Arc<Terminal>, after: Option<u64>, socket: WebSocket) {
    let (sink, input) = socket.split();
    let attached = Attached::new(&terminal, after);
    // Two halves of one task: a program that reads no input must not keep its output from being sent.
    tokio::select! {
        () = send(&attached, sink) => {}
        () = receive(&attached, input) => {}
    }
}

/// A registered client; leaves the list when dropped.
struct Attached<'a> {
    terminal: &'a Arc<Terminal>,
    id: u64,
    hello: ServerFrame,
    replay_start: u64,
    replay_end: u64,
    size: TerminalSize,
}

/// What to send next.
enum Next {
    Skipped { from: u64, to: u64 },
    Output { bytes: Vec<u8>, end: u64 },
    Size(TerminalSize),
    Exit(Exit),
    Deleted,
    Nothing,
}

impl<'a> Attached<'a> {
    fn new(terminal: &'a Arc<Terminal>, after: Option<u64>) -> Self {
        let mut state = terminal.state();
        let (oldest, end) = (state.ring.oldest(), state.ring.end());
        let (sequence, truncated) = match after {
            None => (oldest, oldest > 0),
            Some(after) if after >= oldest && after <= end => (after, false),
            Some(_) => (oldest, true),
        };
        let id = state.next_client;
        state.next_client += 1;
        state.clients.insert(
            id,
            Client {
                sent: sequence,
                since: Instant::now(),
            },
        );
        Self {
            terminal,
            id,
            hello: ServerFrame::Hello {
                sequence,
                end,
                oldest,
                size: state.size,
                truncated,
            },
            replay_start: sequence,
            replay_end: end,
            size: state.size,
        }
    }

    fn next(&self, shown: TerminalSize) -> Next {
        let mut state = self.terminal.state();
        let state = &mut *state;
        if state.deleted {
            return Next::Deleted;
        }
        if state.size != shown {
            return Next::Size(state.size);
        }
        let (oldest, end) = (state.ring.oldest(), state.ring.end());
        let Some(client) = state.clients.get_mut(&self.id) else {
            return Next::Deleted;
        };
        if client.sent < oldest {
            let from = std::mem::replace(&mut client.sent, oldest);
            return Next::Skipped { from, to: oldest };
        }
        if client.sent < end {
            let bytes = state.ring.copy(client.sent, PIECE);
            let end = client.sent + bytes.len() as u64;
            return Next::Output { bytes, end };
        }
        state.exit.map_or(Next::Nothing, Next::Exit)
    }

    /// Everything before `end` is with the client's socket.
    fn sent(&self, end: u64) {
        if let Some(client) = self.terminal.state().clients.get_mut(&self.id) {
            client.sent = end;
            client.since = Instant::now();
        }
        self.terminal.advanced.notify_one();
    }

    /// True when the size that the terminal has now was set by this client.
    fn sized_it(&self) -> bool {
        self.terminal.state().sized_by == Some(self.id)
    }

    fn resize(&self, size: TerminalSize) -> io::Result<()> {
        {
            let mut state = self.terminal.state();
            let Some(master) = &state.master else {
                return Ok(());
            };
            if state.size == size {
                return Ok(());
            }
            rustix::termios::tcsetwinsize(
                master,
                Winsize {
                    ws_row: size.rows,
                    ws_col: size.cols,
                    ws_xpixel: 0,
                    ws_ypixel: 0,
                },
            )?;
            state.size = size;
            state.sized_by = Some(self.id);
        }
        self.terminal.changed.send_replace(());
        Ok(())
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.terminal.state().clients.remove(&self.id);
        self.terminal.advanced.notify_one();
    }
}

/// Sends until the terminal ends, is deleted, or the socket is gone.
async fn send(attached: &Attached<'_>, mut sink: SplitSink<WebSocket, Message>) {
    let mut changed = attached.terminal.changed.subscribe();
    let mut shown = attached.size;
    let mut position = attached.replay_start;
    let mut marked = position;
    let mut replayed = false;
    if sink.send(text(&attached.hello)).await.is_err() {
        return;
    }
    loop {
        let replay_ends = !replayed && position >= attached.replay_end;
        if replay_ends || position - marked >= MARK {
            replayed |= replay_ends;
            marked = position;
            let mark = ServerFrame::Sequence { sequence: position };
            if sink.send(text(&mark)).await.is_err() {
                return;
            }
        }
        changed.mark_unchanged();
        let message = match attached.next(shown) {
            Next::Output { bytes, end } => {
                if sink.send(Message::Binary(Bytes::from(bytes))).await.is_err() {
                    return;
                }
                attached.sent(end);
                position = end;
                continue;
            }
            Next::Skipped { from, to } => {
                position = to;
                text(&ServerFrame::Skipped { from, to })
            }
            Next::Size(size) => {
                shown = size;
                if attached.sized_it() {
                    continue;
                }
                text(&ServerFrame::Size {
                    cols: size.cols,
                    rows: size.rows,
                })
            }
            Next::Exit(Exit { code, signal }) => {
                let _ = sink.send(text(&ServerFrame::Exit { code, signal })).await;
                let _ = sink.send(close(close_code::NORMAL, "the program has ended")).await;
                return;
            }
            Next::Deleted => {
                let _ = sink.send(close(close_code::AWAY, "the terminal was closed")).await;
                return;
            }
            Next::Nothing => {
                if changed.changed().await.is_err() {
                    return;
                }
                continue;
            }
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

/// Takes input until the socket is gone or says something that cannot be understood.
async fn receive(attached: &Attached<'_>, mut input: SplitStream<WebSocket>) {
    while let Some(Ok(message)) = input.next().await {
        match message {
            Message::Binary(bytes) => {
                let master = attached.terminal.state().master.clone();
                // After the end of the program input goes nowhere, as at any closed terminal.
                if let Some(master) = master {
                    write(&master, &bytes).await;
                }
            }
            Message::Text(frame) => match serde_json::from_str(&frame) {
                Ok(ClientFrame::Resize { cols, rows }) => {
                    let Ok(size) = size(cols, rows) else { return };
                    if attached.resize(size).is_err() {
                        return;
                    }
                }
                Err(_) => return,
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return,
        }
    }
}

/// Writes all of it, or as much as the PTY takes before it ends.
async fn write(master: &AsyncFd<OwnedFd>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let Ok(mut ready) = master.writable().await else {
            return;
        };
        match ready.try_io(|fd| rustix::io::write(fd, bytes).map_err(io::Error::from)) {
            Ok(Ok(count)) => bytes = &bytes[count..],
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(Err(_)) => return,
            Err(_would_block) => {}
        }
    }
}

fn text(frame: &ServerFrame) -> Message {
    let json = serde_json::to_string(frame).expect("a frame of plain fields is always JSON");
    Message::Text(json.into())
}

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }))
}
