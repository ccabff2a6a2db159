//! What a sandbox may reach beyond itself: one proxy a session, on a unix socket, with the lab's policy.

mod config;

pub use config::EgressConfig;
