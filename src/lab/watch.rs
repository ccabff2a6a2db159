//! Notices changes of files in workspaces: one inotify instance for the whole server, host side, only on what somebody
//! named.
//!
//! Watches stand on directories, since editors save by renaming. They are opened beneath the workspace without
//! following links, follow directories that are replaced, and never read a file. Whoever is told of a change looks for
//! themselves: a change may be told once too often, never once too seldom.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask, Watches};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use tokio::sync::Notify;
use tokio::time::Instant;

/// A file that is being written is looked at when it is closed, or this long after the first write.
const QUIET: Duration = Duration::from_millis(150);

/// Directories that one deep interest may watch.
const MOST_DIRECTORIES: usize = 1024;

/// Something that somebody wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interest {
    /// Relative to the workspace; empty is the workspace itself.
    pub path: String,
    /// Everything below it counts as well.
    pub deep: bool,
}

/// What changed: names of interests, or everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub paths: BTreeSet<String>,
    /// Events were lost: look at all.
    pub all: bool,
}

impl Changes {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.all
    }
}

/// The watcher; clones share the one instance.
#[derive(Clone)]
pub struct Watcher(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    next: AtomicU64,
}

struct State {
    watches: Watches,
    /// Which directory of whose workspace a watch stands on.
    places: HashMap<WatchDescriptor, (u64, PathBuf)>,
    roots: HashMap<u64, Root>,
}

struct Root {
    directory: OwnedFd,
    interests: Vec<Interest>,
    watched: BTreeMap<PathBuf, WatchDescriptor>,
    out: Arc<Outbox>,
}

#[derive(Default)]
struct Outbox {
    pending: Mutex<Pending>,
    filled: Notify,
    /// Some directory cannot be watched (the machine's limit, or too many of them): look now and then.
    short: AtomicBool,
}

#[derive(Default)]
struct Pending {
    sure: BTreeSet<String>,
    all: bool,
    /// Being written to; with the time when that will have been quiet for long enough.
    writing: BTreeMap<String, Instant>,
}

/// Somebody's interests; dropping it ends the watches.
pub struct Watching {
    shared: Arc<Shared>,
    id: u64,
    out: Arc<Outbox>,
}

