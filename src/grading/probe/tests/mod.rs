//! Probes against hostile files, servers and programs.

mod file;
mod http;
pub(in crate::grading) mod referee;
