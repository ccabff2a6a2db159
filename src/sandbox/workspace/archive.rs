//! A workspace as `tar.gz`, and a hostile `tar.gz` as a workspace.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::error::shown;
use super::path::check;
use super::root::{Root, fresh_name};
use super::{Caps, Copied, Entry, EntryKind, Expect, Result, WorkspaceError};

/// Beyond so many bytes unpacked, [`RATIO`] counts.
const SUSPECT: u64 = 64 << 20;
/// Bytes unpacked for a byte of the archive: text packs 10 to 1, a bomb 1000 to 1.
const RATIO: u64 = 200;
/// The file in an archive of what fits that names the rest.
const LEFT_OUT: &str = "halfway-left-out.txt";
/// Bytes of that file.
const LONGEST_LIST: usize = 256 * 1024;

impl Root {
    pub(super) fn archive<W: Write>(&self, out: W, caps: Caps) -> Result<(W, Copied)> {
        let mut pack = Pack::new(self, out, caps.bytes);
        self.walk("", caps.entries, &mut |path, entry| pack.add(path, entry))?;
        pack.finish()
    }

    /// As much as the caps allow, in the order of the paths, and [`LEFT_OUT`] with what that leaves out.
    pub(super) fn archive_what_fits<W: Write>(&self, out: W, caps: Caps) -> Result<(W, Copied)> {
        let mut pack = Pack::new(self, out, caps.bytes.saturating_sub(LONGEST_LIST as u64));
        let (mut large, mut beyond) = (Vec::new(), Vec::new());
        // One is for the list.
        self.walk_some(
            caps.entries.saturating_sub(1),
            &mut |path, entry| match pack.add(path, entry) {
                Err(WorkspaceError::TooLarge { .. }) => {
                    large.push(format!("{path} ({} bytes)", entry.size));
                    Ok(())
                }
                Err(WorkspaceError::BadPath { .. }) => {
                    large.push(format!("{path} (its path is too long)"));
                    Ok(())
                }
                added => added,
            },
            &mut |path| beyond.push(format!("{} (some or all of what is in it)", shown(path))),
        )?;
        let links = pack
            .copied
            .skipped
            .iter()
            .map(|path| format!("{path} (no regular file, or not readable)"));
        let left: Vec<String> = beyond.into_iter().chain(large).chain(links).collect();
        pack.text(LEFT_OUT, &list(&left))?;
        pack.copied.skipped = left;
        pack.finish()
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

/// An archive that grows.
struct Pack<'a, W: Write> {
    root: &'a Root,
    builder: tar::Builder<GzEncoder<W>>,
    /// Bytes that it may hold unpacked.
    most: u64,
    copied: Copied,
}

impl<'a, W: Write> Pack<'a, W> {
    fn new(root: &'a Root, out: W, most: u64) -> Self {
        Self {
            root,
            builder: tar::Builder::new(GzEncoder::new(out, Compression::fast())),
            most,
            copied: Copied::default(),
        }
    }

    /// Adds what a walk has come to: a regular file or a directory; anything else is skipped. What is too large, or has
    /// too long a path, is an error that leaves the archive as it was.
    fn add(&mut self, path: &str, entry: &Entry) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_mtime(u64::try_from(entry.modified / 1_000_000).unwrap_or(0));
        match entry.kind {
            EntryKind::Directory if !entry.unreadable_name => {
                header.set_entry_type(EntryType::Directory);
                header.set_size(0);
                return self
                    .builder
                    .append_data(&mut header, format!("{path}/"), io::empty())
                    .map_err(failed);
            }
            EntryKind::File if !entry.unreadable_name => {}
            _ => {
                self.copied.skipped.push(path.to_owned());
                return Ok(());
            }
        }
        let (file, stat) = match self.root.open_regular(path) {
            Ok(opened) => opened,
            Err(WorkspaceError::NotFound { .. } | WorkspaceError::Denied { .. }) => {
                self.copied.skipped.push(path.to_owned());
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let size = super::about::size(&stat);
        let bytes = self.copied.bytes.saturating_add(size);
        if bytes > self.most {
            return Err(WorkspaceError::TooLarge {
                path: "the workspace".to_owned(),
                size: bytes,
                cap: self.most,
            });
        }
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        // Exactly the size that the header says, whatever happens to the file meanwhile.
        let exact = file.chain(io::repeat(0)).take(size);
        self.builder.append_data(&mut header, path, exact).map_err(failed)?;
        self.copied.bytes = bytes;
        self.copied.files += 1;
        Ok(())
    }

    fn text(&mut self, path: &str, text: &str) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_entry_type(EntryType::Regular);
        header.set_size(text.len() as u64);
        self.builder
            .append_data(&mut header, path, text.as_bytes())
            .map_err(failed)
    }

    fn finish(self) -> Result<(W, Copied)> {
        let out = self.builder.into_inner().and_then(GzEncoder::finish).map_err(failed)?;
        Ok((out, self.copied))
    }
}

fn failed(error: io::Error) -> WorkspaceError {
    WorkspaceError::io("the archive", error)
}

/// What is left out, a line each, within [`LONGEST_LIST`] bytes.
fn list(left: &[String]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("This archive does not hold everything that was in the workspace. It leaves out:\n");
    for (number, line) in left.iter().enumerate() {
        if text.len() + line.len() + 100 > LONGEST_LIST {
            // Writing to a string does not fail.
            let _ = writeln!(text, "and {} more", left.len() - number);
            break;
        }
        text.push_str(&line.replace(char::is_control, "\u{fffd}"));
        text.push('\n');
    }
    text
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
