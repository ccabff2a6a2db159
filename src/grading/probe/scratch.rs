//! Directories of one run of a referee: made fresh, removed when the run is over, however it ends.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Gid, Uid};

use crate::sandbox::SessionFolder;
use crate::sandbox::workspace::remove_tree;

/// Tells runs of this server apart; what an earlier server left is swept.
static RUN: AtomicU64 = AtomicU64::new(0);

/// The directories of one run. Removed when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    root: PathBuf,
    owner: Option<(Uid, Gid)>,
}

impl Scratch {
    /// A fresh one for a session.
    pub async fn fresh(folder: &SessionFolder) -> io::Result<Self> {
        let number = RUN.fetch_add(1, Ordering::Relaxed);
        let root = folder.scratch().join(format!("referee-{number}"));
        remove_tree(&root).await?;
        let (workspace, made) = (folder.workspace(), root.clone());
        let owner = blocking(move || {
            make(&made, 0o711)?;
            let about = std::fs::metadata(workspace)?;
            // Only root can give files away, and only then do they have to be given.
            let is_root = rustix::process::geteuid().is_root();
            Ok(is_root.then(|| (Uid::from_raw(about.uid()), Gid::from_raw(about.gid()))))
        })
        .await?;
        Ok(Self { root, owner })
    }

    /// To whom the directories belong that programs write.
    pub fn owner(&self) -> Option<(Uid, Gid)> {
        self.owner
    }

    /// The path of `name` in it, which need not exist.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes a directory that a program of the run may write to.
    pub async fn writable(&self, name: &str) -> io::Result<PathBuf> {
        let (path, owner) = (self.path(name), self.owner);
        blocking(move || {
            make(&path, 0o700)?;
            if let Some((uid, gid)) = owner {
                rustix::fs::chown(&path, Some(uid), Some(gid))?;
            }
            Ok(path)
        })
        .await
    }

    /// Makes `/lab`: the scripts of the lab's folder and what is to be known beside them, readable by all.
    pub async fn lab(&self, folder: &Path, files: Vec<(&'static str, Vec<u8>)>) -> io::Result<PathBuf> {
        let (path, folder) = (self.path("lab"), folder.to_owned());
        blocking(move || {
            make(&path, 0o755)?;
            for name in ["checks", "setup"] {
                let source = folder.join(name);
                if source.is_dir() {
                    copy(&source, &path.join(name))?;
                }
            }
            for (name, bytes) in files {
                write(&path.join(name), &bytes)?;
            }
            Ok(path)
        })
        .await
    }
}

impl Scratch {
    /// Removes it, and waits until that is done.
    pub async fn remove(mut self) {
        let root = std::mem::take(&mut self.root);
        if let Err(error) = remove_tree(&root).await {
            tracing::warn!(%error, directory = %root.display(), "a referee's scratch directory was not removed");
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let root = std::mem::take(&mut self.root);
        if root.as_os_str().is_empty() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = remove_tree(&root).await {
                    tracing::warn!(%error, directory = %root.display(), "a referee's scratch directory was not removed");
                }
            });
        }
    }
}

/// Removes what referees of an earlier server left. To be called for each session at start, before anything is looked
/// at.
///
/// # Errors
/// As the machine gives them.
pub async fn sweep(folder: &SessionFolder) -> io::Result<()> {
    let scratch = folder.scratch();
    let left = blocking(move || match std::fs::read_dir(scratch) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    })
    .await?;
    for path in left {
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("referee-"))
        {
            remove_tree(&path).await?;
        }
    }
    Ok(())
}

/// Adds a file to a directory that [`Scratch::lab`] made.
pub(super) async fn add(directory: &Path, name: &str, bytes: Vec<u8>) -> io::Result<()> {
    let path = directory.join(name);
    blocking(move || write(&path, &bytes)).await
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o711).create(path)?;
    // The umask must not take away what the sandbox's user needs.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

/// Copies the lab's own scripts, which are trusted; links are not followed all the same.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    make(target, 0o755)?;
    for entry in std::fs::read_dir(source)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, target.join(entry.file_name()));
        if entry.file_name() == "__pycache__" {
            continue;
        }
        if kind.is_dir() {
            copy(&entry.path(), &to)?;
        } else if kind.is_file() {
            write(&to, &std::fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
