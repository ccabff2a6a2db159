//! Notices changes of files in workspaces: one inotify instance for the whole server, host side, only on what somebody
//! named.
//!
//! Watches stand on directories, since editors save by renaming. They are opened beneath the workspace without
//! following links, follow directories that are replaced, and never read a file. Whoever is told of a change looks for
//! themselves: a change may be told once too often, never once too seldom.

mod places;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use inotify::Inotify;
use rustix::fs::{Mode, OFlags};
use tokio::sync::Notify;
use tokio::time::Instant;

use places::{Root, State};

/// A file that is being written is looked at when it is closed, or this long after the first write.
const QUIET: Duration = Duration::from_millis(150);

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
