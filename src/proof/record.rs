//! What a proof found, kept beside the state so that the lab's page can show it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::case::{Case, CaseKind};
use super::seeds::SeedReport;
use crate::base::Timestamp;
use crate::model::LabId;

/// A whole proof of one lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub lab: LabId,
    /// Of the definition that was proven: of another one it says nothing.
    pub hash: String,
    pub at: Timestamp,
    pub driver: String,
    pub runs: Vec<Run>,
    pub seeds: Option<SeedReport>,
    /// Milliseconds from the first start to the last end.
    pub took: u64,
}

/// All cases from one fresh start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub seed: u64,
    pub cases: Vec<Case>,
    /// Why it came to no end, where it did not.
    pub broken: Option<String>,
}

impl Proof {
    /// Whether everything came as it must.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.runs.is_empty()
            && self
                .runs
                .iter()
                .all(|run| run.broken.is_none() && run.cases.iter().all(Case::holds))
            && self.seeds.as_ref().is_none_or(SeedReport::holds)
    }

    /// Writes it where [`Proof::load`] finds it.
    ///
    /// # Errors
    /// Where the state directory cannot be written.
    pub fn save(&self, state: &Path) -> io::Result<()> {
        let path = path(state, &self.lab);
        let folder = path.parent().unwrap_or(state);
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// What was proven, in words: `untouched, solution, 2 wrong solutions and undo, from 2 seeds`.
    #[must_use]
    pub fn summary(&self) -> String {
        let wrong = self.runs.first().map_or(0, |run| {
            run.cases
                .iter()
                .filter(|case| matches!(case.kind, CaseKind::Wrong { .. }))
                .count()
        });
        let margin = match &self.seeds {
            Some(seeds) => format!("; thresholds on {} seeds", seeds.seeds),
            None => String::new(),
        };
        format!(
            "untouched, solution, {wrong} wrong {} and undo, from {} {}{margin}",
            if wrong == 1 { "solution" } else { "solutions" },
            self.runs.len(),
            if self.runs.len() == 1 { "seed" } else { "seeds" },
        )
    }

    /// The latest proof of a lab on this installation, if there is one that this version can read.
    #[must_use]
    pub fn load(state: &Path, lab: &LabId) -> Option<Self> {
        let text = std::fs::read(path(state, lab)).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// The proofs of an installation.
#[derive(Clone, Debug)]
pub struct Proofs(PathBuf);

impl Proofs {
    /// Those of a state directory.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self(state.to_owned())
    }

    /// The latest of a lab.
    pub async fn latest(&self, lab: &LabId) -> Option<Proof> {
        let (state, lab) = (self.0.clone(), lab.clone());
        tokio::task::spawn_blocking(move || Proof::load(&state, &lab))
            .await
            .ok()?
    }
}

fn path(state: &Path, lab: &LabId) -> PathBuf {
    state.join("proofs").join(format!("{lab}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_found_again() {
        let state = tempfile::tempdir().unwrap();
        let lab = LabId("ten-minutes".to_owned());
        assert_eq!(Proof::load(state.path(), &lab), None);
        let proof = Proof {
            lab: lab.clone(),
            hash: "h".to_owned(),
            at: Timestamp(1),
            driver: "process".to_owned(),
            runs: Vec::new(),
            seeds: None,
            took: 3,
        };
        proof.save(state.path()).unwrap();
        assert_eq!(Proof::load(state.path(), &lab), Some(proof));
    }

    #[test]
    fn nothing_proven_is_no_proof() {
        let empty = Proof {
            lab: LabId("l".to_owned()),
            hash: String::new(),
            at: Timestamp(0),
            driver: String::new(),
            runs: Vec::new(),
            seeds: None,
            took: 0,
        };
        assert!(!empty.holds());
    }
}
