//! All that browsers meet: pages, live events, the JSON API, terminals, service tabs, assets.
//!
//! Asks `lab` for everything; never names SQL, a driver or a probe. No internal error text leaves here.

pub mod api;
pub mod assets;
mod capability;
mod dev;
pub mod events;
mod failure;
pub mod identity;
pub mod metrics;
pub mod pages;
mod proxy;
pub mod quizzes;
mod reading;
mod routes;
pub mod search;
mod security;
mod serve;
pub mod templates;
mod terminal;
mod texts;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use self::capability::Capabilities;
use self::identity::Identity;
use self::pages::lesson::LessonCache;
use self::quizzes::Quizzes;
use self::reading::Reading;
use self::search::Finder;
use self::security::hosts::Hosts;
use crate::base::ids;
use crate::base::{Clock, Random, SessionId};
use crate::content::{Catalogue, Library};
use crate::lab::Labs;
use crate::proof::Proofs;
use crate::sandbox::Guarantees;
use crate::store::{Store, StoreError};

pub use failure::Failure;
pub use routes::router;
pub use serve::serve;

/// The product's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the site is made of.
pub struct SiteParts {
    pub labs: Labs,
    pub store: Store,
    pub library: Arc<Library>,
    pub identity: Arc<dyn Identity>,
    pub clock: Clock,
    pub random: Random,
    /// Names by which the server may be reached, besides those of loopback.
    pub allowed_hosts: Vec<String>,
    /// The port that it listens on: service tabs are addressed with it.
    pub port: u16,
    /// What sandboxes promise here.
    pub guarantees: Guarantees,
    pub proofs: Proofs,
    /// Makes addresses of service tabs that cannot be guessed; stays the same over restarts.
    pub secret: [u8; 32],
    /// The server's own figures, where somebody may read them.
    pub metrics: Option<metrics::Metrics>,
}

/// Everything that handlers share; cheap to clone.
#[derive(Clone)]
pub struct Site(Arc<Shared>);

struct Shared {
    labs: Labs,
    store: Store,
    library: Arc<Library>,
    identity: Arc<dyn Identity>,
    clock: Clock,
    random: Random,
    guarantees: Guarantees,
    proofs: Proofs,
    hosts: Hosts,
    port: u16,
    capabilities: Capabilities,
    lessons: LessonCache,
    quizzes: Quizzes,
    reading: Reading,
    finder: Finder,
    metrics: Option<metrics::Metrics>,
    stopping: CancellationToken,
}

impl Site {
    /// Puts the site together; nothing runs yet.
    #[must_use]
    pub fn new(parts: SiteParts) -> Self {
        Self(Arc::new(Shared {
            labs: parts.labs,
            store: parts.store,
            library: parts.library,
            identity: parts.identity,
            clock: parts.clock,
            random: parts.random,
            guarantees: parts.guarantees,
            proofs: parts.proofs,
            hosts: Hosts::new(parts.allowed_hosts),
            port: parts.port,
            capabilities: Capabilities::new(parts.secret),
            lessons: LessonCache::default(),
            quizzes: Quizzes::default(),
            reading: Reading::default(),
            finder: Finder::default(),
            metrics: parts.metrics,
            stopping: CancellationToken::new(),
        }))
    }

    /// Ends every stream, so that the server can stop; sessions go on.
    pub fn stop(&self) {
        self.0.stopping.cancel();
    }

    /// Done when [`Site::stop`] was called.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.stopping.clone().cancelled_owned()
    }

    fn metrics(&self) -> Option<&metrics::Metrics> {
        self.0.metrics.as_ref()
    }

    fn labs(&self) -> &Labs {
        &self.0.labs
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        self.0.library.catalogue()
    }

    fn library(&self) -> &Library {
        &self.0.library
    }

    fn identity(&self) -> &dyn Identity {
        &*self.0.identity
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn proofs(&self) -> &Proofs {
        &self.0.proofs
    }

    fn guarantees(&self) -> &Guarantees {
        &self.0.guarantees
    }

    fn lessons(&self) -> &LessonCache {
        &self.0.lessons
    }

    fn quizzes(&self) -> &Quizzes {
        &self.0.quizzes
    }

    /// An id that nothing else has.
    fn unique(&self) -> String {
        ids::uuid_v7(&self.0.clock, &self.0.random).to_string()
    }

    fn reading(&self) -> &Reading {
        &self.0.reading
    }

    fn finder(&self) -> &Finder {
        &self.0.finder
    }

    /// Makes the search index, so that nobody's first search waits for it.
    ///
    /// # Errors
    /// Where there is no memory for it; the first search tries again.
    pub async fn prepare_search(&self) -> Result<(), StoreError> {
        self.finder().index(&self.catalogue()).await.map(drop)
    }

    fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Times as pages show them.
    fn times(&self) -> pages::time::Times {
        pages::time::Times::here(self.0.clock.now())
    }

    /// A word that joins what a reader sees with a line of the log.
    fn reference(&self) -> String {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        self.0
            .random
            .bytes::<8>()
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
            .collect()
    }

    /// What a service tab's name stands for.
    fn capability(&self, label: &str) -> Option<(SessionId, u16)> {
        self.0.capabilities.read(label)
    }

    /// The origins that the site's own pages may have.
    fn origins(&self) -> Vec<String> {
        self.0.hosts.origins(self.0.port)
    }

    /// The origin of a session's service tab.
    fn service_origin(&self, session: SessionId, port: u16) -> String {
        format!(
            "http://{}.localhost:{}",
            self.0.capabilities.label(session, port),
            self.0.port
        )
    }
}
