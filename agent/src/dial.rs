//! Opens a stream to a port or unix socket inside the sandbox. Never reaches outside of it: in the form
//! without namespaces a unix socket must lie beneath a writable directory, whatever links say.

use std::{
    io,
    os::fd::{AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
    time::Duration,
};

use halfway_agent::protocol::{Dial, ErrorKind};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

use crate::{http::error::ApiError, options::Options};

/// How long a connection may take to be accepted.
const PATIENCE: Duration = Duration::from_secs(5);

/// Any two-way stream.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// # Errors
/// `refused`, `not_found`, `denied`, `timeout`, `bad_request`.
pub async fn dial(options: &Options, target: &Dial) -> Result<Box<dyn Stream>, ApiError> {
    let (name, attempt) = match target {
        Dial::Port(0) => return Err(ApiError::new(ErrorKind::BadRequest, "port 0 cannot be dialled")),
        Dial::Port(number) => (
            format!("port {number}"),
            tokio::time::timeout(PATIENCE, port(*number)).await,
        ),
        Dial::Unix(path) => (
            format!("unix socket {path:?}"),
            tokio::time::timeout(PATIENCE, socket(options, Path::new(path))).await,
        ),
    };
    match attempt {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(explain(&name, &error)),
        Err(_elapsed) => Err(ApiError::new(
            ErrorKind::Timeout,
            format!("{name} did not accept a connection in {} s", PATIENCE.as_secs()),
        )),
    }
}

async fn port(number: u16) -> io::Result<Box<dyn Stream>> {
    match TcpStream::connect(("127.0.0.1", number)).await {
        Ok(stream) => Ok(Box::new(nodelay(stream))),
        Err(first) => match TcpStream::connect(("::1", number)).await {
            Ok(stream) => Ok(Box::new(nodelay(stream))),
            Err(_) => Err(first),
        },
    }
}

fn nodelay(stream: TcpStream) -> TcpStream {
    // Only speed depends on it.
    let _ = stream.set_nodelay(true);
    stream
}

async fn socket(options: &Options, path: &Path) -> io::Result<Box<dyn Stream>> {
    let opened = match &options.landlock {
        None => rustix::fs::openat2(
            CWD,
            options.workspace.join(path),
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::NO_MAGICLINKS,
        )?,
        Some(form) => {
            let path = options.workspace.join(path);
            let (root, rest) = form
                .writable
                .iter()
                .find_map(|root| Some((root, path.strip_prefix(root).ok()?)))
                .ok_or(rustix::io::Errno::ACCESS)?;
            beneath(root, rest, OFlags::PATH)?
        }
    };
    Ok(Box::new(connect(&opened).await?))
}

/// Opens `path` below `root`; links that lead out of it are refused.
///
/// # Errors
/// As openat2: `XDEV` for a way out, `LOOP` for a magic link.
pub fn beneath(root: &Path, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let directory = rustix::fs::openat(
        CWD,
        root,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    rustix::fs::openat2(
        &directory,
        path,
        flags | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
    )
}

/// The name by which an open file can be used where a path is asked for: as short as a unix address must
/// be, and always this very file.
pub fn by_descriptor(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Connects to a socket that was opened as a path.
pub async fn connect(socket: &OwnedFd) -> io::Result<UnixStream> {
    UnixStream::connect(by_descriptor(socket)).await
}

fn explain(name: &str, error: &io::Error) -> ApiError {
    use rustix::io::Errno;

    let kind = match Errno::from_io_error(error) {
        Some(Errno::CONNREFUSED | Errno::CONNRESET | Errno::NOTSOCK | Errno::PROTOTYPE) => ErrorKind::Refused,
        Some(Errno::NOENT | Errno::NOTDIR) => ErrorKind::NotFound,
        Some(Errno::ACCESS | Errno::PERM | Errno::XDEV | Errno::LOOP) => ErrorKind::Denied,
        Some(Errno::TIMEDOUT) => ErrorKind::Timeout,
        Some(Errno::MFILE | Errno::NFILE) => ErrorKind::Limit,
        Some(Errno::INVAL | Errno::NAMETOOLONG) => ErrorKind::BadRequest,
        _ => ErrorKind::Internal,
    };
    ApiError::new(kind, format!("{name}: {error}"))
}
