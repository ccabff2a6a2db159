//! Sandboxes: one conformance suite for every driver, and what is special to one.

mod conformance;
mod process;
mod python;
mod support;
