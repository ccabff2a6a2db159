//! All content at one moment, and the library that keeps it fresh.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use sha2::{Digest, Sha256};

use super::curriculum::{Course, course};
use super::diagnostic::{Diagnostic, Severity};
use super::glossary::Glossary;
use super::lesson::Written;
use super::markdown::{self, Rendered};
use super::proof::ProofMaterial;
use super::quiz::QuizEntry;
use super::source::{Folder, is_litter};
use super::{build, lint, scratch};
use crate::model::curriculum::{Curriculum, Lesson};
use crate::model::{Lab, LabId};

/// Where content lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    pub labs: PathBuf,
    pub curriculum: PathBuf,
}

impl Roots {
    /// `labs/` and `curriculum/` of a folder.
    #[must_use]
    pub fn beneath(folder: &std::path::Path) -> Self {
        Self {
            labs: folder.join("labs"),
            curriculum: folder.join("curriculum"),
        }
    }
}

/// All content at one moment.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub curriculum: Curriculum,
    /// Labs without errors.
    pub labs: BTreeMap<LabId, Arc<LabEntry>>,
    /// Labs with errors, and what is wrong.
    pub broken: BTreeMap<LabId, Vec<Diagnostic>>,
    /// Lessons that are written, by week and slug.
    pub lessons: BTreeMap<(u8, String), Arc<LessonEntry>>,
    /// Pictures of lessons, by week and file name: SVG without scripts.
    pub figures: BTreeMap<(u8, String), Arc<str>>,
    pub glossary: Arc<Glossary>,
    /// The questions of lessons, by week and slug.
    pub quizzes: BTreeMap<(u8, String), Arc<QuizEntry>>,
    /// Lessons whose questions have errors.
    pub broken_quizzes: BTreeSet<(u8, String)>,
    /// Everything that is wrong anywhere, errors first.
    pub diagnostics: Vec<Diagnostic>,
}

impl Catalogue {
    /// The lab, where it is there and without errors.
    #[must_use]
    pub fn lab(&self, id: &LabId) -> Option<&Arc<LabEntry>> {
        self.labs.get(id)
    }

    /// The lesson, where it is written.
    #[must_use]
    pub fn lesson(&self, week: u8, slug: &str) -> Option<&Arc<LessonEntry>> {
        self.lessons.get(&(week, slug.to_owned()))
    }

    /// The questions of the lesson, where there are any without errors.
    #[must_use]
    pub fn quiz(&self, week: u8, slug: &str) -> Option<&Arc<QuizEntry>> {
        self.quizzes.get(&(week, slug.to_owned()))
    }

    /// The picture of a week, as SVG.
    #[must_use]
    pub fn figure(&self, week: u8, name: &str) -> Option<&Arc<str>> {
        self.figures.get(&(week, name.to_owned()))
    }

    /// Whether anything is wrong enough not to be served.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }
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
    /// The week's folder, in which its figures are.
    pub folder: String,
    pub lesson: Lesson,
    /// The file that it was read from.
    pub(super) written: Written,
    glossary: Arc<Glossary>,
    rendered: OnceLock<Rendered>,
    terms: OnceLock<Vec<String>>,
}

impl LessonEntry {
    pub(super) fn new(week: u8, folder: &str, lesson: Lesson, written: Written, glossary: Arc<Glossary>) -> Self {
        Self {
            week,
            folder: folder.to_owned(),
            lesson,
            written,
            glossary,
            rendered: OnceLock::new(),
            terms: OnceLock::new(),
        }
    }

