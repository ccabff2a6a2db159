//! What the agent and its clients say to each other: the version, the headers, the JSON shapes.
//!
//! Plain serde types without IO, shared with the server. Every request and response body, and every
//! text frame of a terminal's WebSocket, is one of these. This module never reads, writes or decides
//! anything; a change here that an older peer would misread raises [`PROTOCOL`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of everything in this module. A client that finds another number in [`Health`] must not
/// guess: the sandbox has to be started again.
pub const PROTOCOL: u32 = 1;

/// Request header, required: the id of the session that the client means to talk to.
pub const SESSION_HEADER: &str = "halfway-session";

/// Header of every response, and optional in requests: the sender's [`PROTOCOL`].
pub const PROTOCOL_HEADER: &str = "halfway-protocol";

/// `Upgrade` token of `POST /v1/dial`: after the 101 the connection is raw bytes in both directions.
pub const STREAM_UPGRADE: &str = "halfway-stream";

/// Environment variable that may hold the bearer token instead of `--token-file`.
pub const TOKEN_VARIABLE: &str = "HALFWAY_AGENT_TOKEN";

/// Bytes of output that a terminal keeps for replay: about 5000 full lines of 100 columns.
pub const DEFAULT_SCROLLBACK: usize = 512 * 1024;

/// Output kept of each stream of a command when the request names no limit, in bytes.
pub const DEFAULT_OUTPUT_LIMIT: usize = 1024 * 1024;

/// Largest `output_limit` that a request may name, in bytes. More is lowered to this.
pub const MAX_OUTPUT_LIMIT: usize = 16 * 1024 * 1024;

/// Exit code of `halfway-agent run` when its walls could not be put up, so that nothing ran.
pub const CANNOT_CONFINE: u8 = 125;

/// Time limit of a command when the request names none, in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u64 = 30_000;

/// Answer of `GET /v1/health`. Read [`protocol`](Self::protocol) before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub protocol: u32,
    /// Version of the agent's package.
    pub version: String,
    pub session: String,
    pub install: String,
    /// Pid of the agent in its own pid namespace.
    pub pid: u32,
    /// When the agent's process started: clock ticks since boot, field 22 of `/proc/<pid>/stat`; the
    /// same number inside and outside a pid namespace, so a driver can tell its agent from a reused pid.
    #[serde(default)]
    pub start_ticks: Option<u64>,
    /// Milliseconds that this agent has been running, by a clock that stands still during suspend.
    pub uptime_ms: u64,
    /// What the agent itself has really put in force, as it saw it succeed. What a driver adds from
    /// outside (namespaces, cgroups) is not known here.
    pub enforced: Vec<Enforcement>,
    /// What was asked for, or would be expected in this form, and is not in force.
    #[serde(default)]
    pub not_enforced: Vec<Shortfall>,
    /// Terminals in the list, ended ones included.
    pub terminals: usize,
}

/// One restriction that is in force for everything that the agent starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Enforcement {
    /// Files outside the given paths cannot be opened or changed (Landlock). `abi` is the version in effect.
    Files { abi: u32 },
    /// TCP bind and connect only on these ports, and connect to the proxy's port (Landlock).
    TcpPorts { from: u16, to: u16, proxy: Option<u16> },
    /// Signals reach only processes of this sandbox (Landlock).
    Signals,
    /// Abstract unix sockets of others cannot be connected to (Landlock).
    AbstractSockets,
    /// Unix sockets at paths outside the writable directories cannot be connected to (Landlock).
    PathSockets,
    /// `RLIMIT_NPROC`; the kernel counts all processes and threads of the user in the user namespace.
    Processes { limit: u64 },
    /// `RLIMIT_DATA`: writable private memory of each process, in bytes.
    MemoryPerProcess { bytes: u64 },
    /// `RLIMIT_FSIZE`: the largest file that can be written, in bytes.
    FileSize { bytes: u64 },
    /// `RLIMIT_NOFILE` of each process.
    OpenFiles { limit: u64 },
    /// Set-uid programs gain nothing.
    NoNewPrivileges,
    /// No capability is left, and none can be had again, even by root (Landlock form).
    NoCapabilities,
    /// The agent's memory and files in `/proc` are closed to its own user.
    NotDumpable,
    /// Requests without the session's bearer token are refused.
    Token,
}

