//! The loop on the home page: the model's stages, and the twin that each has on the loop of software.

use super::home::Stage;

const STAGES: [(&str, &str, Option<&str>, u32); 7] = [
    ("data", "Data", Some("Code"), 95),
    ("train", "Train", None, 235),
    ("validate", "Validate", Some("Build, test"), 380),
    ("package", "Package", Some("Package"), 525),
    ("deploy", "Deploy", Some("Deploy"), 670),
    ("monitor", "Monitor", None, 800),
    ("retrain", "Retrain", None, 920),
];

/// The stages in order; those that are named in `done` are filled.
#[must_use]
pub fn stages(done: &[&str]) -> Vec<Stage> {
    STAGES
        .into_iter()
        .map(|(key, name, twin, x)| Stage {
            name,
            twin,
            done: done.contains(&key),
            x,
        })
        .collect()
}
