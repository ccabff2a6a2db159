//! Registers a non-blocking descriptor with the runtime. Never makes a descriptor non-blocking itself.

use std::{io, os::fd::OwnedFd};

use tokio::io::unix::AsyncFd;

/// # Errors
/// When the kernel's poller does not take it.
#[expect(
    deprecated,
    reason = "its successor is `unsafe` because a type may close its descriptor early; `OwnedFd` cannot"
)]
pub fn register(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(descriptor)
}
