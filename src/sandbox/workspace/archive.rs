//! A workspace as `tar.gz`, and a hostile `tar.gz` as a workspace.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::root::{Root, check, fresh_name};
use super::{Caps, Copied, EntryKind, Expect, Result, WorkspaceError};

/// Beyond so many bytes unpacked, [`RATIO`] counts.
const SUSPECT: u64 = 64 << 20;
/// Bytes unpacked for a byte of the archive: text packs 10 to 1, a bomb 1000 to 1.
const RATIO: u64 = 200;

impl Root {
    pub(super) fn archive<W: Write>(&self, out: W, caps: Caps) -> Result<(W, Copied)> {
        let mut copied = Copied::default();
        let mut builder = tar::Builder::new(GzEncoder::new(out, Compression::fast()));
        let failed = |error| WorkspaceError::io("the archive", error);
        self.walk("", caps.entries, &mut |path, entry| {
            let mut header = Header::new_gnu();
            header.set_mode(entry.mode);
            header.set_mtime(u64::try_from(entry.modified / 1_000_000).unwrap_or(0));
            match entry.kind {
                EntryKind::Directory if !entry.unreadable_name => {
                    header.set_entry_type(EntryType::Directory);
                    header.set_size(0);
                    return builder
                        .append_data(&mut header, format!("{path}/"), io::empty())
                        .map_err(failed);
                }
                EntryKind::File if !entry.unreadable_name => {}
                _ => {
                    copied.skipped.push(path.to_owned());
                    return Ok(());
                }
            }
            let (file, stat) = match self.open_regular(path) {
                Ok(opened) => opened,
                Err(WorkspaceError::NotFound { .. } | WorkspaceError::Denied { .. }) => {
                    copied.skipped.push(path.to_owned());
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let size = super::root::size(&stat);
            copied.bytes = copied.bytes.saturating_add(size);
            if copied.bytes > caps.bytes {
                return Err(WorkspaceError::TooLarge {
                    path: "the workspace".to_owned(),
                    size: copied.bytes,
                    cap: caps.bytes,
                });
            }
            header.set_entry_type(EntryType::Regular);
            header.set_size(size);
            // Exactly the size that the header says, whatever happens to the file meanwhile.
            let exact = file.chain(io::repeat(0)).take(size);
            builder.append_data(&mut header, path, exact).map_err(failed)?;
            copied.files += 1;
            Ok(())
        })?;
        let out = builder.into_inner().and_then(GzEncoder::finish).map_err(failed)?;
        Ok((out, copied))
    }

    /// Unpacks beside what is there; only when all is well it takes its place.
    pub(super) fn unpack<R: Read>(&self, archive: R, caps: Caps) -> Result<Copied> {
        let stage = fresh_name();
        self.create_dir(&stage, false, 0o700)?;
        let outcome = self.unpack_into(&stage, archive, caps).and_then(|copied| {
            for entry in self.list("", usize::MAX)? {
                if !entry.unreadable_name {
                    self.remove(&entry.name)?;
                }
            }
            for entry in self.list(&stage, usize::MAX)? {
                self.rename(&format!("{stage}/{}", entry.name), &entry.name)?;
            }
            Ok(copied)
        });
        let cleaned = self.remove(&stage);
        let copied = outcome?;
        cleaned?;
        Ok(copied)
    }

    fn unpack_into<R: Read>(&self, stage: &str, archive: R, caps: Caps) -> Result<Copied> {
        let mut copied = Copied::default();
        let packed = Arc::new(AtomicU64::new(0));
        let unpacked = Bounded {
            inner: MultiGzDecoder::new(Counted(archive, Arc::clone(&packed))),
            packed,
            unpacked: 0,
            most: caps
                .bytes
                .saturating_add(caps.entries as u64 * 2048)
                .saturating_add(1 << 20),
        };
        let mut entries = 0_usize;
        let broken = |error: &io::Error| refuse(&format!("it cannot be read: {error}"));
        let mut archive = tar::Archive::new(unpacked);
        for entry in archive.entries().map_err(|error| broken(&error))? {
            let mut entry = entry.map_err(|error| broken(&error))?;
            entries += 1;
            if entries > caps.entries {
                return Err(refuse(&format!("it holds more than {} entries", caps.entries)));
            }
            let name = entry.path_bytes().into_owned();
            let name = String::from_utf8(name).map_err(|_| refuse("a name in it is not UTF-8"))?;
            let name = name.strip_prefix("./").unwrap_or(&name).trim_end_matches('/');
            let kind = entry.header().entry_type();
            if name.is_empty() || name == "." {
                if kind == EntryType::Directory {
                    continue;
                }
                return Err(refuse("an entry has no name"));
            }
            check(name).map_err(|error| refuse(&error.to_string()))?;
            let path = format!("{stage}/{name}");
            let mode = entry.header().mode().unwrap_or(0o644) & 0o777;
            if let Some((parent, _)) = path.rsplit_once('/') {
                self.directory(parent, 0o755)?;
            }
            match kind {
                EntryType::Directory => self.directory(&path, mode | 0o700)?,
                EntryType::Regular | EntryType::Continuous => {
                    let size = entry.size();
                    copied.bytes = copied.bytes.saturating_add(size);
                    if copied.bytes > caps.bytes {
                        return Err(refuse(&format!("it unpacks to more than {} bytes", caps.bytes)));
                    }
                    self.put(&path, &mut entry, Some(mode | 0o600), Expect::Anything)
                        .map_err(|error| match error {
                            WorkspaceError::Io { source, .. } => broken(&source),
                            WorkspaceError::Full { .. } => error,
                            other => refuse(&other.to_string().replace(stage, "the archive")),
                        })?;
                    copied.files += 1;
                }
                EntryType::Symlink | EntryType::Link => {
                    return Err(refuse(&format!("{name:?} is a link")));
                }
                other => return Err(refuse(&format!("{name:?} is of the kind {other:?}"))),
            }
        }
        Ok(copied)
    }

    fn directory(&self, path: &str, mode: u32) -> Result<()> {
        match self.create_dir(path, true, mode) {
            Ok(()) => Ok(()),
            Err(WorkspaceError::Exists { .. }) => self
                .open_dir(path)
                .map(drop)
                .map_err(|_| refuse("a name in it is a file and a directory")),
            Err(error @ WorkspaceError::Full { .. }) => Err(error),
            Err(error) => Err(refuse(&error.to_string())),
        }
    }
}

fn refuse(why: &str) -> WorkspaceError {
    WorkspaceError::Archive { why: why.to_owned() }
}

/// Counts what is read of the archive itself.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buf)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Ends with an error when more comes out than can be meant well.
struct Bounded<R> {
    inner: R,
    packed: Arc<AtomicU64>,
    unpacked: u64,
    most: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.unpacked += count as u64;
        let packed = self.packed.load(Ordering::Relaxed);
        if self.unpacked > self.most || self.unpacked > SUSPECT && self.unpacked / RATIO > packed {
            return Err(io::Error::other("it unpacks to far more than it holds"));
        }
        Ok(count)
    }
}