    /// SHA-256 of the lesson's Markdown, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let text = &self.written.source.text[self.written.from..];
        hex(&Sha256::digest(text.as_bytes()))
    }

    /// The whole text of the lesson's file, as it was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.written.source.text
    }

    /// The lesson's text, rendered the first time it is asked for and kept. Pictures are at `/weeks/<n>/figures/<name>`,
    /// and the first use of each term leads to `/glossary/<slug>`.
    #[must_use]
    pub fn rendered(&self) -> &Rendered {
        self.rendered.get_or_init(|| {
            let figures = format!("/weeks/{}/figures/", self.week);
            markdown::render_lesson(self.markdown(), Some(&figures), self.glossary.words())
        })
    }

    /// The slugs of the terms that the lesson uses, found the first time they are asked for and kept.
    #[must_use]
    pub fn terms(&self) -> &[String] {
        self.terms
            .get_or_init(|| markdown::terms_used(self.markdown(), self.glossary.words()))
    }

    fn markdown(&self) -> &str {
        self.lesson.body.as_ref().map_or("", |body| body.markdown.as_str())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The content, read once and kept; [`Library::refresh`] reads again what changed.
#[derive(Debug)]
pub struct Library {
    roots: Roots,
    read: Mutex<Read>,
    current: RwLock<Arc<Catalogue>>,
}

/// What was read, by folder.
#[derive(Debug, Default)]
struct Read {
    labs: BTreeMap<String, ReadLab>,
    curriculum: Option<Folder>,
}

#[derive(Debug)]
struct ReadLab {
    folder: Folder,
    entry: Option<Arc<LabEntry>>,
    /// What is wrong, with errors where there is no entry.
    found: Vec<Diagnostic>,
}

impl Library {
    /// Reads all content. What is wrong is told by the catalogue's diagnostics.
    #[must_use]
    pub fn open(roots: Roots) -> Self {
        let library = Self {
            roots,
            read: Mutex::default(),
            current: RwLock::default(),
        };
        library.refresh();
        library
    }

    /// Content as it is now. Cheap; whoever keeps it sees one moment.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The lab as it is now, or the scratch workspace of a lesson; nothing where there is none that can be used.
    #[must_use]
    pub fn lab(&self, id: &LabId) -> Option<Arc<Lab>> {
        let catalogue = self.catalogue();
        match catalogue.lab(id) {
            Some(entry) => Some(Arc::clone(&entry.lab)),
            None => scratch::lab(&catalogue, &self.roots, id).map(Arc::new),
        }
    }

    /// Where the content lies.
    #[must_use]
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// Reads again what changed by the times of its files, and tells whether anything did. Blocks on the file system:
    /// a millisecond or so where nothing changed.
    pub fn refresh(&self) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let (folders, mut found) = list_labs(&self.roots);
        let mut changed = read.labs.len() != folders.len() || read.curriculum.is_none();
        let mut before = std::mem::take(&mut read.labs);
        for (id, folder) in folders {
            let lab = match before.remove(&id) {
                Some(lab) if lab.folder.same_as(&folder) => lab,
                _ => {
                    changed = true;
                    read_lab(&id, folder)
                }
            };
            read.labs.insert(id, lab);
        }
        let curriculum = Folder::list(&self.roots.curriculum, &root_name(&self.roots.curriculum));
        changed |= !read
            .curriculum
            .as_ref()
            .is_some_and(|before| before.same_as(&curriculum));
        if changed {
            let names = read
                .labs
                .iter()
                .map(|(id, lab)| {
                    let shown = lab
                        .entry
                        .as_ref()
                        .map(|entry| (entry.lab.title.clone(), entry.lab.minutes));
                    (LabId(id.clone()), shown)
                })
                .collect();
            let course = course(&curriculum, &names);
            read.curriculum = Some(curriculum);
            let catalogue = join(&read.labs, course, &mut found);
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalogue);
        }
        changed
    }
}

fn join(labs: &BTreeMap<String, ReadLab>, course: Course, found: &mut Vec<Diagnostic>) -> Catalogue {
    let mut catalogue = Catalogue {
        curriculum: course.curriculum,
        lessons: course.lessons,
        figures: course.figures,
        glossary: course.glossary,
        quizzes: course.quizzes,
        broken_quizzes: course.broken_quizzes,
        ..Catalogue::default()
    };
    found.extend(course.found);
    for (id, lab) in labs {
        found.extend(lab.found.iter().cloned());
        match &lab.entry {
            Some(entry) => {
                catalogue.labs.insert(LabId(id.clone()), Arc::clone(entry));
            }
            None => {
                catalogue.broken.insert(LabId(id.clone()), lab.found.clone());
            }
        }
    }
    lint::sort(found);
    catalogue.diagnostics = std::mem::take(found);
    catalogue
}

fn root_name(root: &std::path::Path) -> String {
    root.file_name()
        .map_or_else(|| ".".into(), |name| name.to_string_lossy().into_owned())
}

/// The folders of labs, and what else is wrong with what lies between them.
fn list_labs(roots: &Roots) -> (BTreeMap<String, Folder>, Vec<Diagnostic>) {
    let root = root_name(&roots.labs);
    let mut folders = BTreeMap::new();
    let mut found = Vec::new();
    let entries = match fs::read_dir(&roots.labs) {
        Ok(entries) => entries,
        Err(error) => {
            found.push(
                Diagnostic::about("files", Severity::Error, root, format!("cannot be listed: {error}"))
                    .help("content is looked for in `labs/` and `curriculum/` of the folder that the server is told"),
            );
            return (folders, found);
        }
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let shown = format!("{root}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !is_litter(&name) && !name.starts_with('.') => {
                let folder = Folder::list(&entry.path(), &shown);
                folders.insert(name, folder);
            }
            Ok(kind) if kind.is_symlink() => found.push(
                Diagnostic::about(
                    "files",
                    Severity::Error,
                    shown,
                    "a symbolic link: content must not lead out of its folder",
                )
                .help("put the lab's folder there"),
            ),
            _ => {}
        }
    }
    (folders, found)
}

fn read_lab(id: &str, folder: Folder) -> ReadLab {
    let (built, mut found) = build::lab(&folder, id);
    if let Some(built) = &built {
        found.extend(lint::lab(&folder, built));
    }
    let broken = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let entry = built.filter(|_| !broken).map(|built| {
        Arc::new(LabEntry {
            lab: Arc::new(built.lab),
            proof: built.proof,
            diagnostics: found.clone(),
        })
    });
    ReadLab { folder, entry, found }
}
