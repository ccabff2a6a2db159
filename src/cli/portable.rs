//! `halfway export` and `halfway import`: all that a person has, to another machine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::app::App;
use crate::app::config::Config;
use crate::base::PersonId;
use crate::web::VERSION;
use crate::web::identity::LocalPerson;

/// Write everything that is yours into one archive.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The archive to write; it must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Take in an archive that `halfway export` wrote.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The archive to read
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Export {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        // A server may be running: reading beside it is safe.
        let app = App::open(config, false).await?;
        let labs = app.labs()?;
        let person = person(&app).await?;
        let mut archive = labs
            .portable(person, VERSION)
            .await
            .map_err(|error| anyhow!("{error}"))?;
        let written = write(&self.file, &mut archive);
        labs.stop().await;
        app.store.close().await;
        let bytes = written?;
        println!("{}: {bytes} bytes", self.file.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// The file has its name only when it is complete.
fn write(to: &Path, archive: &mut File) -> anyhow::Result<u64> {
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let cannot = || format!("cannot write {}", to.display());
    let mut file = tempfile::Builder::new()
        .prefix(".halfway-export-")
        .tempfile_in(folder)
        .with_context(cannot)?;
    let bytes = std::io::copy(archive, &mut file).with_context(cannot)?;
    file.as_file().sync_all().with_context(cannot)?;
    file.persist_noclobber(to).map_err(|error| {
        anyhow!(
            "cannot write {}: {}. Name a file that is not there yet.",
            to.display(),
            error.error
        )
    })?;
    Ok(bytes)
}

impl Import {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let archive = File::open(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let app = App::open(config, false).await?;
        let labs = app.labs()?;
        let person = person(&app).await?;
        let taken = labs.take_in(person, archive).await;
        labs.stop().await;
        app.store.close().await;
        let taken = taken.map_err(|error| anyhow!("{}: {}", self.file.display(), error.message()))?;
        println!(
            "lab sessions: {}, tasks achieved: {}, workspaces to start from: {}",
            taken.sessions, taken.awards, taken.workspaces
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// The one person of an installation without accounts.
async fn person(app: &App) -> anyhow::Result<PersonId> {
    let local = LocalPerson::new(app.store.clone(), app.clock.clone(), app.random.clone());
    Ok(local.get().await.context("cannot read who you are")?.id)
}