/// A restriction that is missing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    /// The `kind` that [`Enforcement`] would have had, or `own_network`, `own_processes`,
    /// `file_metadata` for what the Landlock form cannot give.
    pub kind: String,
    /// One sentence for an operator.
    pub reason: String,
}

/// Size of a terminal in character cells, each 1 to 2000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    pub cols: u16,
    pub rows: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self { cols: 80, rows: 24 }
    }
}

/// Body of `POST /v1/terminals`. With the name of a terminal that is in the list, ended or not, that
/// one is answered (200) and nothing is started (else 201).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateTerminal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default = "default_cols")]
    pub cols: u16,
    #[serde(default = "default_rows")]
    pub rows: u16,
    /// Empty: the agent's shell, interactive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// Added to the agent's own environment for terminals, the same name replaced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Absolute, or relative to the workspace, which is also the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
}

impl Default for CreateTerminal {
    fn default() -> Self {
        Self {
            name: None,
            cols: default_cols(),
            rows: default_rows(),
            argv: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
        }
    }
}

fn default_cols() -> u16 {
    TerminalSize::default().cols
}

fn default_rows() -> u16 {
    TerminalSize::default().rows
}

/// One terminal, as listed by `GET /v1/terminals` and answered by `POST /v1/terminals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// Unique for the life of the agent and never used again.
    pub id: String,
    pub name: String,
    pub size: TerminalSize,
    pub argv: Vec<String>,
    /// Pid of the terminal's first process inside the sandbox.
    pub pid: u32,
    /// Bytes ever put out by the terminal.
    pub sequence: u64,
    /// Sequence number of the oldest byte that can still be replayed.
    pub oldest: u64,
    /// Set once its first process has ended and all output is in the ring.
    #[serde(default)]
    pub exit: Option<Exit>,
    /// Streams that are attached at the moment.
    pub clients: usize,
}

/// Answer of `GET /v1/terminals`, in order of creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminals {
    pub terminals: Vec<Terminal>,
}

/// How a process ended: exactly one of the two is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exit {
    #[serde(default)]
    pub code: Option<i32>,
    #[serde(default)]
    pub signal: Option<i32>,
}

/// Text frames from the client on `GET /v1/terminals/{id}/stream?after=SEQ`. Binary frames are input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    Resize { cols: u16, rows: u16 },
}

/// Text frames from the agent. Binary frames are output; the position of a client is
/// `hello.sequence` plus the bytes received since, set anew by every `skipped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Always the first frame.
    Hello {
        /// Sequence number of the first byte that follows.
        sequence: u64,
        /// Bytes ever put out when this frame was made: the replay ends here.
        end: u64,
        /// The oldest byte in the ring.
        oldest: u64,
        size: TerminalSize,
        /// `after` was not in the ring any more (or never existed): the replay starts at `oldest`.
        truncated: bool,
    },
    /// Everything up to this number has been sent. Comes right after the replay, then now and then.
    Sequence { sequence: u64 },
    /// This client was too slow and the ring has lost the bytes `from..to`; the next byte is `to`.
    Skipped { from: u64, to: u64 },
    /// Another client changed the size.
    Size { cols: u16, rows: u16 },
    /// The first process has ended and all its output was sent. The agent closes the stream after this.
    Exit { code: Option<i32>, signal: Option<i32> },
}

/// Body of `POST /v1/commands` and `POST /v1/commands/stream`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub argv: Vec<String>,
    /// Absolute, or relative to the workspace, which is also the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Added to the agent's own environment, the same name replaced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Standard input, base64 (standard alphabet, padded). Absent: `/dev/null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Default [`DEFAULT_TIMEOUT_MS`]. At the end of it the process group and all descendants get TERM,
    /// and KILL when they are still there after half a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Bytes kept of each of the two streams; more is read and dropped. Default [`DEFAULT_OUTPUT_LIMIT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_limit: Option<usize>,
}

/// Answer of `POST /v1/commands`, status 200 however the command ended. Neither `exit_code` nor
/// `signal` is set only if the command could not be waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandResult {
    #[serde(default)]
    pub exit_code: Option<i32>,
    #[serde(default)]
    pub signal: Option<i32>,
    pub timed_out: bool,
    pub stdout: Output,
    pub stderr: Output,
    pub duration_ms: u64,
}

