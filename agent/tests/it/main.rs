//! Starts the real agent on a real socket and talks to it as the server does.

mod admission;
mod commands;
mod confinement;
mod dial;
mod files;
mod lifecycle;
mod support;
mod terminals;
