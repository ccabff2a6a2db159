//! The files of a session, from outside, where every file is hostile.
//!
//! All paths are relative, resolved beneath the root by the kernel (`openat2` with `RESOLVE_BENEATH`, no symbolic and
//! no magic links), and opened only if they are regular files, under a cap. Never follows a link, never blocks on a
//! FIFO, never leaves the root. The blocking work runs on the pool for it.

mod error;
mod hash;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Gid, Uid};

pub use error::WorkspaceError;
pub use hash::{FileHash, NotAHash};

type Result<T> = std::result::Result<T, WorkspaceError>;

/// A handle to a directory whose content is not trusted; cheap to clone.
#[derive(Clone, Debug)]
pub struct Workspace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    directory: std::os::fd::OwnedFd,
    owner: Option<(Uid, Gid)>,
}

/// What a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    File,
    Directory,
    Symlink,
    /// FIFO, socket or device.
    Special,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// Its name, or in a tree its path from the root of the tree. Text with U+FFFD where the name is not UTF-8.
    pub name: String,
    pub kind: EntryKind,
    /// Bytes; 0 unless a file.
    pub size: u64,
    /// Microseconds since 1970.
    pub modified: i64,
    /// Permission bits.
    pub mode: u32,
    /// The name is not UTF-8, so nothing can be asked about the entry.
    pub unreadable_name: bool,
}

/// Bytes of a file with their hash.
#[derive(Clone, Debug)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub hash: FileHash,
    /// Permission bits.
    pub mode: u32,
    /// Microseconds since 1970.
    pub modified: i64,
}

/// What a write needs to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Whatever is there, or nothing.
    Anything,
    /// Nothing.
    Nothing,
    /// A file of this content.
    Hash(FileHash),
}

/// Bounds of a copy or an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Bytes together.
    pub bytes: u64,
    /// Files and directories together.
    pub entries: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            entries: 50_000,
        }
    }
}

/// What a copy left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    pub files: usize,
    pub bytes: u64,
    /// Paths of links and special files, which are never copied.
    pub skipped: Vec<String>,
}

impl Workspace {
    /// Opens the directory. New files and directories will belong to `owner` (root only).
    ///
    /// # Errors
    /// When it is not there.
    pub fn open(root: &Path, owner: Option<(Uid, Gid)>) -> Result<Self> {
        let _ = (root, owner);
        todo!()
    }

    /// Where it lies on this machine.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// Entries of a directory, directories first, then by name; `""` is the root.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn list(&self, path: &str) -> Result<Vec<Entry>> {
        let _ = path;
        todo!()
    }

    /// What is at a path; links and special files are told, not followed.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn stat(&self, path: &str) -> Result<Entry> {
        let _ = path;
        todo!()
    }

    /// A file's bytes, if there are at most `cap` of them.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn read(&self, path: &str, cap: u64) -> Result<Content> {
        let _ = (path, cap);
        todo!()
    }

    /// A file's size and hash without keeping its bytes, if it has at most `cap`.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn hash(&self, path: &str, cap: u64) -> Result<(u64, FileHash)> {
        let _ = (path, cap);
        todo!()
    }

    /// An open handle to a regular file with its size, for a download.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn open_file(&self, path: &str) -> Result<(tokio::fs::File, u64)> {
        let _ = path;
        todo!()
    }

    /// Writes a file atomically (a reader sees the old or the new bytes, never half), keeping the mode of the one
    /// that it replaces. Parents must exist. Answers the hash of the new content.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn write(&self, path: &str, bytes: impl Into<bytes::Bytes> + Send, expect: Expect) -> Result<FileHash> {
        let _ = (path, expect, bytes.into());
        todo!()
    }

    /// Makes a directory, and with `parents` those above it.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn create_dir(&self, path: &str, parents: bool) -> Result<()> {
        let _ = (path, parents);
        todo!()
    }

    /// Gives a file or directory another path; refuses if that exists.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let _ = (from, to);
        todo!()
    }

    /// Removes a file, link, special file, or a directory with all that is in it.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn remove(&self, path: &str) -> Result<()> {
        let _ = path;
        todo!()
    }

    /// Removes everything in it.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn clear(&self) -> Result<()> {
        todo!()
    }

    /// Sets permission bits (0o777 at most) of a file or directory.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn set_mode(&self, path: &str, mode: u32) -> Result<()> {
        let _ = (path, mode);
        todo!()
    }

    /// Everything beneath a directory, in order of path, links not followed; fails above `cap` entries.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn tree(&self, path: &str, cap: usize) -> Result<Vec<Entry>> {
        let _ = (path, cap);
        todo!()
    }

    /// Copies regular files and directories to a directory of the machine, which is made; links and special files
    /// are left out and told. The copy belongs to the workspace's owner.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn copy_to(&self, directory: &Path, caps: Caps) -> Result<Copied> {
        let _ = (directory, caps);
        todo!()
    }

    /// Copies files of a trusted directory (a lab's) into the workspace at `to`, over what is there.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn copy_from(&self, directory: &Path, to: &str) -> Result<Copied> {
        let _ = (directory, to);
        todo!()
    }

    /// Writes the workspace as a `tar.gz` to `out`: regular files and directories, and links as links.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn archive<W: std::io::Write + Send + 'static>(&self, out: W, caps: Caps) -> Result<(W, Copied)> {
        let _ = (out, caps);
        todo!()
    }

    /// Fills the workspace from a hostile `tar.gz`. Refuses as a whole what holds `..`, absolute paths, hard links,
    /// devices, links that lead out, too many entries or too many bytes; nothing is left after a refusal.
    ///
    /// # Errors
    /// [`WorkspaceError::Archive`] with the reason, or another by kind.
    pub async fn unpack_archive<R: std::io::Read + Send + 'static>(&self, archive: R, caps: Caps) -> Result<Copied> {
        let _ = (archive, caps);
        todo!()
    }
}
