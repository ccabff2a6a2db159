//! `halfway lab prepare`: builds the Python environments of labs, so that their first start is quick.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::app::App;
use crate::app::config::Config;
use crate::model::Lab;
use crate::sandbox::StepLog;

/// Build what labs need.
#[derive(Debug, Args)]
pub(in crate::cli) struct Prepare {
    /// Names or folders of labs; without one, all of them
    #[arg(id = "LAB")]
    labs: Vec<String>,
}

/// Progress goes where the log goes.
struct Progress;

impl StepLog for Progress {
    fn line(&self, text: &str) {
        eprintln!("  {text}");
    }
}

impl Prepare {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        // Environments are made aside and put in place at once, so a running server does not mind.
        let app = App::open(config, false).await?;
        let catalogue = app.library.catalogue();
        let labs: Vec<_> = if self.labs.is_empty() {
            catalogue.labs.values().collect()
        } else {
            let mut labs = Vec::new();
            for name in &self.labs {
                let id = super::id(name);
                match catalogue.lab(&id) {
                    Some(entry) => labs.push(entry),
                    None => bail!("{}", super::unknown(&id, catalogue.labs.keys(), &app.config)),
                }
            }
            labs
        };
        for entry in labs {
            prepare(&app, &entry.lab).await?;
        }
        app.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn prepare(app: &App, lab: &Lab) -> anyhow::Result<()> {
    let Some(environment) = &lab.needs.environment else {
        eprintln!("{}: nothing to prepare", lab.id);
        return Ok(());
    };
    let path = lab.folder.join(&environment.requirements);
    let requirements = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if app.environments.find(&requirements).await.ok().flatten().is_some() {
        eprintln!("{}: its Python environment is there", lab.id);
        return Ok(());
    }
    eprintln!("{}: building its Python environment", lab.id);
    app.environments
        .ensure(&requirements, &Progress)
        .await
        .with_context(|| format!("cannot prepare {}", lab.id))?;
    eprintln!("{}: its Python environment is ready", lab.id);
    Ok(())
}
