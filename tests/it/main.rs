//! The one integration binary: real parts, driven from the outside.
//!
//! What a machine lacks is skipped, said and counted (see [`support`]); `HALFWAY_REQUIRE=all` turns a skip into a failure.

mod lab;
mod lessons;
mod referee;
mod sandbox;
mod server;
mod store;
mod support;
mod tree;
