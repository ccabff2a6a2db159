//! Everything beneath a directory, in order, links not followed, up to a cap.

use super::error::shown;
use super::path::LONGEST_PATH;
use super::root::{DEEPEST, Root};
use super::{Entry, EntryKind, Result, WorkspaceError};

type Visit<'a> = &'a mut dyn FnMut(&str, &Entry) -> Result<()>;

impl Root {
    /// Calls `visit` with the path and what is there, parents before children, by name. Fails beyond the cap.
    pub(super) fn walk(&self, path: &str, cap: usize, visit: Visit<'_>) -> Result<()> {
        Walk {
            root: self,
            top: path,
            cap,
            seen: 0,
            visit,
            beyond: None,
        }
        .directory(path, DEEPEST)
    }

    /// The same of the whole workspace, as far as the cap goes: `beyond` hears of each directory that holds more.
    pub(super) fn walk_some(&self, cap: usize, visit: Visit<'_>, beyond: &mut dyn FnMut(&str)) -> Result<()> {
        Walk {
            root: self,
            top: "",
            cap,
            seen: 0,
            visit,
            beyond: Some(beyond),
        }
        .directory("", DEEPEST)
    }
}

struct Walk<'a> {
    root: &'a Root,
    top: &'a str,
    cap: usize,
    seen: usize,
    visit: Visit<'a>,
    /// Hears of what the cap leaves out, where that is no error.
    beyond: Option<&'a mut dyn FnMut(&str)>,
}

impl Walk<'_> {
    fn directory(&mut self, path: &str, depth: usize) -> Result<()> {
        let (mut entries, more) = self.root.list_some(path, self.cap - self.seen)?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in entries {
            if self.seen >= self.cap {
                return self.too_many(path);
            }
            self.seen += 1;
            let full = if path.is_empty() {
                entry.name.clone()
            } else {
                format!("{path}/{}", entry.name)
            };
            (self.visit)(&full, &entry)?;
            if entry.kind == EntryKind::Directory && !entry.unreadable_name {
                if depth == 0 || full.len() > LONGEST_PATH {
                    self.too_many(&full)?;
                    continue;
                }
                match self.directory(&full, depth - 1) {
                    // Gone, or another thing by now.
                    Err(
                        WorkspaceError::NotFound { .. }
                        | WorkspaceError::NotDirectory { .. }
                        | WorkspaceError::Symlink { .. },
                    ) => {}
                    // Closed to its owner, who is the server's own user.
                    Err(WorkspaceError::Denied { .. }) => {
                        if let Some(beyond) = &mut self.beyond {
                            beyond(&full);
                        }
                    }
                    other => other?,
                }
            }
        }
        if more { self.too_many(path) } else { Ok(()) }
    }

    fn too_many(&mut self, path: &str) -> Result<()> {
        match &mut self.beyond {
            Some(beyond) => {
                beyond(path);
                Ok(())
            }
            None => Err(WorkspaceError::TooMany {
                path: shown(self.top),
                cap: self.cap,
            }),
        }
    }
}
