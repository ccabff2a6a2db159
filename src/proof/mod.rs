//! Proof that a lab works, through the product's own engine: the untouched workspace fails, the solution passes, each
//! wrong solution fails exactly where it says, the undo turns everything red again; and all of it once more from fresh
//! with another seed.
//!
//! Levels are read, never awards. There is no second grader here: sessions are started, files are laid over them, and
//! `lab` is asked how the tasks stand.

mod case;
mod folder;
pub mod lesson;
mod overlay;
mod record;
mod run;
mod seeds;
mod table;

pub use case::{Case, CaseKind, Cell, Expected};
pub use folder::{RunFolder, sweep};
pub use record::{Proof, Proofs, Run};
pub use run::{ProofError, Prover};
pub use seeds::SeedReport;
pub use table::table;
