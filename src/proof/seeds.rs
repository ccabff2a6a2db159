//! Thresholds must leave honest answers a margin: a script of the lab (`checks/seeds.py`) tries the solution and each
//! leak on many seeds, and its counts are held against all of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The script, relative to the lab's folder.
pub const SCRIPT: &str = "checks/seeds.py";

/// Fewest seeds that say something about a margin.
pub const FEWEST: u32 = 40;

/// What the script prints, as one JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedReport {
    /// How many seeds were tried.
    pub seeds: u32,
    /// On how many the solution passes.
    pub solution_passes: u32,
    /// On how many each leak, by name, fails.
    pub leaks: BTreeMap<String, u32>,
}

impl SeedReport {
    /// Whether the solution passes on all seeds and each leak fails on all.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.seeds >= FEWEST
            && self.solution_passes == self.seeds
            && !self.leaks.is_empty()
            && self.leaks.values().all(|fails| *fails == self.seeds)
    }

    /// A line each.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!(
            "thresholds: the solution passes on {} of {} seeds\n",
            self.solution_passes, self.seeds
        );
        for (name, fails) in &self.leaks {
            let _ = writeln!(
                out,
                "thresholds: leak '{name}' fails on {fails} of {} seeds",
                self.seeds
            );
        }
        if self.seeds < FEWEST {
            let _ = writeln!(out, "thresholds: ! {FEWEST} seeds are the fewest that say something");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leak_that_passes_once_is_too_many() {
        let report = |passes, fails| SeedReport {
            seeds: 40,
            solution_passes: passes,
            leaks: [("column".to_owned(), fails)].into(),
        };
        assert!(report(40, 40).holds());
        assert!(!report(39, 40).holds());
        assert!(!report(40, 39).holds());
        assert!(
            !SeedReport {
                seeds: 3,
                solution_passes: 3,
                leaks: [("c".to_owned(), 3)].into()
            }
            .holds()
        );
    }
}
