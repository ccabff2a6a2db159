//! Finds everything of this installation that no row owns, and removes it. Works with an empty database, and never
//! touches what merely looks like ours: only what the driver knows by this installation's id, and names that are
//! exactly those that we give.

use std::path::Path;

use super::error::LabError;
use super::exports::{FOLDER, FOLDER_KEPT, UNFINISHED};
use crate::base::{SessionId, Timestamp};
use crate::sandbox::workspace::remove_tree;
use crate::sandbox::{Driver, SandboxError};
use crate::store::Store;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sandboxes, with or without running processes.
    pub sessions: Vec<SessionId>,
    /// Exports that were never finished.
    pub exports: Vec<String>,
    /// Workspaces beside archives that did not hold all of them, whose time is over.
    pub folders: Vec<String>,
}

impl Swept {
    /// Whether there was nothing to remove.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.exports.is_empty() && self.folders.is_empty()
    }
}

/// Removes what nobody owns, and what was kept for a time that is over. Finished exports always have an owner: they are
/// somebody's work.
///
/// # Errors
/// Where the store or the driver fails; what was removed until then stays removed.
pub async fn sweep(store: &Store, driver: &dyn Driver, state: &Path, now: Timestamp) -> Result<Swept, LabError> {
    let mut swept = Swept::default();
    // What the driver has is listed before the rows, so that a session which is being made meanwhile is never among it.
    let owned = driver.owned().await?;
    let rows: std::collections::HashSet<SessionId> =
        store.live_sessions().await?.into_iter().map(|row| row.id).collect();
    for thing in owned {
        if !rows.contains(&thing.session) {
            tracing::info!(session = %thing.session, running = thing.running, "removing a sandbox that no session owns");
            driver.destroy(thing.session).await?;
            swept.sessions.push(thing.session);
        }
    }
    for name in names(&state.join("exports")).await? {
        // One that is being written right now is younger than this process's look at it: its writer holds it open.
        if name.ends_with(UNFINISHED) && is_abandoned(&state.join("exports").join(&name)).await {
            remove(
                tokio::fs::remove_file(state.join("exports").join(&name)).await,
                "removing an unfinished export",
            )?;
            swept.exports.push(name);
        }
    }
    for export in store.all_exports().await? {
        if now.since(export.created) < FOLDER_KEPT {
            continue;
        }
        let name = format!("{}{FOLDER}", export.name.trim_end_matches(".tar.gz"));
        let folder = state.join("exports").join(&name);
        if tokio::fs::try_exists(&folder).await.unwrap_or(false) {
            remove(remove_tree(&folder).await, "removing the folder of an export")?;
            swept.folders.push(name);
        }
    }
    Ok(swept)
}

async fn names(folder: &Path) -> Result<Vec<String>, LabError> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SandboxError::io("looking for what nobody owns", error).into()),
    };
    let mut names = Vec::new();
    while let Ok(Some(entry)) = entries.next_entry().await {
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Whether nobody holds the file's lock. One that is not there is nobody's.
async fn is_abandoned(file: &Path) -> bool {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || {
        std::fs::File::open(file)
            .is_ok_and(|file| rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok())
    })
    .await
    .unwrap_or(false)
}

fn remove(removed: std::io::Result<()>, doing: &'static str) -> Result<(), LabError> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(SandboxError::io(doing, error).into()),
        _ => Ok(()),
    }
}
