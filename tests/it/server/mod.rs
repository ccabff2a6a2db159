//! The real server binary, on a state directory and labs of the test's own: what a learner may meet on a bad day.

mod browser;
mod harness;
mod labs;
mod lessons;

mod archives;
mod bad_labs;
mod cheating;
mod crash;
mod environments;
mod files;
mod forms;
mod journey;
mod metrics;
mod ordinary;
mod portable;
mod processes;
mod proofs;
mod quiz;
mod reload;
mod search;
mod setup;
mod state;
