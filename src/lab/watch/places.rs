//! Which directories are watched for whom, and what an event of the kernel means to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use inotify::{EventMask, WatchDescriptor, WatchMask, Watches};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use tokio::time::Instant;

use super::{Interest, Outbox, QUIET};

/// Directories that one deep interest may watch.
const MOST_DIRECTORIES: usize = 1024;

pub(super) struct State {
    pub watches: Watches,
    /// Which directory of whose workspace a watch stands on.
    pub places: HashMap<WatchDescriptor, (u64, PathBuf)>,
    pub roots: HashMap<u64, Root>,
}

pub(super) struct Root {
    pub directory: OwnedFd,
    pub interests: Vec<Interest>,
    pub watched: BTreeMap<PathBuf, WatchDescriptor>,
    pub out: Arc<Outbox>,
}

impl State {
    pub fn heed(&mut self, wd: &WatchDescriptor, mask: EventMask, name: Option<&Path>) {
        if mask.contains(EventMask::Q_OVERFLOW) {
            tracing::warn!("more files changed than could be told; every check is looked at again");
            self.look_at_all();
            return;
        }
        let Some((id, directory)) = self.places.get(wd).cloned() else {
            return;
        };
        if mask.contains(EventMask::IGNORED) {
            self.places.remove(wd);
            if let Some(root) = self.roots.get_mut(&id)
                && root.watched.get(&directory) == Some(wd)
            {
                root.watched.remove(&directory);
            }
            self.sync(id);
            self.tell(id, &directory, true);
            return;
        }
        let path = name.map_or_else(|| directory.clone(), |name| directory.join(name));
        let structural = mask.intersects(EventMask::DELETE_SELF | EventMask::MOVE_SELF | EventMask::UNMOUNT)
            || mask.contains(EventMask::ISDIR)
                && mask.intersects(EventMask::CREATE | EventMask::DELETE | EventMask::MOVED_FROM | EventMask::MOVED_TO);
        if structural {
            // Watches first, then the word: who looks now hears of everything that comes after their look.
            self.sync(id);
        }
        let unfinished = !structural && mask.intersects(EventMask::MODIFY | EventMask::CREATE);
        self.tell(id, &path, !unfinished);
    }

    /// Tells of a change at `path`.
    fn tell(&self, id: u64, path: &Path, sure: bool) {
        let Some(root) = self.roots.get(&id) else { return };
        let mut told = false;
        let mut pending = root.out.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for interest in &root.interests {
            let wanted = clean(&interest.path);
            let touched = wanted.starts_with(path)
                || (interest.deep && path.starts_with(&wanted))
                || path.parent() == Some(wanted.as_path());
            if !touched {
                continue;
            }
            told = true;
            if sure {
                pending.writing.remove(&interest.path);
                pending.sure.insert(interest.path.clone());
            } else {
                // From the first write on, so that one who never stops writing is heard of as well.
                pending
                    .writing
                    .entry(interest.path.clone())
                    .or_insert_with(|| Instant::now() + QUIET);
            }
        }
        drop(pending);
        if told {
            root.out.filled.notify_one();
        }
    }

    pub fn look_at_all(&mut self) {
        let ids: Vec<u64> = self.roots.keys().copied().collect();
        for id in ids {
            self.sync(id);
            if let Some(root) = self.roots.get(&id) {
                root.out.pending.lock().unwrap_or_else(PoisonError::into_inner).all = true;
                root.out.filled.notify_one();
            }
        }
    }

    /// Brings the watches of a root to what its interests need and the disk has.
    pub fn sync(&mut self, id: u64) {
        let Some(root) = self.roots.get_mut(&id) else { return };
        let mut short = false;
        let mut watched = BTreeMap::new();
        // From the top down, each watched before it is listed, so that nothing made meanwhile is missed.
        let mut wanted: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::new()]);
        let mut deep: Vec<PathBuf> = Vec::new();
        for interest in &root.interests {
            let path = clean(&interest.path);
            let mut above = path.as_path();
            while let Some(parent) = above.parent() {
                wanted.insert(parent.to_owned());
                above = parent;
            }
            if interest.deep {
                deep.push(path.clone());
            }
            wanted.insert(path);
        }
        let mut watch = |path: &Path, short: &mut bool| -> Option<(WatchDescriptor, OwnedFd)> {
            let directory = open_beneath(&root.directory, path).ok()?;
            match self
                .watches
                .add(format!("/proc/self/fd/{}", directory.as_raw_fd()), mask())
            {
                Ok(wd) => Some((wd, directory)),
                Err(error) => {
                    if error.raw_os_error() == Some(rustix::io::Errno::NOSPC.raw_os_error()) {
                        tracing::error!(
                            "the machine's limit of inotify watches is reached; raise it with: sysctl fs.inotify.max_user_watches=524288"
                        );
                    } else {
                        tracing::error!(%error, "a directory cannot be watched");
                    }
                    *short = true;
                    None
                }
            }
        };
        for path in wanted {
            if let Some((wd, _)) = watch(&path, &mut short) {
                watched.insert(path, wd);
            }
        }
        for top in deep {
            let mut queue = vec![top];
            let mut count = 0;
            while let Some(path) = queue.pop() {
                count += 1;
                if count > MOST_DIRECTORIES {
                    short = true;
                    break;
                }
                let Some((wd, directory)) = watch(&path, &mut short) else {
                    continue;
                };
                queue.extend(subdirectories(&directory).into_iter().map(|name| path.join(name)));
                watched.insert(path, wd);
            }
        }
        // A descriptor belongs to a directory, not to a name: one that was moved keeps its own.
        let kept: BTreeSet<i32> = watched.values().map(WatchDescriptor::get_watch_descriptor_id).collect();
        for (path, wd) in std::mem::take(&mut root.watched) {
            if !kept.contains(&wd.get_watch_descriptor_id()) {
                self.places.remove(&wd);
                let _ = self.watches.remove(wd);
            } else if watched.get(&path) != Some(&wd) {
                self.places.remove(&wd);
            }
        }
        for (path, wd) in &watched {
            self.places.insert(wd.clone(), (id, path.clone()));
        }
        root.watched = watched;
        root.out.short.store(short, Ordering::Relaxed);
    }
}

fn mask() -> WatchMask {
    WatchMask::CLOSE_WRITE
        | WatchMask::MODIFY
        | WatchMask::ATTRIB
        | WatchMask::CREATE
        | WatchMask::DELETE
        | WatchMask::MOVED_FROM
        | WatchMask::MOVED_TO
        | WatchMask::DELETE_SELF
        | WatchMask::MOVE_SELF
        | WatchMask::ONLYDIR
        | WatchMask::EXCL_UNLINK
}

/// The path with its plain names only: what climbs out or starts at the root loses that part, and is opened beneath anyway.
fn clean(path: &str) -> PathBuf {
    Path::new(path)
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect()
}

fn open_beneath(root: &OwnedFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    rustix::fs::openat2(
        root,
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}

fn subdirectories(directory: &OwnedFd) -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let Ok(entries) = rustix::fs::Dir::read_from(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            matches!(
                entry.file_type(),
                rustix::fs::FileType::Directory | rustix::fs::FileType::Unknown
            ) && !matches!(entry.file_name().to_bytes(), b"." | b"..")
        })
        .map(|entry| PathBuf::from(std::ffi::OsStr::from_bytes(entry.file_name().to_bytes())))
        .take(MOST_DIRECTORIES)
        .collect()
}
