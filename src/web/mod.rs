//! All that browsers meet: pages, live events, the JSON API, terminals, service tabs, assets.
//!
//! Asks `lab` for everything; never names SQL, a driver or a probe. No internal error text leaves here.

pub mod assets;
pub mod pages;

/// The product's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
