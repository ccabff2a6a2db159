//! Why a file operation was refused.

use std::io;

use super::hash::FileHash;

/// A refusal, by kind. The texts name paths relative to the workspace only, so a learner may read them.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Nothing has that path.
    #[error("{path} does not exist")]
    NotFound { path: String },
    /// Something has that path already.
    #[error("{path} exists already")]
    Exists { path: String },
    /// The path is empty, absolute, too long, or holds `..`, `.`, a NUL or a backslash-free oddity.
    #[error("{path:?} is not a path in the workspace: {why}")]
    BadPath { path: String, why: &'static str },
    /// The path leads through, or to, a symbolic link.
    #[error("{path} is, or leads through, a symbolic link; those are not followed")]
    Symlink { path: String },
    /// A FIFO, socket or device.
    #[error("{path} is {what}, not a regular file")]
    Special { path: String, what: &'static str },
    /// A file was wanted.
    #[error("{path} is a directory")]
    IsDirectory { path: String },
    /// A directory was wanted.
    #[error("{path} is not a directory")]
    NotDirectory { path: String },
    /// A directory that was to be replaced is not empty.
    #[error("{path} is not empty")]
    NotEmpty { path: String },
    /// More than the cap.
    #[error("{path} has {size} bytes, more than the {cap} that are allowed here")]
    TooLarge { path: String, size: u64, cap: u64 },
    /// More entries, or deeper, than is allowed.
    #[error("{path} holds more than {cap} entries")]
    TooMany { path: String, cap: usize },
    /// The file is not what the caller had read.
    #[error("{path} has changed on the disk")]
    Conflict {
        path: String,
        /// What it holds now; nothing if it is gone.
        current: Option<FileHash>,
    },
    /// The file's permissions forbid it.
    #[error("{path} may not be opened: its permissions forbid it")]
    Denied { path: String },
    /// The disk, or the session's share of it, is full.
    #[error("no room left on the disk for {path}")]
    Full { path: String },
    /// An archive that is refused as a whole.
    #[error("the archive is refused: {why}")]
    Archive { why: String },
    /// The machine.
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
}

impl WorkspaceError {
    /// A word for programs: `not-found`, `conflict`, `too-large`…
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::Exists { .. } => "exists",
            Self::BadPath { .. } => "bad-path",
            Self::Symlink { .. } => "symlink",
            Self::Special { .. } => "special-file",
            Self::IsDirectory { .. } => "is-directory",
            Self::NotDirectory { .. } => "not-directory",
            Self::NotEmpty { .. } => "not-empty",
            Self::TooLarge { .. } => "too-large",
            Self::TooMany { .. } => "too-many",
            Self::Conflict { .. } => "conflict",
            Self::Denied { .. } => "denied",
            Self::Full { .. } => "full",
            Self::Archive { .. } => "archive",
            Self::Io { .. } => "io",
        }
    }

    /// What a learner may read.
    #[must_use]
    pub fn learner(&self) -> String {
        match self {
            Self::Io { path, .. } => format!("{path} could not be read or written. Try again."),
            Self::Conflict { path, .. } => {
                format!("{path} has changed on the disk since it was read. Compare the two, then save again.")
            }
            Self::Full { path } => format!("There is no room left on the disk for {path}."),
            Self::Archive { why } => format!("The archive is refused: {why}."),
            // A path keeps its letters, also at the beginning of a sentence.
            other => format!("{other}."),
        }
    }

    /// From an error of the machine.
    pub(super) fn io(path: &str, source: io::Error) -> Self {
        let path = shown(path);
        match rustix::io::Errno::from_io_error(&source) {
            Some(rustix::io::Errno::NOENT) => Self::NotFound { path },
            Some(rustix::io::Errno::EXIST) => Self::Exists { path },
            Some(rustix::io::Errno::LOOP | rustix::io::Errno::XDEV) => Self::Symlink { path },
            Some(rustix::io::Errno::ISDIR) => Self::IsDirectory { path },
            Some(rustix::io::Errno::NOTDIR) => Self::NotDirectory { path },
            Some(rustix::io::Errno::NOTEMPTY) => Self::NotEmpty { path },
            Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => Self::Denied { path },
            Some(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => Self::Full { path },
            Some(rustix::io::Errno::NAMETOOLONG) => Self::BadPath {
                path,
                why: "a name is too long",
            },
            Some(rustix::io::Errno::NXIO) => Self::Special { path, what: "a socket" },
            _ => Self::Io { path, source },
        }
    }

    /// From a system call.
    pub(super) fn sys(path: &str) -> impl FnOnce(rustix::io::Errno) -> Self + '_ {
        move |errno| Self::io(path, errno.into())
    }
}

/// The workspace itself has an empty path.
pub(super) fn shown(path: &str) -> String {
    if path.is_empty() {
        "the workspace".to_owned()
    } else {
        path.to_owned()
    }
}
