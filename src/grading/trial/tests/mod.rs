//! Trials: the machine by itself, and the journal on a real workspace.

mod journal;
mod machine;
mod run;
