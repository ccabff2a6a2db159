//! Reports what happens to files of the workspace, by inotify. Never opens a learner's file and never
//! follows a link: directories are opened beneath the workspace, names are only passed on.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
};

use halfway_agent::protocol::{ErrorKind, FileEvent, FileEventKind};
use rustix::{
    fs::{
        Dir, FileType, OFlags, ResolveFlags,
        inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags},
    },
    io::Errno,
};
use tokio::{io::unix::AsyncFd, sync::mpsc};

use crate::{dial::by_descriptor, http::error::ApiError, readiness};

/// Directories that one request watches at most.
const MOST_DIRECTORIES: usize = 4096;

/// A set of watches below one directory.
pub struct Watch {
    workspace: PathBuf,
    queue: AsyncFd<OwnedFd>,
    recursive: bool,
    directories: BTreeMap<i32, PathBuf>,
    top: PathBuf,
}

/// Opens a path without following any link.
fn open(workspace: &Path, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let root = rustix::fs::openat(
        rustix::fs::CWD,
        workspace,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    rustix::fs::openat2(
        &root,
        path,
        flags | OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}

impl Watch {
    /// Sets the watches; everything after this is reported.
    ///
    /// # Errors
    /// `not_found`, `denied` for a path that leaves the workspace or has a link in it, `limit`.
    pub fn new(workspace: &Path, path: &str, recursive: bool) -> Result<Self, ApiError> {
        let top: PathBuf = Path::new(path)
            .components()
            .filter(|part| !matches!(part, std::path::Component::CurDir))
            .collect();
        let failed = |error: Errno| {
            let kind = match error {
                Errno::NOENT | Errno::NOTDIR => ErrorKind::NotFound,
                Errno::XDEV | Errno::LOOP | Errno::ACCESS => ErrorKind::Denied,
                Errno::NOSPC | Errno::MFILE | Errno::NFILE => ErrorKind::Limit,
                _ => ErrorKind::Internal,
            };
            ApiError::new(kind, format!("cannot watch {path:?}: {error}"))
        };
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(failed)?;
        let queue = readiness::register(queue)
            .map_err(|error| ApiError::new(ErrorKind::Limit, format!("cannot watch: {error}")))?;
        let mut watch = Self {
            workspace: workspace.to_owned(),
            queue,
            recursive,
            directories: BTreeMap::new(),
            top,
        };
        let top = watch.top.clone();
        watch.add(&top).map_err(failed)?;
        if recursive {
            watch.descend(top, &mut Vec::new());
        }
        Ok(watch)
    }

    fn add(&mut self, path: &Path) -> Result<(), Errno> {
        if self.directories.len() >= MOST_DIRECTORIES {
            return Err(Errno::NOSPC);
        }
        let opened = open(&self.workspace, path, OFlags::PATH)?;
        let descriptor = inotify::add_watch(
            &self.queue,
            by_descriptor(&opened),
            WatchFlags::CREATE
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::DELETE
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::ATTRIB,
        )?;
        self.directories.insert(descriptor, path.to_owned());
        Ok(())
    }

    /// Watches every directory below `path`, which is watched already, and tells what it finds there.
    fn descend(&mut self, path: PathBuf, found: &mut Vec<FileEvent>) {
        let mut waiting = vec![path];
        while let Some(directory) = waiting.pop() {
            let Ok(opened) = open(&self.workspace, &directory, OFlags::RDONLY | OFlags::DIRECTORY) else {
                continue;
            };
            let Ok(entries) = Dir::new(opened) else {
                continue;
            };
            for entry in entries.flatten() {
                let name = entry.file_name().to_bytes();
                if name == b"." || name == b".." {
                    continue;
                }
                let path = directory.join(OsStr::from_bytes(name));
                let is_directory = entry.file_type() == FileType::Directory;
                found.push(event(FileEventKind::Created, &path, is_directory));
                if !is_directory {
                    continue;
                }
                match self.add(&path) {
                    Ok(()) => waiting.push(path),
                    Err(Errno::NOSPC) => {
                        found.push(event(FileEventKind::Overflow, &path, true));
                        return;
                    }
                    // Gone again, or not a directory any more.
                    Err(_) => {}
                }
            }
        }
    }

    /// Reports until nobody listens any more or the watched path is gone.
    pub async fn run(mut self, events: mpsc::Sender<FileEvent>) {
        let watching = event(FileEventKind::Watching, &self.top, true);
        if events.send(watching).await.is_err() {
            return;
        }
        loop {
            let found = tokio::select! {
                found = self.read() => found,
                () = events.closed() => return,
            };
            for event in found {
                if events.send(event).await.is_err() {
                    return;
                }
            }
            if self.directories.is_empty() {
                return;
            }
        }
    }

    async fn read(&mut self) -> Vec<FileEvent> {
        let Ok(mut ready) = self.queue.readable().await else {
            self.directories.clear();
            return Vec::new();
        };
        let mut raw = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(self.queue.get_ref(), &mut buffer);
        loop {
            match reader.next() {
                Ok(one) => raw.push((
                    one.wd(),
                    one.events(),
                    one.file_name().map(|name| name.to_bytes().to_owned()),
                )),
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
            // A learner may make events faster than anybody reads them: the kernel's queue is the bound.
            if raw.len() >= 1024 && reader.is_buffer_empty() {
                break;
            }
        }
        if raw.len() < 1024 {
            ready.clear_ready();
        }
        drop(ready);
        let mut found = Vec::new();
        for (descriptor, flags, name) in raw {
            self.translate(descriptor, flags, name.as_deref(), &mut found);
        }
        found
    }

    fn translate(&mut self, descriptor: i32, flags: ReadFlags, name: Option<&[u8]>, found: &mut Vec<FileEvent>) {
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            found.push(event(FileEventKind::Overflow, &self.top, true));
            return;
        }
        let Some(watched) = self.directories.get(&descriptor).cloned() else {
            return;
        };
        if flags.contains(ReadFlags::IGNORED) {
            self.directories.remove(&descriptor);
            return;
        }
        let kind = if flags.contains(ReadFlags::CREATE) {
            FileEventKind::Created
        } else if flags.contains(ReadFlags::CLOSE_WRITE) {
            FileEventKind::Written
        } else if flags.intersects(ReadFlags::DELETE | ReadFlags::DELETE_SELF) {
            FileEventKind::Deleted
        } else if flags.contains(ReadFlags::MOVED_FROM) {
            FileEventKind::MovedFrom
        } else if flags.contains(ReadFlags::MOVED_TO) {
            FileEventKind::MovedTo
        } else if flags.contains(ReadFlags::ATTRIB) {
            FileEventKind::Attributes
        } else {
            return;
        };
        let is_directory = flags.contains(ReadFlags::ISDIR);
        if name.is_none() && watched != self.top {
            // The parent's watch has told this already.
            return;
        }
        let path = name.map_or(watched.clone(), |name| watched.join(OsStr::from_bytes(name)));
        found.push(event(kind, &path, is_directory));
        if !(self.recursive && is_directory) {
            return;
        }
        match kind {
            FileEventKind::Created | FileEventKind::MovedTo => match self.add(&path) {
                // What was put in before the watch was set is told now.
                Ok(()) => self.descend(path, found),
                Err(Errno::NOSPC) => found.push(event(FileEventKind::Overflow, &path, true)),
                Err(_) => {}
            },
            FileEventKind::MovedFrom => {
                let gone: Vec<i32> = self
                    .directories
                    .iter()
                    .filter(|(_, known)| known.starts_with(&path))
                    .map(|(descriptor, _)| *descriptor)
                    .collect();
                for descriptor in gone {
                    self.directories.remove(&descriptor);
                    // Moved within the workspace it is watched anew under its new name.
                    let _ = inotify::remove_watch(&self.queue, descriptor);
                }
            }
            _ => {}
        }
    }
}

fn event(kind: FileEventKind, path: &Path, directory: bool) -> FileEvent {
    FileEvent {
        kind,
        path: path.to_string_lossy().into_owned(),
        directory,
    }
}