/// What a command wrote to one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The exact bytes if `encoding` is `base64`, else the text itself.
    pub data: String,
    pub encoding: Encoding,
    /// More was written than `output_limit`.
    pub truncated: bool,
}

/// How [`Output::data`] is to be read: text whenever the bytes are valid UTF-8 (apart from a character
/// that the limit cut in two, which is left out).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[default]
    Text,
    Base64,
}

/// One line of the NDJSON answer of `POST /v1/commands/stream`: any number of `Output`, then one `Exit`.
/// A stream that ends without `Exit` was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CommandEvent {
    /// Text as it came; what is not UTF-8 is replaced by U+FFFD, characters are never cut in two.
    Output {
        stream: CommandStream,
        data: String,
    },
    Exit {
        exit: CommandExit,
    },
}

/// Which stream a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandStream {
    Stdout,
    Stderr,
}

/// How a streamed command ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandExit {
    #[serde(default)]
    pub exit_code: Option<i32>,
    #[serde(default)]
    pub signal: Option<i32>,
    pub timed_out: bool,
    /// More was written than `output_limit` on one of the streams.
    pub truncated: bool,
    pub duration_ms: u64,
}

/// Body of `POST /v1/dial`, sent with `Connection: Upgrade` and `Upgrade: halfway-stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dial {
    /// 127.0.0.1, then `[::1]`.
    Port(u16),
    /// A unix socket inside: absolute, or relative to the workspace.
    Unix(String),
}

/// Answer of `GET /v1/processes`: everything in the sandbox but the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processes {
    pub processes: Vec<Process>,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    pub ppid: u32,
    /// Lossy text, at most 4 KiB together; the bare name in brackets if it has no arguments (a zombie).
    pub argv: Vec<String>,
    /// One letter of `/proc/<pid>/stat`: R, S, D, Z, T…
    pub state: String,
    /// Processor time used so far, in milliseconds.
    pub cpu_ms: u64,
    /// Resident memory in bytes.
    pub rss_bytes: u64,
    /// Id of the terminal that it belongs to, by its process session.
    #[serde(default)]
    pub terminal: Option<String>,
}

/// Answer of `GET /v1/ports`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    pub ports: Vec<Port>,
}

/// A listening TCP socket in the sandbox; in the Landlock form, those in its own range of ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    pub port: u16,
    /// `127.0.0.1`, `0.0.0.0`, `::`…
    pub address: String,
}

/// One line of the NDJSON answer of `GET /v1/files/events?path=DIR[&recursive=true]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEvent {
    pub kind: FileEventKind,
    /// Relative to the workspace. Lossy text where the name is not UTF-8.
    pub path: String,
    pub directory: bool,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileEventKind {
    /// First line: the watches are set, everything after this moment is reported. `path` is the watched one.
    Watching,
    Created,
    /// Written to and closed.
    Written,
    Deleted,
    MovedFrom,
    MovedTo,
    /// Mode, owner or times.
    Attributes,
    /// Events were lost, or there are more directories than the agent watches: look again yourself.
    Overflow,
}

/// Body of every answer with status 400 and above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    pub kind: ErrorKind,
    /// For the server's log and its author; may name paths inside the sandbox.
    pub message: String,
}

/// Machine-readable kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// 400: the request itself is wrong.
    BadRequest,
    /// 421: the agent serves another session.
    WrongSession,
    /// 401: bearer token missing or wrong.
    WrongToken,
    /// 400: the client speaks a protocol that this agent does not know.
    UnknownProtocol,
    /// 404: no such route, terminal, path or socket.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 403: the sandbox's own rules forbid it.
    Denied,
    /// 502: nobody listens there.
    Refused,
    /// 504: no answer in time.
    Timeout,
    /// 422: the program could not be started.
    CannotStart,
    /// 429: a limit of the sandbox is reached (terminals, processes, open files, memory).
    Limit,
    /// 500: a fault of the agent.
    Internal,
}

impl ErrorKind {
    /// HTTP status of an answer of this kind.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::UnknownProtocol => 400,
            Self::WrongToken => 401,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::WrongSession => 421,
            Self::CannotStart => 422,
            Self::Limit => 429,
            Self::Internal => 500,
            Self::Refused => 502,
            Self::Timeout => 504,
        }
    }
}
