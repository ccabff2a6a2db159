//! What stands between a browser and the handlers: whose name the server answers to, which origins may ask for what,
//! and what a page may load.

pub mod headers;
pub mod hosts;
pub mod origin;
