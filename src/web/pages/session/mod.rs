//! A session's page, by its state.

pub mod confirm;
pub mod failed;
pub mod finish;
pub mod provisioning;
pub mod workspace;
