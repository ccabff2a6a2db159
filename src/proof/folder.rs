//! The directory of a proof's run, `<state>/proof/run-…`, held by a lock for as long as the proof lives; and the removal
//! of those that nobody holds any more, with the sandboxes that they left.
//!
//! A lock goes with its process, also when that is killed. Never touches a directory whose lock is held, nor one whose
//! name is not ours.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::base::{InstallId, Random};
use crate::sandbox::workspace::remove_tree;
use crate::sandbox::{Driver as _, EgressConfig, ProcessConfig, ProcessDriver, SandboxError};

/// Where runs lie in the state directory.
const ABOVE: &str = "proof";
/// What every run's name begins with.
const PREFIX: &str = "run-";
const LOCK: &str = "lock";

/// A run's directory, this process's own until it is dropped, and gone then.
#[derive(Debug)]
pub struct RunFolder {
    // In this order: it is removed while it is still held.
    folder: TempDir,
    _lock: File,
}

impl RunFolder {
    /// Makes one in a state directory.
    ///
    /// # Errors
    /// Where the state directory cannot be written.
    pub fn make(state: &Path) -> io::Result<Self> {
        let above = state.join(ABOVE);
        std::fs::create_dir_all(&above)?;
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&above)?;
            if let Some(lock) = take(folder.path())? {
                return Ok(Self { folder, _lock: lock });
            }
            // A sweep came between the two, and is removing it.
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The lock of a run's directory, where nobody holds it and the directory is still there.
fn take(folder: &Path) -> io::Result<Option<File>> {
    let path = folder.join(LOCK);
    let file = match File::options().write(true).create(true).truncate(false).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Whoever held it may have removed the directory since it was opened.
    let held = file.metadata()?;
    let there = std::fs::metadata(&path).is_ok_and(|found| (found.dev(), found.ino()) == (held.dev(), held.ino()));
    Ok(there.then_some(file))
}

/// Removes every run of a state directory that nobody holds: what runs in its sandboxes, their folders, the directory.
/// Answers the names. What cannot be removed now is logged, and left for the next time.
///
/// # Errors
/// Where the state directory cannot be read.
pub async fn sweep(
    state: &Path,
    process: &ProcessConfig,
    egress: &EgressConfig,
    random: &Random,
) -> io::Result<Vec<String>> {
    let mut swept = Vec::new();
    for (name, folder) in runs(&state.join(ABOVE))? {
        let Some(lock) = take(&folder)? else { continue };
        match remove(&folder, process, egress, random).await {
            Ok(()) => swept.push(name),
            Err(error) => tracing::error!(run = name, %error, "what a proof left could not be removed"),
        }
        drop(lock);
    }
    Ok(swept)
}

async fn remove(
    folder: &Path,
    process: &ProcessConfig,
    egress: &EgressConfig,
    random: &Random,
) -> Result<(), SandboxError> {
    for (state, install) in installations(folder).map_err(SandboxError::at("cannot read", folder))? {
        let driver = ProcessDriver::open(&state, install, process.clone(), egress.clone(), random.clone()).await?;
        for thing in driver.owned().await? {
            driver.destroy(thing.session).await?;
        }
    }
    remove_tree(folder)
        .await
        .map_err(SandboxError::at("cannot remove", folder))
}

/// The directories of runs, by name.
fn runs(above: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut runs: Vec<(String, PathBuf)> = directories(above)?
        .into_iter()
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    runs.sort();
    Ok(runs)
}

/// The state directories in a run's directory whose installation has an id; one without has started nothing.
fn installations(folder: &Path) -> io::Result<Vec<(PathBuf, InstallId)>> {
    Ok(directories(folder)?
        .into_iter()
        .filter_map(|state| {
            let id = std::fs::read_to_string(state.join("install-id")).ok()?;
            Some((state, id.trim().parse().ok()?))
        })
        .collect())
}

fn directories(above: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(above) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn swept(state: &Path) -> Vec<String> {
        let (process, egress) = (ProcessConfig::default(), EgressConfig::default());
        sweep(state, &process, &egress, &Random::seeded(1)).await.unwrap()
    }

    #[tokio::test]
    async fn a_run_that_is_held_stays_and_one_that_is_not_goes() {
        let state = tempfile::tempdir().unwrap();
        assert!(swept(state.path()).await.is_empty());
        let held = RunFolder::make(state.path()).unwrap();
        let path = {
            let left = RunFolder::make(state.path()).unwrap();
            std::fs::create_dir_all(left.path().join("0/scratch")).unwrap();
            // As a kill would: the lock goes, the directory stays.
            left.folder.keep()
        };
        let name = path.file_name().unwrap();
        let mine = state.path().join("proof/notes");
        std::fs::create_dir(&mine).unwrap();
        assert_eq!(swept(state.path()).await, [name.to_str().unwrap()]);
        assert!(held.path().exists() && !path.exists() && mine.exists());
        assert!(swept(state.path()).await.is_empty());
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }
}
