//! All content at one moment, and the library that keeps it fresh.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Diagnostic, ProofMaterial};
use crate::model::curriculum::{Curriculum, Lesson};
use crate::model::{Lab, LabId};

/// Where content lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    pub labs: PathBuf,
    pub curriculum: PathBuf,
}

/// All content at one moment.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub curriculum: Curriculum,
    /// Labs without errors.
    pub labs: BTreeMap<LabId, Arc<LabEntry>>,
    /// Labs with errors, and what is wrong.
    pub broken: BTreeMap<LabId, Vec<Diagnostic>>,
    /// By week and slug.
    pub lessons: BTreeMap<(u8, String), Arc<LessonEntry>>,
    /// Everything that is wrong anywhere, errors first.
    pub diagnostics: Vec<Diagnostic>,
}

/// A lab that can be served.
#[derive(Debug)]
pub struct LabEntry {
    pub lab: Arc<Lab>,
    pub proof: ProofMaterial,
    /// Warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// A lesson that is written.
#[derive(Debug)]
pub struct LessonEntry {
    pub week: u8,
    pub lesson: Lesson,
}

/// The content, read once and kept; [`Library::refresh`] reads again what changed.
#[derive(Debug)]
pub struct Library {
    roots: Roots,
    current: RwLock<Arc<Catalogue>>,
}

impl Library {
    /// Content as it is now.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}
