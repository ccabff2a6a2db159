//! How long lessons' blocks took on this machine, kept in the state directory: what a lesson says of its minutes is
//! held against it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What was measured of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// SHA-256 of the lesson's Markdown, in hexadecimal: of another text it says nothing.
    pub hash: String,
    pub milliseconds: u64,
}

/// What was measured of all lessons, by `w01/slug`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Measurements(BTreeMap<String, Measured>);

impl Measurements {
    /// What is kept in a state directory; nothing where nothing can be read.
    #[must_use]
    pub fn load(state: &Path) -> Self {
        std::fs::read(path(state))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Keeps it in a state directory.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn save(&self, state: &Path) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(state)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.persist(path(state)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Notes how long a lesson's blocks took.
    pub fn note(&mut self, week: u8, slug: &str, hash: String, took: Duration) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.0.insert(key(week, slug), Measured { hash, milliseconds });
    }

    /// How long they took, where this text was measured.
    #[must_use]
    pub fn of(&self, week: u8, slug: &str, hash: &str) -> Option<Duration> {
        self.0
            .get(&key(week, slug))
            .filter(|measured| measured.hash == hash)
            .map(|measured| Duration::from_millis(measured.milliseconds))
    }
}

fn key(week: u8, slug: &str) -> String {
    format!("w{week:02}/{slug}")
}

fn path(state: &Path) -> PathBuf {
    state.join("lessons.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_of_one_text() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(Measurements::load(state.path()), Measurements::default());
        let mut measurements = Measurements::default();
        measurements.note(1, "a", "h".into(), Duration::from_millis(1500));
        measurements.save(state.path()).unwrap();
        let loaded = Measurements::load(state.path());
        assert_eq!(loaded.of(1, "a", "h"), Some(Duration::from_millis(1500)));
        assert_eq!(loaded.of(1, "a", "other"), None);
        assert_eq!(loaded.of(2, "a", "h"), None);
    }
}
