//! `halfway lab …`: one file for each command of an author.

mod lint;
mod prepare;
mod schema;
mod test;

use std::process::ExitCode;

use clap::Subcommand;

use crate::app::config::Config;
use crate::model::LabId;

/// For authors of labs.
#[derive(Debug, Subcommand)]
pub(super) enum Lab {
    /// Check the files of labs and of the curriculum
    Lint(lint::Lint),
    /// Build what labs need, so that their first start is quick
    Prepare(prepare::Prepare),
    /// Prove labs on a real driver, and print the matrix
    Test(test::Test),
    /// Print the JSON Schema of lab.yaml
    Schema,
}

impl Lab {
    /// Whether it tells by itself how far it is.
    pub(super) fn tells(&self) -> bool {
        matches!(self, Self::Test(_) | Self::Prepare(_))
    }

    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Lint(command) => command.run(&config),
            Self::Prepare(command) => command.run(config).await,
            Self::Test(command) => command.run(config).await,
            Self::Schema => schema::run(),
        }
    }
}

/// The lab of that name or folder.
fn id(text: &str) -> LabId {
    let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    LabId(name.to_owned())
}

/// Says that there is no such lab, and which there are.
fn unknown<'a>(id: &LabId, known: impl Iterator<Item = &'a LabId>, config: &Config) -> String {
    let known: Vec<_> = known.map(|id| format!("`{id}`")).collect();
    format!(
        "there is no lab `{id}` below {}; there is {}. Another folder of labs is named with --labs.",
        config.labs.display(),
        if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        }
    )
}
