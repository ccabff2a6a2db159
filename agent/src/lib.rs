//! The part of the agent that its clients share: the [`protocol`]. The agent itself is the binary.

pub mod protocol;
