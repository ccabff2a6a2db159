//! Parameters of a lab: drawn once for an attempt, then filled into its texts.

mod draw;
mod fill;
mod template;
mod words;

pub use draw::draw;
pub use fill::fill;
pub use template::fill_text;
pub(super) use template::{Piece, pieces};
