//! What a sandbox may reach beyond itself: one proxy a session, on a unix socket, with the lab's policy.
//!
//! The proxy lives in the server and dies with it; the agent's port inside stays and says so meanwhile. Never connects
//! to an address that is not public, unless configuration names it or it is a registry of this machine's own in its
//! private network; and resolves a name once, so that a second answer cannot lead elsewhere.

mod config;
mod learn;
mod policy;
mod serve;
mod upstream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::SessionId;
use crate::model::Egress;

use super::error::SandboxError;
use super::folder::SessionFolder;

pub use config::EgressConfig;
use learn::Registries;
pub(crate) use learn::variables;
use policy::Policy;
pub use policy::Refusal;
use serve::EgressProxy;

/// The directory in a session's `run` that is shown inside.
pub(crate) const DIRECTORY: &str = "proxy";
/// The socket's name in it.
pub(crate) const SOCKET: &str = "proxy.sock";

/// The proxies of all sessions of a driver.
pub(crate) struct Egresses {
    config: Arc<EgressConfig>,
    registries: Registries,
    proxies: Mutex<HashMap<SessionId, (Egress, EgressProxy)>>,
}

impl Egresses {
    pub(crate) fn new(config: EgressConfig) -> Self {
        Self {
            registries: Registries::new(config.registries.clone()),
            config: Arc::new(config),
            proxies: Mutex::default(),
        }
    }

    /// Makes sure that the session's proxy listens; there is none for the policy `none`.
    pub(crate) fn open(&self, session: SessionId, folder: &SessionFolder, egress: Egress) -> Result<(), SandboxError> {
        if egress == Egress::None {
            self.close(session);
            return Ok(());
        }
        if self
            .proxies()
            .get(&session)
            .is_some_and(|(policy, proxy)| *policy == egress && proxy.is_alive())
        {
            return Ok(());
        }
        if egress == Egress::Registries {
            self.registries.look();
        }
        let policy = Policy {
            egress,
            config: Arc::clone(&self.config),
            registries: self.registries.clone(),
            upstreams: upstream::Upstreams::from_environment(),
        };
        let directory = folder.run().join(DIRECTORY);
        let proxy =
            EgressProxy::start(&directory, policy).map_err(SandboxError::at("cannot open the proxy in", &directory))?;
        self.proxies().insert(session, (egress, proxy));
        Ok(())
    }

    pub(crate) fn close(&self, session: SessionId) {
        self.proxies().remove(&session);
    }

    fn proxies(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, (Egress, EgressProxy)>> {
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
