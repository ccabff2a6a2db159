//! The `command` probe: a program run inside the learner's sandbox. A learner can influence what it prints, so no
//! points may rest on it alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is run. Observed as `{exit_code, stdout, stderr, timed_out}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandProbe {
    pub run: Vec<String>,
    pub timeout: Duration,
}
