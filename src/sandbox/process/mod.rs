//! Sandboxes that are processes of this machine, walled in by bubblewrap or, where that is missing or blocked, by
//! Landlock.

mod config;

pub use config::{FormChoice, ProcessConfig};
