//! Archives of workspaces: made before anything is thrown away, and whenever the learner asks. Files lie in
//! `<state>/exports/`; a file appears under its name only when it is complete.
//!
//! A workspace that is too much for one archive, and has to go, is archived as far as it fits, and the whole of it lies
//! beside the archive as a folder for some time: work is never thrown away.

use std::path::PathBuf;
use std::time::Duration;

use super::error::LabError;
use super::labs::{Engine, Labs};
use super::view::{ExportFile, ExportView};
use crate::base::{PersonId, SessionId};
use crate::model::{LabSession, SessionState};
use crate::sandbox::workspace::remove_tree;
use crate::sandbox::{SandboxError, SessionFolder, WorkspaceError};
use crate::store::Export;

/// What every export's name ends in.
const SUFFIX: &str = ".tar.gz";
/// And one's that does not hold everything.
const PARTIAL: &str = "-partial.tar.gz";
/// What the name of the folder with everything ends in, instead of [`SUFFIX`].
pub(super) const FOLDER: &str = ".folder";
/// And one's that is not complete.
pub(super) const UNFINISHED: &str = ".unfinished";
/// How long the folder is kept.
pub(super) const FOLDER_KEPT: Duration = Duration::from_hours(30 * 24);

impl Engine {
    pub fn exports_folder(&self) -> PathBuf {
        self.state.join("exports")
    }

    /// Makes an archive of a session's workspace. The last one (`end`) has one name, so that a repetition after a
    /// crash replaces it.
    pub async fn keep(&self, row: &LabSession, why: &str) -> Result<ExportView, LabError> {
        self.make(row, why, Hold::Everything).await
    }

    /// [`Engine::keep`] of a workspace that is about to go. Where it is too much for one archive, that holds what fits,
    /// and the workspace is moved beside it.
    pub async fn keep_all(&self, row: &LabSession, why: &str) -> Result<ExportView, LabError> {
        match self.keep(row, why).await {
            Err(LabError::Sandbox(SandboxError::Workspace(
                WorkspaceError::TooMany { .. } | WorkspaceError::TooLarge { .. } | WorkspaceError::BadPath { .. },
            ))) => {
                let made = self.make(row, why, Hold::WhatFits).await?;
                self.set_aside(row, &made).await?;
                Ok(made)
            }
            kept => kept,
        }
    }

    /// Whether the workspace of a session that ends was moved aside already.
    pub async fn is_set_aside(&self, row: &LabSession) -> bool {
        let name = self.export_name(row, "end", Hold::WhatFits);
        tokio::fs::try_exists(self.folder_beside(&name)).await.unwrap_or(false)
    }

    /// Where all of a workspace lies whose archive of that name does not hold everything.
    fn folder_beside(&self, name: &str) -> PathBuf {
        let stem = name.strip_suffix(SUFFIX).unwrap_or(name);
        self.exports_folder().join(format!("{stem}{FOLDER}"))
    }

    /// Removes the archive of that name, and the folder beside it.
    pub async fn remove_files(&self, name: &str) -> Result<(), LabError> {
        remove_tree(&self.folder_beside(name))
            .await
            .map_err(|error| LabError::fault("removing the folder of an export", error))?;
        match tokio::fs::remove_file(self.exports_folder().join(name)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LabError::fault("removing an export", error))
            }
            _ => Ok(()),
        }
    }

    async fn set_aside(&self, row: &LabSession, export: &ExportView) -> Result<(), LabError> {
        let (from, to) = (
            SessionFolder::new(&self.state, row.id).workspace(),
            self.folder_beside(&export.name),
        );
        tracing::warn!(session = %row.id, to = %to.display(), "the workspace is too much for an archive; all of it is kept as a folder for 30 days");
        tokio::fs::rename(from, to)
            .await
            .map_err(|error| LabError::fault("keeping a workspace as a folder", error))?;
        self.notice(row, "warning", PARTIAL_WORDS);
        Ok(())
    }

    fn export_name(&self, row: &LabSession, why: &str, hold: Hold) -> String {
        let suffix = match hold {
            Hold::Everything => SUFFIX,
            Hold::WhatFits => PARTIAL,
        };
        if why == "end" {
            return format!("{}-{}-{why}{suffix}", row.lab, row.id);
        }
        // Random, since a clock that was set back must never make one take another's place.
        let unique = self.random.token();
        format!("{}-{}-{why}-{}{suffix}", row.lab, row.id, &unique[..12])
    }

    async fn make(&self, row: &LabSession, why: &str, hold: Hold) -> Result<ExportView, LabError> {
        let now = self.now();
        let name = self.export_name(row, why, hold);
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
            let (file, _) = match hold {
                Hold::Everything => workspace.archive(file, self.settings.archive).await?,
                Hold::WhatFits => workspace.archive_what_fits(file, self.settings.archive).await?,
            };
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

/// How much of a workspace an archive must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Everything,
    WhatFits,
}

/// For the learner.
pub(super) const PARTIAL_WORDS: &str = "The workspace is too much for one archive. The archive holds what fits, and \
    halfway-left-out.txt in it names the rest. The server keeps all of it for 30 days: ask its operator.";

fn view(export: Export) -> ExportView {
    let why = export
        .name
        .strip_prefix(&format!("{}-{}-", export.lab, export.session))
        .and_then(|rest| rest.split(['-', '.']).next())
        .unwrap_or("asked")
        .to_owned();
    ExportView {
        partial: export.name.ends_with(PARTIAL),
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
        self.0.remove_files(&export.name).await?;
        Ok(self.0.store.remove_export(person, name).await?)
    }
}
