//! Halfway: a self-hosted course from DevOps to MLOps whose labs are real and graded by live state.
//!
//! `docs/architecture.md` is the map. Dependencies between these modules point to the left only:
//! `base → model → expr → {content, store, sandbox} → grading → lab → proof → web → app → cli`.

pub mod app;
pub mod base;
pub mod cli;
pub mod content;
pub mod expr;
pub mod grading;
pub mod lab;
pub mod model;
pub mod proof;
pub mod sandbox;
pub mod store;
pub mod web;
