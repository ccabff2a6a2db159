//! Lab sessions: made, run, watched, graded, kept, ended.
//!
//! Rows in the store are the truth, an intent is written before any side effect, and one function reconciles rows with
//! what the driver reports; so a restart at any point is one more reconcile. Never speaks HTTP, and never decides what
//! is right: `grading` does.

pub mod error;
pub mod events;
pub mod machine;
pub mod time;
pub mod view;
pub mod watch;

pub use error::LabError;
pub use events::{Delivery, Event, EventKind, Events, Subscription};
pub use view::{
    Actions, Attempt, Availability, Definition, ExportFile, ExportView, FileReset, HintsView, Missing, Score,
    SessionView, TaskView, TimeView, TrialEntry, TrialPhase, TrialView,
};
