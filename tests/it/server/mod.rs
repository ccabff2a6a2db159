//! The real server binary, on a state directory and labs of the test's own: what a learner may meet on a bad day.

mod browser;
mod harness;
mod labs;

mod bad_labs;
mod crash;
mod files;
mod journey;
mod setup;
