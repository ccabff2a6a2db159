//! What configuration decides about the process driver.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Table `[sandbox.process]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProcessConfig {
    /// How learners' programs are walled off.
    pub form: FormChoice,
    /// First and last TCP port that sandboxes without a network of their own share out among them.
    pub ports: (u16, u16),
    /// How many of them each gets.
    pub ports_each: u16,
    /// First and last user id for learners, one a session, where the server is root.
    pub users: (u32, u32),
    /// The agent's executable, instead of the embedded one.
    pub agent: Option<PathBuf>,
    /// Minutes without a word from a server after which an agent ends itself; 0 is never.
    pub idle_minutes: u64,
}

/// Which form to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FormChoice {
    /// Bubblewrap where it works, else Landlock.
    #[default]
    Auto,
    Bubblewrap,
    Landlock,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            form: FormChoice::Auto,
            ports: (42_000, 46_095),
            ports_each: 16,
            users: (1_610_612_736, 1_610_622_735),
            agent: None,
            idle_minutes: 10,
        }
    }
}
