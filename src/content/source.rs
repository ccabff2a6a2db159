//! Reads an author's folder: regular files only, within bounds, never through a link.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};

use super::diagnostic::{Diagnostic, Severity};

/// The largest text that an author writes: YAML, Markdown.
const LARGEST_TEXT: u64 = 1 << 20;
/// The largest folder.
const LARGEST_FOLDER: u64 = 128 << 20;
/// The most files in a folder.
const MOST_FILES: usize = 5_000;
/// The deepest folder in a folder.
const DEEPEST: usize = 24;

/// A text of an author and the name that messages give it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Relative to the folder that holds all content: `labs/x/lab.yaml`.
    pub file: String,
    pub text: Arc<str>,
}

/// A file of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileInfo {
    pub size: u64,
    pub executable: bool,
    /// Nanoseconds since 1970, as the file system tells.
    modified: i128,
}

/// A folder and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub path: PathBuf,
    /// As messages name it: `labs/x`.
    pub name: String,
    /// By path relative to the folder, with `/`.
    pub files: BTreeMap<String, FileInfo>,
    /// What was found that must not be there.
    pub problems: Vec<Diagnostic>,
}

impl Folder {
    /// Lists a folder without reading its files.
    pub fn list(path: &Path, name: &str) -> Self {
        let mut folder = Self {
            path: path.to_path_buf(),
            name: name.to_owned(),
            files: BTreeMap::new(),
            problems: Vec::new(),
        };
        let mut size = 0;
        folder.walk(path, "", 0, &mut size);
        folder
    }

    fn walk(&mut self, path: &Path, prefix: &str, depth: usize, total: &mut u64) {
        if depth > DEEPEST {
            self.problem(prefix, "folders are nested too deeply", "make the lab's folder flatter");
            return;
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.problem(prefix, &format!("cannot be listed: {error}"), "check its permissions"),
        };
        for entry in entries {
            let (entry, meta) = match entry.and_then(|entry| entry.metadata().map(|meta| (entry, meta))) {
                Ok(found) => found,
                Err(error) => {
                    self.problem(prefix, &format!("cannot be listed: {error}"), "check its permissions");
                    continue;
                }
            };
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str() else {
                let shown = format!("{prefix}{}", file_name.to_string_lossy());
                self.problem(&shown, "its name is not UTF-8", "rename it");
                continue;
            };
            if is_litter(name) {
                continue;
            }
            let relative = format!("{prefix}{name}");
            let kind = meta.file_type();
            if kind.is_dir() {
                self.walk(&entry.path(), &format!("{relative}/"), depth + 1, total);
            } else if kind.is_symlink() {
                self.problem(
                    &relative,
                    "a symbolic link: content must not lead out of its folder",
                    "put a copy of the file there",
                );
            } else if !kind.is_file() {
                self.problem(&relative, "neither a file nor a folder", "remove it");
            } else if self.files.len() >= MOST_FILES {
                self.problem(
                    "",
                    &format!("more than {MOST_FILES} files"),
                    "make data in a set-up step instead",
                );
                return;
            } else {
                *total += meta.len();
                if *total > LARGEST_FOLDER {
                    let megabytes = LARGEST_FOLDER >> 20;
                    self.problem(
                        &relative,
                        &format!("with this file the folder has more than {megabytes} MiB"),
                        "make data in a set-up step instead",
                    );
                    return;
                }
                let modified = meta.modified().ok().and_then(|time| {
                    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
                    i128::try_from(since.as_nanos()).ok()
                });
                self.files.insert(
                    relative,
                    FileInfo {
                        size: meta.len(),
                        executable: meta.permissions().mode() & 0o111 != 0,
                        modified: modified.unwrap_or(0),
                    },
                );
            }
        }
    }

    fn problem(&mut self, relative: &str, message: &str, help: &str) {
        let file = format!("{}/{relative}", self.name);
        let file = file.trim_end_matches('/');
        self.problems
            .push(Diagnostic::about("files", Severity::Error, file, message).help(help));
    }

    /// Whether there is such a file, or a folder with a file in it.
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.contains_key(path) || self.under(path).next().is_some()
    }

    /// The files below a folder, relative to the lab's folder.
    pub fn under(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        self.files
            .range(prefix.clone()..)
            .map(|(path, _)| path.as_str())
            .take_while(move |path| path.starts_with(&prefix))
    }

    /// Reads a text.
    pub fn read(&self, path: &str) -> Result<Source, Box<Diagnostic>> {
        let file = format!("{}/{path}", self.name);
        let wrong = |message: String, help: &str| {
            Box::new(Diagnostic::about("files", Severity::Error, file.clone(), message).help(help))
        };
        let Some(info) = self.files.get(path) else {
            return Err(wrong("is missing".into(), "docs/lab-format.md says what stands in it"));
        };
        if info.size > LARGEST_TEXT {
            return Err(wrong(
                format!("has {} bytes, and at most {LARGEST_TEXT} are read", info.size),
                "is it the right file?",
            ));
        }
        let mut bytes = Vec::new();
        open(&self.path.join(path))
            .and_then(|opened| opened.take(LARGEST_TEXT + 1).read_to_end(&mut bytes))
            .map_err(|error| wrong(format!("cannot be read: {error}"), "check its permissions"))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source {
                file,
                text: text.into(),
            }),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let line = String::from_utf8_lossy(&error.as_bytes()[..good]).matches('\n').count() + 1;
                Err(wrong(
                    format!("is not UTF-8: byte {good}, in line {line}, is part of no character"),
                    "save it as UTF-8",
                ))
            }
        }
    }

    /// SHA-256 over the paths, the execute bits and the bytes of all files.
    pub fn hash(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        for (path, info) in &self.files {
            hash.update(u64::try_from(path.len()).unwrap_or(0).to_be_bytes());
            hash.update(path.as_bytes());
            hash.update([u8::from(info.executable)]);
            hash.update(info.size.to_be_bytes());
            let mut file = open(&self.path.join(path))?.take(info.size);
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    read => hash.update(&buffer[..read]),
                }
            }
        }
        Ok(hash.finalize().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }

    /// Whether nothing seems to have changed since the other was listed.
    pub fn same_as(&self, other: &Self) -> bool {
        self.files == other.files && self.problems == other.problems
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// What editors, Python and desktops leave behind: no part of any lab.
pub(super) fn is_litter(name: &str) -> bool {
    matches!(
        name,
        "__pycache__" | ".DS_Store" | ".git" | ".pytest_cache" | ".ipynb_checkpoints"
    ) || name.ends_with('~')
        || [".pyc", ".swp", ".swx"].iter().any(|end| name.ends_with(end))
}
