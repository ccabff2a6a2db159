//! What every room may use: the clock, identifiers, randomness, secrets and retry delays.
//!
//! The only place that reads the time or draws randomness; everything else is handed a value or one of these types,
//! so that tests decide both. Never names another module of the tree.

pub mod backoff;
pub mod clock;
pub mod ids;
pub mod nearest;
pub mod random;
pub mod secret;

pub use backoff::Backoff;
pub use clock::{Clock, Timestamp};
pub use ids::{InstallId, PersonId, SessionId, TrialId, WorkshopId};
pub use nearest::nearest;
pub use random::Random;
pub use secret::Secret;
