//! Copies between a workspace and directories of the machine: regular files and directories, nothing else.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::path::check;
use super::root::{DEEPEST, Root};
use super::{Caps, Copied, EntryKind, Expect, Result, WorkspaceError};

impl Root {
    pub(super) fn copy_to(&self, target: &Path, caps: Caps) -> Result<Copied> {
        let mut copied = Copied::default();
        self.make_outside(target, "")?;
        self.walk("", caps.entries, &mut |path, entry| {
            match entry.kind {
                EntryKind::Directory if !entry.unreadable_name => return self.make_outside(&target.join(path), path),
                EntryKind::File if !entry.unreadable_name => {}
                _ => {
                    copied.skipped.push(path.to_owned());
                    return Ok(());
                }
            }
            let (source, _) = match self.open_regular(path) {
                Ok(opened) => opened,
                Err(WorkspaceError::NotFound { .. } | WorkspaceError::Denied { .. }) => {
                    copied.skipped.push(path.to_owned());
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let left = caps.bytes.saturating_sub(copied.bytes);
            let too_large = || WorkspaceError::TooLarge {
                path: "the workspace".to_owned(),
                size: copied.bytes.saturating_add(entry.size),
                cap: caps.bytes,
            };
            if entry.size > left {
                return Err(too_large());
            }
            let io = |error| WorkspaceError::io(path, error);
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .mode(entry.mode | 0o600)
                .open(target.join(path))
                .map_err(io)?;
            // One more than is left, as the file may grow meanwhile.
            let count = std::io::copy(&mut source.take(left.saturating_add(1)), &mut file).map_err(io)?;
            if count > left {
                return Err(too_large());
            }
            if let Some((uid, gid)) = self.owner {
                rustix::fs::fchown(&file, Some(uid), Some(gid)).map_err(WorkspaceError::sys(path))?;
            }
            copied.files += 1;
            copied.bytes += count;
            Ok(())
        })?;
        Ok(copied)
    }

    fn make_outside(&self, directory: &Path, path: &str) -> Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.mode(0o755);
        match builder.create(directory) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && directory.is_dir() => {}
            other => other.map_err(|error| WorkspaceError::io(path, error))?,
        }
        match self.owner {
            Some((uid, gid)) => rustix::fs::chown(directory, Some(uid), Some(gid)).map_err(WorkspaceError::sys(path)),
            None => Ok(()),
        }
    }

    pub(super) fn copy_from(&self, source: &Path, to: &str) -> Result<Copied> {
        check(to)?;
        let mut copied = Copied::default();
        if !to.is_empty() {
            self.make_inside(to)?;
        }
        self.copy_level(source, to, DEEPEST, &mut copied)?;
        Ok(copied)
    }

    fn make_inside(&self, path: &str) -> Result<()> {
        match self.create_dir(path, true, 0o755) {
            Err(WorkspaceError::Exists { .. }) => Ok(()),
            other => other,
        }
    }

    fn copy_level(&self, source: &Path, to: &str, depth: usize, copied: &mut Copied) -> Result<()> {
        let io = |error| WorkspaceError::io(to, error);
        let mut items: Vec<_> = std::fs::read_dir(source)
            .map_err(io)?
            .collect::<std::io::Result<_>>()
            .map_err(io)?;
        items.sort_by_key(std::fs::DirEntry::file_name);
        for item in items {
            let name = item.file_name();
            let path = match (to, name.to_str()) {
                (_, None) => {
                    copied.skipped.push(name.to_string_lossy().into_owned());
                    continue;
                }
                ("", Some(name)) => name.to_owned(),
                (to, Some(name)) => format!("{to}/{name}"),
            };
            let kind = item.file_type().map_err(io)?;
            if kind.is_dir() && depth > 0 {
                self.make_inside(&path)?;
                self.copy_level(&item.path(), &path, depth - 1, copied)?;
            } else if kind.is_file() {
                let mut file = File::open(item.path()).map_err(io)?;
                let meta = file.metadata().map_err(io)?;
                self.put(&path, &mut file, Some((meta.mode() & 0o777) | 0o600), Expect::Anything)?;
                copied.files += 1;
                copied.bytes += meta.len();
            } else {
                copied.skipped.push(path);
            }
        }
        Ok(())
    }
}
