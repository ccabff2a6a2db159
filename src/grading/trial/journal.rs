//! What a trial must put back: copies of everything that an act is about to touch, on disk before it is touched.
//!
//! `<session>/trial/journal.json` and `<session>/trial/saved/`. A copy and the intention are synced to the disk first,
//! so that a server that is killed at any point finds at its next start what to do. A path is put back only while it
//! is still what an act made of it: what the learner has written since is newer, is kept, and is told.
//!
//! The acts of the trial's own `restore` stand in the journal from the beginning, too: it ends when they are done.

mod put_back;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{Act, TaskId};
use crate::sandbox::{EntryKind, FileHash, Workspace, WorkspaceError};

use put_back::put_back;

/// Bytes of all files that the acts of one trial may touch.
const SAVED: u64 = 256 << 20;

/// Paths that the acts of one trial may touch.
const TOUCHED: usize = 5_000;

/// What restoring came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreReport {
    pub task: TaskId,
    /// Nothing is left to be done. Otherwise the journal stays, and [`super::restore_after_crash`] tries again.
    pub complete: bool,
    /// All files are put back, and acts of the trial's own `restore` are left.
    #[serde(default)]
    pub acts_left: bool,
    /// How many paths were put back.
    pub put_back: usize,
    /// What was left as it is, and why; in words for the learner.
    pub notes: Vec<String>,
    /// For the operator.
    pub fault: Option<String>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    Missing,
    File(FileHash),
    Directory,
    /// A link, something special, or a file that is too large to have been made by an act.
    Other,
}

/// Why something must not be touched.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Words for the learner.
    Impossible(String),
    /// Words for the operator.
    Fault(String),
}

impl Refusal {
    pub fn of(error: &WorkspaceError) -> Self {
        match error {
            WorkspaceError::Io { .. } | WorkspaceError::Full { .. } => Self::Fault(error.to_string()),
            other => Self::Impossible(other.to_string()),
        }
    }

    fn io(doing: &str) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::Fault(format!("{doing}: {error}"))
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    task: TaskId,
    touched: Vec<Touched>,
    /// What is done after all files are put back.
    #[serde(default)]
    restore: Vec<Act>,
    /// How many of those are done; nothing as long as files are to be put back.
    #[serde(default)]
    restored: Option<usize>,
    /// What was told when the files were put back.
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Touched {
    path: String,
    before: State,
    mode: u32,
    /// Name of the copy in `saved/`, for a file.
    copy: Option<String>,
    /// Whatever acts made, or were about to make, of it.
    after: Vec<State>,
}

/// The journal of a running trial.
#[derive(Debug)]
pub(super) struct Journal {
    directory: PathBuf,
    workspace: Workspace,
    record: Record,
    index: HashMap<String, usize>,
    saved: u64,
    /// Nothing is kept: what is done stays.
    lasting: bool,
}

impl Journal {
    /// Begins a journal, after putting back what an earlier trial left. `restore` is what the trial does at its end.
    pub async fn begin(session: &Path, task: &TaskId, workspace: &Workspace, restore: &[Act]) -> Result<Self, Refusal> {
        if let Some(report) = files_after_crash(session, workspace).await
            && !report.complete
        {
            let why = report.fault.unwrap_or_else(|| "no reason is known".to_owned());
            return Err(Refusal::Fault(format!("an earlier trial could not be put back: {why}")));
        }
        let mut journal = Self::lasting(session, workspace);
        journal.lasting = false;
        journal.record.task = task.clone();
        journal.record.restore = restore.to_vec();
        let saved = journal.directory.join("saved");
        blocking(move || std::fs::create_dir_all(saved))
            .await
            .map_err(Refusal::io("the trial's folder cannot be made"))?;
        journal.write().await?;
        Ok(journal)
    }

    /// A journal that keeps nothing, for acts whose work stays.
    pub fn lasting(session: &Path, workspace: &Workspace) -> Self {
        Self {
            directory: session.join("trial"),
            workspace: workspace.clone(),
            record: Record {
                task: TaskId(String::new()),
                touched: Vec::new(),
                restore: Vec::new(),
                restored: None,
                notes: Vec::new(),
            },
            index: HashMap::new(),
            saved: 0,
            lasting: true,
        }
    }