impl Watcher {
    /// Makes the instance and the task that reads it; the task ends when the last clone and watching are gone.
    ///
    /// # Errors
    /// Where the machine gives no inotify instance.
    pub fn new() -> io::Result<Self> {
        let mut stream = Inotify::init()?.into_event_stream(vec![0; 64 * 1024])?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                watches: stream.watches(),
                places: HashMap::new(),
                roots: HashMap::new(),
            }),
            next: AtomicU64::new(0),
        });
        let weak: Weak<Shared> = Arc::downgrade(&shared);
        tokio::spawn(async move {
            // Without a look at the clock now and then, the last owner's going away would be noticed at the next event only.
            loop {
                let event = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
                let Some(shared) = weak.upgrade() else { return };
                match event {
                    Ok(Some(Ok(event))) => {
                        shared
                            .lock()
                            .heed(&event.wd, event.mask, event.name.as_deref().map(Path::new));
                    }
                    Ok(Some(Err(error))) => {
                        tracing::error!(%error, "file changes cannot be read; every check is looked at again");
                        shared.lock().look_at_all();
                        drop(shared);
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                    Ok(None) => return,
                    Err(_) => {}
                }
            }
        });
        Ok(Self(shared))
    }

    /// Watches a workspace.
    ///
    /// # Errors
    /// Where its directory cannot be opened.
    pub fn watch(&self, workspace: &Path, interests: Vec<Interest>) -> io::Result<Watching> {
        let directory = rustix::fs::open(
            workspace,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let out = Arc::<Outbox>::default();
        let mut state = self.0.lock();
        state.roots.insert(
            id,
            Root {
                directory,
                interests,
                watched: BTreeMap::new(),
                out: out.clone(),
            },
        );
        state.sync(id);
        drop(state);
        Ok(Watching {
            shared: self.0.clone(),
            id,
            out,
        })
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn heed(&mut self, wd: &WatchDescriptor, mask: EventMask, name: Option<&Path>) {
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

    fn look_at_all(&mut self) {
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
    fn sync(&mut self, id: u64) {
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

impl Watching {
    /// Changes the interests. What changed before is not told again.
    pub fn set(&self, interests: Vec<Interest>) {
        let mut state = self.shared.lock();
        if let Some(root) = state.roots.get_mut(&self.id) {
            if root.interests == interests {
                return;
            }
            root.interests = interests;
        }
        state.sync(self.id);
    }

    /// What has changed since the last call; waits until something has. Cancel-safe.
    pub async fn next(&self) -> Changes {
        loop {
            let filled = self.out.filled.notified();
            let (changes, due) = self.take();
            if !changes.is_empty() {
                return changes;
            }
            match due {
                Some(at) => {
                    tokio::select! {
                        () = filled => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
                None => filled.await,
            }
        }
    }

    /// Whether some of it cannot be watched, so that one must look now and then.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.out.short.load(Ordering::Relaxed)
    }

    fn take(&self) -> (Changes, Option<Instant>) {
        let mut pending = self.out.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut paths = std::mem::take(&mut pending.sure);
        pending.writing.retain(|path, at| {
            let over = *at <= now;
            if over {
                paths.insert(path.clone());
            }
            !over
        });
        let all = std::mem::take(&mut pending.all);
        (Changes { paths, all }, pending.writing.values().min().copied())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(root) = state.roots.remove(&self.id) {
            for wd in root.watched.into_values() {
                state.places.remove(&wd);
                let _ = state.watches.remove(wd);
            }
        }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn interest(path: &str) -> Interest {
        Interest {
            path: path.to_owned(),
            deep: false,
        }
    }

    fn deep(path: &str) -> Interest {
        Interest {
            path: path.to_owned(),
            deep: true,
        }
    }

    /// Waits until every one of `paths` was told of; fails if anything else was.
    async fn hears(watching: &Watching, paths: &[&str]) {
        let wanted: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let mut heard = BTreeSet::new();
        while heard != wanted {
            let changes = watching.next().await;
            assert!(changes.paths.is_subset(&wanted), "{changes:?} beyond {wanted:?}");
            heard.extend(changes.paths);
        }
    }

    #[tokio::test]
    async fn a_saved_file_is_told() {
        let root = tempfile::tempdir().unwrap();
        let watcher = Watcher::new().unwrap();
        let watching = watcher
            .watch(root.path(), vec![interest("a.txt"), interest("b.txt")])
            .unwrap();
        fs::write(root.path().join("a.txt"), "1").unwrap();
        hears(&watching, &["a.txt"]).await;
        fs::write(root.path().join("other.txt"), "1").unwrap();
        fs::write(root.path().join("tmp"), "2").unwrap();
        fs::rename(root.path().join("tmp"), root.path().join("b.txt")).unwrap();
        hears(&watching, &["b.txt"]).await;
        fs::remove_file(root.path().join("a.txt")).unwrap();
        hears(&watching, &["a.txt"]).await;
    }

    #[tokio::test]
    async fn directories_that_come_go_and_are_replaced_are_followed() {
        let root = tempfile::tempdir().unwrap();
        let watcher = Watcher::new().unwrap();
        let watching = watcher.watch(root.path(), vec![interest("x/y/z.json")]).unwrap();
        fs::create_dir_all(root.path().join("x/y")).unwrap();
        fs::write(root.path().join("x/y/z.json"), "1").unwrap();
        hears(&watching, &["x/y/z.json"]).await;
        fs::remove_dir_all(root.path().join("x")).unwrap();
        hears(&watching, &["x/y/z.json"]).await;
        fs::create_dir_all(root.path().join("new/y")).unwrap();
        fs::rename(root.path().join("new"), root.path().join("x")).unwrap();
        hears(&watching, &["x/y/z.json"]).await;
        // Let what is left of the burst pass, then see that the replaced directory itself is watched.
        while tokio::time::timeout(QUIET * 2, watching.next()).await.is_ok() {}
        fs::write(root.path().join("x/y/z.json"), "2").unwrap();
        hears(&watching, &["x/y/z.json"]).await;
    }

    #[tokio::test]
    async fn deep_interests_hear_of_what_is_below() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("model/a/b")).unwrap();
        let watcher = Watcher::new().unwrap();
        let watching = watcher
            .watch(root.path(), vec![deep("model"), interest("listed")])
            .unwrap();
        fs::write(root.path().join("model/a/b/c"), "1").unwrap();
        hears(&watching, &["model"]).await;
        fs::create_dir_all(root.path().join("model/d/e")).unwrap();
        hears(&watching, &["model"]).await;
        while tokio::time::timeout(QUIET * 2, watching.next()).await.is_ok() {}
        fs::write(root.path().join("model/d/e/f"), "1").unwrap();
        hears(&watching, &["model"]).await;
        fs::create_dir(root.path().join("listed")).unwrap();
        hears(&watching, &["listed"]).await;
        fs::write(root.path().join("listed/g"), "1").unwrap();
        hears(&watching, &["listed"]).await;
    }

    #[tokio::test]
    async fn links_are_not_followed_and_watches_end() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
        let watcher = Watcher::new().unwrap();
        let watching = watcher
            .watch(
                root.path(),
                vec![interest("out/a"), deep("out"), interest("../a"), interest("b")],
            )
            .unwrap();
        fs::write(outside.path().join("a"), "1").unwrap();
        fs::write(root.path().join("b"), "1").unwrap();
        hears(&watching, &["b"]).await;
        assert_eq!(watcher.0.lock().places.len(), 1);
        watching.set(vec![]);
        drop(watching);
        assert!(watcher.0.lock().places.is_empty());
    }

    #[tokio::test]
    async fn a_file_is_told_of_once_it_is_closed() {
        use std::io::Write;
        let root = tempfile::tempdir().unwrap();
        let watcher = Watcher::new().unwrap();
        let watching = watcher.watch(root.path(), vec![interest("log")]).unwrap();
        let mut file = fs::File::create(root.path().join("log")).unwrap();
        file.write_all(b"half").unwrap();
        // Never closed: told all the same.
        hears(&watching, &["log"]).await;
    }
}
