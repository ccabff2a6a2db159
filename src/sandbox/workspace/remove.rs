//! Removing what learners made: any depth, any mode, while they look on. Never follows a link.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::path::split;
use super::root::{Root, fresh_name};
use super::{Result, WorkspaceError};

/// Passes over a directory that somebody keeps filling.
const PASSES: usize = 100_000;

impl Root {
    pub(super) fn remove(&self, path: &str) -> Result<()> {
        let (parent, name) = split(path)?;
        let directory = self.open_dir(parent)?;
        match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => {}
            other => return other.map_err(WorkspaceError::sys(path)),
        }
        empty(&open(&directory, name).map_err(WorkspaceError::sys(path))?).map_err(WorkspaceError::sys(path))?;
        rustix::fs::unlinkat(&directory, name, AtFlags::REMOVEDIR).map_err(WorkspaceError::sys(path))
    }

    pub(super) fn clear(&self) -> Result<()> {
        empty(&self.directory).map_err(WorkspaceError::sys(""))
    }
}

/// Opens a directory by name, though its mode may forbid it to its owner.
fn open(directory: &OwnedFd, name: impl rustix::path::Arg + Copy) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let named = rustix::fs::openat(directory, name, flags | OFlags::PATH, Mode::empty())?;
    let mode = rustix::fs::fstat(&named)?.st_mode & 0o700;
    if mode != 0o700 {
        let path = format!("/proc/self/fd/{}", named.as_raw_fd());
        rustix::fs::chmod(path, Mode::from_raw_mode(0o700))?;
    }
    rustix::fs::openat(&named, ".", flags | OFlags::RDONLY, Mode::empty())
}

/// Empties a directory without ever holding more than two levels open: what lies deeper is moved up first. A tree
/// deeper than the limit of open files, or of the stack, would else be a way to stay.
pub(super) fn empty(top: &OwnedFd) -> rustix::io::Result<()> {
    for _ in 0..PASSES {
        let mut found = false;
        for item in Dir::read_from(top)? {
            let item = item?;
            let name = item.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            found = true;
            if item.file_type() != FileType::Directory {
                match gone(rustix::fs::unlinkat(top, name, AtFlags::empty())) {
                    Err(Errno::ISDIR | Errno::PERM) => {}
                    other => {
                        other?;
                        continue;
                    }
                }
            }
            let inner = match open(top, name) {
                Ok(inner) => inner,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                Err(error) => return Err(error),
            };
            flatten(top, &inner)?;
            match rustix::fs::unlinkat(top, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                Err(error) => return Err(error),
            }
        }
        if !found {
            return Ok(());
        }
    }
    Err(Errno::NOTEMPTY)
}

/// Removes the files of `inner` and moves its directories up into `top`.
fn flatten(top: &OwnedFd, inner: &OwnedFd) -> rustix::io::Result<()> {
    for item in Dir::read_from(inner)? {
        let item = item?;
        let name = item.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if item.file_type() != FileType::Directory {
            match gone(rustix::fs::unlinkat(inner, name, AtFlags::empty())) {
                Err(Errno::ISDIR | Errno::PERM) => {}
                other => {
                    other?;
                    continue;
                }
            }
        }
        // Moving a directory changes its `..`, for which it must be writable itself.
        match open(inner, name) {
            Ok(_) => {}
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
            Err(error) => return Err(error),
        }
        gone(rustix::fs::renameat(inner, name, top, fresh_name()))?;
    }
    Ok(())
}

fn gone(outcome: rustix::io::Result<()>) -> rustix::io::Result<()> {
    match outcome {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}