    /// Saves what stands at `path` and notes what an act will make of it. Must be called, and awaited, before the act.
    pub async fn touch(&mut self, path: &str, after: State) -> Result<State, Refusal> {
        if self.lasting {
            return state(&self.workspace, path).await;
        }
        if let Some(index) = self.index.get(path) {
            let touched = &mut self.record.touched[*index];
            if !touched.after.contains(&after) {
                touched.after.push(after);
                self.write().await?;
            }
            return state(&self.workspace, path).await;
        }
        if self.record.touched.len() >= TOUCHED {
            return Err(Refusal::Impossible(format!(
                "the trial would touch more than {TOUCHED} paths"
            )));
        }
        let left = SAVED.saturating_sub(self.saved);
        let mut touched = Touched {
            path: path.to_owned(),
            before: State::Missing,
            mode: 0,
            copy: None,
            after: vec![after],
        };
        match self.workspace.stat(path).await {
            Err(WorkspaceError::NotFound { .. }) => {}
            Err(error) => return Err(Refusal::of(&error)),
            Ok(entry) => match entry.kind {
                EntryKind::Directory => touched.before = State::Directory,
                EntryKind::File => {
                    let content = self
                        .workspace
                        .read(path, left)
                        .await
                        .map_err(|error| Refusal::of(&error))?;
                    let name = format!("{:04}", self.record.touched.len());
                    let copy = self.directory.join("saved").join(&name);
                    self.saved += content.bytes.len() as u64;
                    touched.before = State::File(content.hash);
                    touched.mode = content.mode;
                    touched.copy = Some(name);
                    blocking(move || {
                        let mut file = std::fs::File::create(copy)?;
                        file.write_all(&content.bytes)?;
                        file.sync_all()
                    })
                    .await
                    .map_err(Refusal::io("a copy cannot be saved"))?;
                }
                EntryKind::Symlink => return Err(Refusal::Impossible(format!("{path} is a symbolic link"))),
                EntryKind::Special => return Err(Refusal::Impossible(format!("{path} is not a regular file"))),
            },
        }
        let before = touched.before;
        self.index.insert(path.to_owned(), self.record.touched.len());
        self.record.touched.push(touched);
        self.write().await?;
        Ok(before)
    }

    /// Puts all files back, and ends the journal where nothing else is to be done.
    pub async fn restore(self) -> RestoreReport {
        put_back(&self.directory, &self.workspace, &self.record).await
    }

    async fn write(&self) -> Result<(), Refusal> {
        write(&self.directory, &self.record)
            .await
            .map_err(Refusal::io("the journal cannot be written"))
    }
}

/// The acts that are left of a journal whose files are all put back.
#[derive(Debug)]
pub(super) struct Left {
    directory: PathBuf,
    record: Record,
}

impl Left {
    /// Those of a session.
    pub async fn load(session: &Path) -> io::Result<Self> {
        let directory = session.join("trial");
        let record = read(&directory).await?;
        Ok(Self { directory, record })
    }

    /// The next act.
    pub fn act(&self) -> Option<&Act> {
        self.record.restore.get(self.record.restored?)
    }

    /// Writes down that the next act is done.
    pub async fn done(&mut self) -> io::Result<()> {
        self.record.restored = self.record.restored.map(|count| count + 1);
        write(&self.directory, &self.record).await
    }

    /// Ends the journal, whether or not an act is left.
    pub async fn end(self) -> io::Result<()> {
        clear(self.directory).await
    }
}

async fn read(directory: &Path) -> io::Result<Record> {
    let journal = directory.join("journal.json");
    blocking(move || Ok(serde_json::from_slice(&std::fs::read(journal)?)?)).await
}

async fn write(directory: &Path, record: &Record) -> io::Result<()> {
    let bytes = serde_json::to_vec(record)?;
    let directory = directory.to_owned();
    blocking(move || {
        let (draft, journal) = (directory.join("journal.draft"), directory.join("journal.json"));
        let mut file = std::fs::File::create(&draft)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(draft, journal)?;
        // The copies' names must be on the disk, too.
        std::fs::File::open(directory.join("saved"))?.sync_all()?;
        std::fs::File::open(directory)?.sync_all()
    })
    .await
}

async fn clear(directory: PathBuf) -> io::Result<()> {
    blocking(move || {
        // The journal goes first: copies without one are rubbish, a journal without copies would be a loss.
        std::fs::remove_file(directory.join("journal.json"))?;
        std::fs::remove_dir_all(directory)
    })
    .await
}

/// Puts back the files that a trial left when the server ended in its middle, or when restoring could not be
/// completed; its own `restore` is not done here. `None` where there is nothing to put back. May be called at any time
/// when no trial of the session runs, and again.
pub async fn files_after_crash(session: &Path, workspace: &Workspace) -> Option<RestoreReport> {
    let directory = session.join("trial");
    Some(match read(&directory).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Ok(record) => put_back(&directory, workspace, &record).await,
        Err(why) => RestoreReport {
            task: TaskId(String::new()),
            complete: false,
            acts_left: false,
            put_back: 0,
            notes: Vec::new(),
            fault: Some(format!("the journal cannot be read: {why}")),
        },
    })
}

/// What stands at a path now.
pub(super) async fn state(workspace: &Workspace, path: &str) -> Result<State, Refusal> {
    match workspace.stat(path).await {
        Err(WorkspaceError::NotFound { .. }) => Ok(State::Missing),
        Err(error) => Err(Refusal::of(&error)),
        Ok(entry) => match entry.kind {
            EntryKind::Directory => Ok(State::Directory),
            EntryKind::Symlink | EntryKind::Special => Ok(State::Other),
            EntryKind::File => match workspace.hash(path, SAVED).await {
                Ok((_, hash)) => Ok(State::File(hash)),
                Err(WorkspaceError::NotFound { .. }) => Ok(State::Missing),
                Err(WorkspaceError::Io { path, source }) => Err(Refusal::Fault(format!("{path}: {source}"))),
                Err(_) => Ok(State::Other),
            },
        },
    }
}

fn depth(path: &str) -> usize {
    path.split('/').count()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
