//! Everything that is kept in the database: all SQL of the product stands here, for SQLite and PostgreSQL alike.
//!
//! Rows belong to a person and may belong to a workshop. Nothing here knows HTTP, sandboxes or how something is
//! graded. Every statement is a constant of [`sql`], so that a test can prepare each of them on both engines;
//! only [`search`], an index in memory that SQLite alone can make, has its own.

mod db;
mod error;
mod exports;
mod grading;
mod intents;
mod lessons;
mod people;
pub mod portable;
mod quiz;
pub mod search;
mod sessions;
pub mod sql;
mod steps;
mod trials;

pub use db::{DatabaseAddress, Store, migrations};
pub use error::{Doing, StoreError};
pub use exports::Export;
pub use grading::{Grading, HintTaken};
pub use intents::Intent;
pub use lessons::LessonRead;
pub use quiz::QuizTry;
pub use sessions::Created;
pub use trials::TrialRun;
