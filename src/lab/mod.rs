//! Lab sessions: made, run, watched, graded, kept, ended.
//!
//! Rows in the store are the truth, an intent is written before any side effect, and one function reconciles rows with
//! what the driver reports; so a restart at any point is one more reconcile. Never speaks HTTP, and never decides what
//! is right: `grading` does.
//!
//! [`Labs`] is what other rooms use. [`machine`] decides, [`reconcile`] carries out, [`provision`] brings up,
//! [`grader`] looks and judges, [`sweep`] removes what nobody owns.

pub mod error;
pub mod events;
mod exports;
mod grader;
mod labs;
pub mod machine;
pub mod metrics;
pub mod portable;
mod provision;
mod reconcile;
mod sessions;
mod sweep;
mod tick;
pub mod time;
mod trials;
mod usage;
pub mod view;
mod views;
pub mod watch;
mod work;

pub use error::LabError;
pub use events::{Delivery, Event, EventKind, Events, Subscription};
pub use labs::{LabSource, Labs, Parts, Settings};
pub use sessions::StartOptions;
pub use sweep::{Swept, sweep};
pub use view::{
    Actions, Attempt, Availability, Definition, ExportFile, ExportView, FileReset, HintsView, Missing, Score,
    SessionView, TaskView, TimeView, TrialPhase, TrialView,
};
