//! Archives of workspaces: made before anything is thrown away, and whenever the learner asks. Files lie in
//! `<state>/exports/`; a file appears under its name only when it is complete.

use std::path::PathBuf;

use super::error::LabError;
use super::labs::{Engine, Labs};
use super::view::{ExportFile, ExportView};
use crate::base::{PersonId, SessionId};
use crate::model::{LabSession, SessionState};
use crate::sandbox::SandboxError;
use crate::store::Export;

/// What every export's name ends in.
const SUFFIX: &str = ".tar.gz";
/// And one's that is not complete.
pub(super) const UNFINISHED: &str = ".unfinished";

impl Engine {
    pub fn exports_folder(&self) -> PathBuf {
        self.state.join("exports")
    }

    /// Makes an archive of a session's workspace. The last one (`end`) has one name, so that a repetition after a
    /// crash replaces it.
    pub async fn keep(&self, row: &LabSession, why: &str) -> Result<ExportView, LabError> {
        let now = self.now();
        let name = if why == "end" {
            format!("{}-{}-{why}{SUFFIX}", row.lab, row.id)
        } else {
            // Random, since a clock that was set back must never make one take another's place.
            let unique = self.random.token();
            format!("{}-{}-{why}-{}{SUFFIX}", row.lab, row.id, &unique[..12])
        };
        let folder = self.exports_folder();
        let unfinished = folder.join(format!("{name}{UNFINISHED}"));
        let made = async {
            let io = |doing| move |error| LabError::from(SandboxError::io(doing, error));
            tokio::fs::create_dir_all(&folder)
                .await
                .map_err(io("making the folder of exports"))?;
            let file = tokio::fs::File::create(&unfinished)
                .await
                .map_err(io("making an export"))?
                .into_std()
                .await;
            // Held while it is being written: what nobody holds is removed as unfinished.
            rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
                .map_err(|error| LabError::fault("locking an export", error))?;
            let workspace = self.driver.workspace(row.id).await?;
            let (file, _) = workspace.archive(file, self.settings.archive).await?;
            let bytes = tokio::task::spawn_blocking(move || {
                // The name may only ever stand for a whole archive, also after a power cut.
                file.sync_all()?;
                file.metadata().map(|data| data.len())
            })
            .await
            .map_err(|error| LabError::fault("finishing an export", error))?
            .map_err(io("finishing an export"))?;
            tokio::fs::rename(&unfinished, folder.join(&name))
                .await
                .map_err(io("finishing an export"))?;
            Ok::<u64, LabError>(bytes)
        }
        .await;
        let bytes = match made {
            Ok(bytes) => bytes,
            Err(error) => {
                let _ = tokio::fs::remove_file(&unfinished).await;
                return Err(error);
            }
        };
        let export = Export {
            name,
            person: row.person,
            session: row.id,
            lab: row.lab.clone(),
            created: now,
            bytes,
        };
        self.store.add_export(&export).await?;
        Ok(view(export))
    }

    /// The exports of a person, newest first.
    pub async fn exports_of(&self, person: PersonId) -> Result<Vec<ExportView>, LabError> {
        Ok(self.store.exports_of(person).await?.into_iter().map(view).collect())
    }
}

fn view(export: Export) -> ExportView {
    let why = export
        .name
        .strip_prefix(&format!("{}-{}-", export.lab, export.session))
        .and_then(|rest| rest.split(['-', '.']).next())
        .unwrap_or("asked")
        .to_owned();
    ExportView {
        name: export.name,
        session: export.session,
        lab: export.lab,
        made: export.created,
        size: export.bytes,
        why,
    }
}

impl Labs {
    /// Makes an archive of the workspace now.
    ///
    /// # Errors
    /// [`LabError::State`] where there is no workspace, [`LabError::Full`] where the disk is.
    pub async fn export(&self, person: PersonId, session: SessionId) -> Result<ExportView, LabError> {
        let row = self.0.own(person, session).await?;
        if !matches!(row.state, SessionState::Ready | SessionState::Paused) {
            return Err(LabError::State(
                "There is no workspace to export: the session is neither ready nor paused.".to_owned(),
            ));
        }
        self.0.keep(&row, "asked").await
    }

    /// A person's archives, newest first.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn exports(&self, person: PersonId) -> Result<Vec<ExportView>, LabError> {
        self.0.exports_of(person).await
    }

    /// The file of an archive, to be sent.
    ///
    /// # Errors
    /// [`LabError::NotFound`] where there is none of that name, or it is another person's.
    pub async fn export_file(&self, person: PersonId, name: &str) -> Result<ExportFile, LabError> {
        let Some(export) = self.0.store.export(person, name).await? else {
            return Err(LabError::NotFound("export"));
        };
        let path = self.0.exports_folder().join(&export.name);
        if !tokio::fs::try_exists(&path).await.unwrap_or(false) {
            return Err(LabError::NotFound("export"));
        }
        Ok(ExportFile {
            view: view(export),
            path,
        })
    }

    /// Removes an archive for good.
    ///
    /// # Errors
    /// [`LabError::NotFound`] where there is none of that name, or it is another person's.
    pub async fn remove_export(&self, person: PersonId, name: &str) -> Result<(), LabError> {
        let Some(export) = self.0.store.export(person, name).await? else {
            return Err(LabError::NotFound("export"));
        };
        match tokio::fs::remove_file(self.0.exports_folder().join(&export.name)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LabError::fault("removing an export", error))
            }
            _ => Ok(self.0.store.remove_export(person, name).await?),
        }
    }
}
