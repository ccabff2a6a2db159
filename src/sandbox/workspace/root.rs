//! The blocking half: system calls beneath one open directory.
//!
//! Every path is checked as text first, then resolved by the kernel beneath the root without links. What is opened is
//! looked at through its descriptor, so nothing can be put in its place in between.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Dir, Gid, Mode, OFlags, RenameFlags, ResolveFlags, Stat, Uid};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::about::{entry, kind_of, modified, not_a_file, size, special};
use super::error::shown;
use super::path::{check, split};
use super::{Content, Entry, EntryKind, Expect, FileHash, Result, WorkspaceError};

/// Files that are half written or half removed begin so; they are left out of lists.
pub(super) const OURS: &str = ".halfway-tmp-";
/// Directories within directories.
pub(super) const DEEPEST: usize = 64;
/// How often `openat2` is tried again when somebody renames while it resolves.
const TRIES: u32 = 32;

static NUMBER: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub(super) struct Root {
    pub directory: OwnedFd,
    pub owner: Option<(Uid, Gid)>,
}

/// A name that nothing else of this process uses.
pub(super) fn fresh_name() -> String {
    format!(
        "{OURS}{}-{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    )
}

impl Root {
    pub(super) fn open_root(path: &Path, owner: Option<(Uid, Gid)>) -> Result<Self> {
        let directory = rustix::fs::open(
            path,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW,
            Mode::empty(),
        )
        .map_err(WorkspaceError::sys(""))?;
        Ok(Self { directory, owner })
    }

    /// Resolves beneath the root; the path was checked.
    pub(super) fn open_at(&self, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        self.open_raw(path, flags, mode).map_err(WorkspaceError::sys(path))
    }

    fn open_raw(&self, path: &str, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
        let target = if path.is_empty() { "." } else { path };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let mut tries = 0;
        loop {
            match rustix::fs::openat2(&self.directory, target, flags | OFlags::CLOEXEC, mode, resolve) {
                Err(Errno::AGAIN) if tries < TRIES => tries += 1,
                other => return other,
            }
        }
    }

    pub(super) fn open_dir(&self, path: &str) -> Result<OwnedFd> {
        check(path)?;
        // Not NOFOLLOW: with DIRECTORY it would call a link "no directory"; links are refused either way.
        self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
    }

    /// Opens a regular file for reading; anything else is refused by kind.
    pub(super) fn open_regular(&self, path: &str) -> Result<(File, Stat)> {
        check(path)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = self.open_at(path, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&opened).map_err(WorkspaceError::sys(path))?;
        match not_a_file(path, &stat) {
            None => Ok((File::from(opened), stat)),
            Some(error) => Err(error),
        }
    }

    pub(super) fn stat(&self, path: &str) -> Result<Stat> {
        if path.is_empty() {
            return rustix::fs::fstat(&self.directory).map_err(WorkspaceError::sys(path));
        }
        let (parent, name) = split(path)?;
        let parent = self.open_dir(parent)?;
        rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(WorkspaceError::sys(path))
    }

    pub(super) fn list(&self, path: &str, cap: usize) -> Result<Vec<Entry>> {
        match self.list_some(path, cap)? {
            (entries, false) => Ok(entries),
            (_, true) => Err(WorkspaceError::TooMany { path: shown(path), cap }),
        }
    }

    /// At most so many entries, and whether there are more.
    pub(super) fn list_some(&self, path: &str, cap: usize) -> Result<(Vec<Entry>, bool)> {
        let directory = self.open_dir(path)?;
        let mut entries = Vec::new();
        let mut more = false;
        for item in Dir::read_from(&directory).map_err(WorkspaceError::sys(path))? {
            let item = item.map_err(WorkspaceError::sys(path))?;
            let raw = item.file_name();
            if matches!(raw.to_bytes(), b"." | b"..") || raw.to_bytes().starts_with(OURS.as_bytes()) {
                continue;
            }
            if entries.len() >= cap {
                more = true;
                break;
            }
            // Gone in between.
            let Ok(stat) = rustix::fs::statat(&directory, raw, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let (name, unreadable) = match raw.to_str() {
                Ok(name) => (name.to_owned(), false),
                Err(_) => (raw.to_string_lossy().into_owned(), true),
            };
            entries.push(entry(name, unreadable, &stat));
        }
        entries.sort_by(|a, b| {
            let directory = |entry: &Entry| entry.kind != EntryKind::Directory;
            (directory(a), &a.name).cmp(&(directory(b), &b.name))
        });
        Ok((entries, more))
    }

    pub(super) fn read(&self, path: &str, cap: u64) -> Result<Content> {
        let (file, stat) = self.open_regular(path)?;
        let too_large = |size| WorkspaceError::TooLarge {
            path: shown(path),
            size,
            cap,
        };
        if size(&stat) > cap {
            return Err(too_large(size(&stat)));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size(&stat)).unwrap_or(0));
        // One more than the cap, as the file may grow meanwhile.
        file.take(cap.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| WorkspaceError::io(path, error))?;
        if bytes.len() as u64 > cap {
            return Err(too_large(bytes.len() as u64));
        }
        Ok(Content {
            hash: FileHash::of(&bytes),
            mode: entry(String::new(), false, &stat).mode,
            modified: modified(&stat),
            bytes,
        })
    }

    pub(super) fn hash(&self, path: &str, cap: u64) -> Result<(u64, FileHash)> {
        let (file, stat) = self.open_regular(path)?;
        if size(&stat) > cap {
            return Err(WorkspaceError::TooLarge {
                path: shown(path),
                size: size(&stat),
                cap,
            });
        }
        let mut file = file.take(cap);
        let mut hasher = Sha256::new();
        let mut piece = vec![0; 64 * 1024];
        let mut total = 0;
        loop {
            match file.read(&mut piece).map_err(|error| WorkspaceError::io(path, error))? {
                0 => return Ok((total, FileHash::finish(hasher))),
                count => {
                    hasher.update(&piece[..count]);
                    total += count as u64;
                }
            }
        }
    }

    /// Replaces or makes a file in one step: temporary file beside it, then a rename.
    pub(super) fn put(&self, path: &str, bytes: &mut dyn Read, mode: Option<u32>, expect: Expect) -> Result<FileHash> {
        let (parent, name) = split(path)?;
        let directory = self.open_dir(parent)?;
        let old = match rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                if let Some(error) = not_a_file(path, &stat) {
                    return Err(error);
                }
                Some(stat)
            }
            Err(Errno::NOENT) => None,
            Err(error) => return Err(WorkspaceError::sys(path)(error)),
        };
        self.expected(path, old.as_ref(), expect)?;
        let temporary = fresh_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&directory, &*temporary, flags, Mode::from_raw_mode(0o600))
            .map_err(WorkspaceError::sys(path))?;
        let outcome = self.fill(path, opened, bytes, mode, old.as_ref()).and_then(|hash| {
            let flags = if expect == Expect::Nothing {
                RenameFlags::NOREPLACE
            } else {
                RenameFlags::empty()
            };
            rustix::fs::renameat_with(&directory, &*temporary, &directory, name, flags)
                .map_err(WorkspaceError::sys(path))
                .map(|()| hash)
        });
        if outcome.is_err() {
            // The first error is the one to tell.
            let _ = rustix::fs::unlinkat(&directory, &*temporary, AtFlags::empty());
        }
        outcome
    }

    fn expected(&self, path: &str, old: Option<&Stat>, expect: Expect) -> Result<()> {
        match (expect, old) {
            (Expect::Anything, _) | (Expect::Nothing, None) => Ok(()),
            (Expect::Nothing, Some(_)) => Err(WorkspaceError::Exists { path: shown(path) }),
            (Expect::Hash(_), None) => Err(WorkspaceError::Conflict {
                path: shown(path),
                current: None,
            }),
            (Expect::Hash(wanted), Some(stat)) => {
                let (_, current) = self.hash(path, size(stat).max(1 << 30))?;
                if current == wanted {
                    return Ok(());
                }
                Err(WorkspaceError::Conflict {
                    path: shown(path),
                    current: Some(current),
                })
            }
        }
    }

    #[allow(
        clippy::unnecessary_cast,
        clippy::useless_conversion,
        reason = "the types of these fields differ by platform"
    )]
    fn fill(
        &self,
        path: &str,
        opened: OwnedFd,
        bytes: &mut dyn Read,
        mode: Option<u32>,
        old: Option<&Stat>,
    ) -> Result<FileHash> {
        let mut file = File::from(opened);
        let mut hasher = Sha256::new();
        let mut piece = vec![0; 64 * 1024];
        loop {
            let count = match bytes.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(WorkspaceError::io(path, error)),
            };
            hasher.update(&piece[..count]);
            file.write_all(&piece[..count])
                .map_err(|error| WorkspaceError::io(path, error))?;
        }
        let mode = mode
            .or(old.map(|stat| u32::from(stat.st_mode) & 0o777))
            .unwrap_or(0o644);
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode & 0o777)).map_err(WorkspaceError::sys(path))?;
        self.give(&file, path)?;
        Ok(FileHash::finish(hasher))
    }

    /// Hands what the server made to the sandbox's user.
    fn give(&self, file: impl std::os::fd::AsFd, path: &str) -> Result<()> {
        match self.owner {
            Some((uid, gid)) => rustix::fs::fchown(file, Some(uid), Some(gid)).map_err(WorkspaceError::sys(path)),
            None => Ok(()),
        }
    }

    pub(super) fn create_dir(&self, path: &str, parents: bool, mode: u32) -> Result<()> {
        let (parent, name) = split(path)?;
        if parents && !parent.is_empty() {
            match self.create_dir(parent, true, mode) {
                Ok(()) | Err(WorkspaceError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let directory = self.open_dir(parent)?;
        rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o700)).map_err(WorkspaceError::sys(path))?;
        let fresh = self.open_dir(path)?;
        rustix::fs::fchmod(&fresh, Mode::from_raw_mode(mode & 0o777)).map_err(WorkspaceError::sys(path))?;
        self.give(&fresh, path)
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from_parent, from_name) = split(from)?;
        let (to_parent, to_name) = split(to)?;
        let from_directory = self.open_dir(from_parent)?;
        let to_directory = self.open_dir(to_parent)?;
        rustix::fs::renameat_with(
            &from_directory,
            from_name,
            &to_directory,
            to_name,
            RenameFlags::NOREPLACE,
        )
        .map_err(|errno| match errno {
            Errno::EXIST => WorkspaceError::Exists { path: to.to_owned() },
            Errno::INVAL => WorkspaceError::BadPath {
                path: to.to_owned(),
                why: "a directory cannot be moved into itself",
            },
            errno => WorkspaceError::sys(from)(errno),
        })
    }

    pub(super) fn set_mode(&self, path: &str, mode: u32) -> Result<()> {
        check(path)?;
        // A descriptor that only names the file: opening a file for real may be forbidden, or block.
        let opened = self.open_at(path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
        let stat = rustix::fs::fstat(&opened).map_err(WorkspaceError::sys(path))?;
        match kind_of(&stat) {
            EntryKind::File | EntryKind::Directory => {}
            EntryKind::Symlink => return Err(WorkspaceError::Symlink { path: shown(path) }),
            EntryKind::Special => {
                return Err(WorkspaceError::Special {
                    path: shown(path),
                    what: special(&stat),
                });
            }
        }
        rustix::fs::chmod(
            format!("/proc/self/fd/{}", opened.as_raw_fd()),
            Mode::from_raw_mode(mode & 0o777),
        )
        .map_err(WorkspaceError::sys(path))
    }
}
