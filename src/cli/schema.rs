//! `halfway schema`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::content::schema::{lab_schema, quiz_schema};

/// Which file.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// lab.yaml
    Lab,
    /// <lesson>.quiz.yaml
    Quiz,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Which file's
    kind: Kind,
}

impl Schema {
    #[expect(clippy::unnecessary_wraps, reason = "has the shape of every command")]
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        print!(
            "{}",
            match self.kind {
                Kind::Lab => lab_schema(),
                Kind::Quiz => quiz_schema(),
            }
        );
        Ok(ExitCode::SUCCESS)
    }
}
