//! The files of a session, from outside, where every file is hostile.
//!
//! All paths are relative, resolved beneath the root by the kernel (`openat2` with `RESOLVE_BENEATH`, no symbolic and
//! no magic links), and opened only if they are regular files, under a cap. Never follows a link, never blocks on a
//! FIFO, never leaves the root. The blocking work runs on the pool for it.

mod about;
mod archive;
mod copy;
mod error;
mod hash;
mod path;
mod remove;
mod root;
#[cfg(test)]
mod tests;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Gid, Uid};

use root::Root;

pub use error::WorkspaceError;
pub use hash::{FileHash, NotAHash};

type Result<T> = std::result::Result<T, WorkspaceError>;

/// A handle to a directory whose content is not trusted; cheap to clone.
#[derive(Clone, Debug)]
pub struct Workspace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    root: Root,
}

/// Entries that a list of one directory may have.
const LARGEST_LIST: usize = 20_000;

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
        Ok(Self(Arc::new(Inner {
            path: root.to_owned(),
            root: Root::open_root(root, owner)?,
        })))
    }

    /// Where it lies on this machine.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0.path
    }

    /// Entries of a directory, directories first, then by name; `""` is the root.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn list(&self, path: &str) -> Result<Vec<Entry>> {
        let path = path.to_owned();
        self.blocking(move |root| root.list(&path, LARGEST_LIST)).await
    }

    /// What is at a path; links and special files are told, not followed.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn stat(&self, path: &str) -> Result<Entry> {
        let path = path.to_owned();
        self.blocking(move |root| {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            root.stat(&path).map(|stat| about::entry(name, false, &stat))
        })
        .await
    }

    /// A file's bytes, if there are at most `cap` of them.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn read(&self, path: &str, cap: u64) -> Result<Content> {
        let path = path.to_owned();
        self.blocking(move |root| root.read(&path, cap)).await
    }

    /// A file's size and hash without keeping its bytes, if it has at most `cap`.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn hash(&self, path: &str, cap: u64) -> Result<(u64, FileHash)> {
        let path = path.to_owned();
        self.blocking(move |root| root.hash(&path, cap)).await
    }

    /// An open handle to a regular file with its size, for a download.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn open_file(&self, path: &str) -> Result<(tokio::fs::File, u64)> {
        let path = path.to_owned();
        self.blocking(move |root| root.open_regular(&path))
            .await
            .map(|(file, stat)| (tokio::fs::File::from_std(file), about::size(&stat)))
    }

    /// Writes a file atomically (a reader sees the old or the new bytes, never half), keeping the mode of the one
    /// that it replaces. Parents must exist. Answers the hash of the new content.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn write(&self, path: &str, bytes: impl Into<bytes::Bytes> + Send, expect: Expect) -> Result<FileHash> {
        let path = path.to_owned();
        let bytes = bytes.into();
        self.blocking(move |root| root.put(&path, &mut &*bytes, None, expect))
            .await
    }

    /// Makes a directory, and with `parents` those above it.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn create_dir(&self, path: &str, parents: bool) -> Result<()> {
        let path = path.to_owned();
        self.blocking(move |root| match root.create_dir(&path, parents, 0o755) {
            Err(WorkspaceError::Exists { .. }) if parents => root.open_dir(&path).map(drop),
            other => other,
        })
        .await
    }

    /// Gives a file or directory another path; refuses if that exists.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.blocking(move |root| root.rename(&from, &to)).await
    }

    /// Removes a file, link, special file, or a directory with all that is in it.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn remove(&self, path: &str) -> Result<()> {
        let path = path.to_owned();
        self.blocking(move |root| root.remove(&path)).await
    }

    /// Removes everything in it.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn clear(&self) -> Result<()> {
        self.blocking(Root::clear).await
    }

    /// Sets permission bits (0o777 at most) of a file or directory.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn set_mode(&self, path: &str, mode: u32) -> Result<()> {
        let path = path.to_owned();
        self.blocking(move |root| root.set_mode(&path, mode)).await
    }

    /// Everything beneath a directory, in order of path, links not followed; fails above `cap` entries.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn tree(&self, path: &str, cap: usize) -> Result<Vec<Entry>> {
        let path = path.to_owned();
        self.blocking(move |root| {
            let mut entries = Vec::new();
            let above = if path.is_empty() { 0 } else { path.len() + 1 };
            root.walk(&path, cap, &mut |full, entry| {
                entries.push(Entry {
                    name: full.get(above..).unwrap_or_default().to_owned(),
                    ..entry.clone()
                });
                Ok(())
            })?;
            Ok(entries)
        })
        .await
    }

    /// Copies regular files and directories to a directory of the machine, which is made; links and special files
    /// are left out and told. The copy belongs to the workspace's owner.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn copy_to(&self, directory: &Path, caps: Caps) -> Result<Copied> {
        let directory = directory.to_owned();
        self.blocking(move |root| root.copy_to(&directory, caps)).await
    }

    /// Copies files of a trusted directory (a lab's) into the workspace at `to`, over what is there.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn copy_from(&self, directory: &Path, to: &str) -> Result<Copied> {
        let (directory, to) = (directory.to_owned(), to.to_owned());
        self.blocking(move |root| root.copy_from(&directory, &to)).await
    }

    /// Writes the workspace as a `tar.gz` to `out`: regular files and directories. Links and special files, and names
    /// that are not UTF-8, are left out and told.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn archive<W: std::io::Write + Send + 'static>(&self, out: W, caps: Caps) -> Result<(W, Copied)> {
        self.blocking(move |root| root.archive(out, caps)).await
    }

    /// The same of a workspace that is too much for one archive: what fits into the caps, and a file that names the rest.
    ///
    /// # Errors
    /// [`WorkspaceError`] by kind.
    pub async fn archive_what_fits<W: std::io::Write + Send + 'static>(
        &self,
        out: W,
        caps: Caps,
    ) -> Result<(W, Copied)> {
        self.blocking(move |root| root.archive_what_fits(out, caps)).await
    }

    /// Replaces all that is in the workspace by what a hostile `tar.gz` holds. Refuses as a whole what has `..`,
    /// absolute paths, links, devices, too many entries or too many bytes; then the workspace stays as it was.
    ///
    /// # Errors
    /// [`WorkspaceError::Archive`] with the reason, or another by kind.
    pub async fn unpack_archive<R: std::io::Read + Send + 'static>(&self, archive: R, caps: Caps) -> Result<Copied> {
        self.blocking(move |root| root.unpack(archive, caps)).await
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Root) -> Result<T> + Send + 'static) -> Result<T> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&inner.root))
            .await
            .unwrap_or_else(|error| {
                Err(WorkspaceError::Io {
                    path: "the workspace".to_owned(),
                    source: std::io::Error::other(error),
                })
            })
    }
}

/// Removes a directory of the machine with all that is in it, however deep, without following links. One that is not
/// there is no error.
///
/// # Errors
/// As the machine gives them.
pub(crate) async fn remove_tree(directory: &Path) -> std::io::Result<()> {
    let directory = directory.to_owned();
    tokio::task::spawn_blocking(move || {
        match Root::open_root(&directory, None) {
            Ok(root) => remove::empty(&root.directory)?,
            Err(WorkspaceError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(std::io::Error::other(error)),
        }
        match std::fs::remove_dir(&directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    })
    .await
    .unwrap_or_else(|error| Err(std::io::Error::other(error)))
}
