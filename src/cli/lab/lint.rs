//! `halfway lab lint`: what is wrong with labs and curriculum, with file, line, caret and what to do.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use crate::app::config::Config;
use crate::content::{Catalogue, Diagnostic, Library, Roots};

/// Check the files of labs and of the curriculum.
#[derive(Debug, Args)]
pub(in crate::cli) struct Lint {
    /// Names or folders of labs; without one, all of them and the curriculum
    #[arg(id = "LAB")]
    labs: Vec<String>,
    /// As JSON, a list of what is wrong
    #[arg(long)]
    json: bool,
}

impl Lint {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let library = Library::open(Roots {
            labs: config.labs.clone(),
            curriculum: config.curriculum.clone(),
        });
        let catalogue = library.catalogue();
        let found = if self.labs.is_empty() {
            catalogue.diagnostics.clone()
        } else {
            let mut found = Vec::new();
            for lab in &self.labs {
                found.extend(of_lab(&catalogue, lab, config)?);
            }
            found
        };
        crate::cli::lint::told(&found, self.json)
    }
}

fn of_lab(catalogue: &Catalogue, name: &str, config: &Config) -> anyhow::Result<Vec<Diagnostic>> {
    let id = super::id(name);
    if let Some(found) = catalogue.broken.get(&id) {
        return Ok(found.clone());
    }
    match catalogue.lab(&id) {
        Some(entry) => Ok(entry.diagnostics.clone()),
        None => bail!("{}", super::unknown(&id, catalogue.labs.keys(), config)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::id;
    use crate::model::LabId;

    #[test]
    fn a_folder_is_as_good_as_a_name() {
        for text in ["labs/x-y", "labs/x-y/", "x-y", "./x-y/"] {
            assert_eq!(id(text).0, "x-y");
        }
    }

    #[test]
    fn an_unknown_lab_is_told_with_those_that_there_are() {
        let config = crate::app::config::Config::default();
        let known = [LabId("a".into())];
        let text = super::super::unknown(&LabId("b".into()), known.iter(), &config);
        assert!(
            text.contains("`b`") && text.contains("`a`") && text.contains("--labs"),
            "{text}"
        );
    }
}
