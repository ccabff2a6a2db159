//! What the kernel tells about something that is there.

use rustix::fs::{FileType, Stat};

use super::error::shown;
use super::{Entry, EntryKind, WorkspaceError};

pub(super) fn kind_of(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Symlink,
        _ => EntryKind::Special,
    }
}

pub(super) fn special(stat: &Stat) -> &'static str {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    }
}

/// The error for what is no regular file.
pub(super) fn not_a_file(path: &str, stat: &Stat) -> Option<WorkspaceError> {
    let path = shown(path);
    match kind_of(stat) {
        EntryKind::File => None,
        EntryKind::Directory => Some(WorkspaceError::IsDirectory { path }),
        EntryKind::Symlink => Some(WorkspaceError::Symlink { path }),
        EntryKind::Special => Some(WorkspaceError::Special {
            path,
            what: special(stat),
        }),
    }
}

#[allow(
    clippy::unnecessary_cast,
    clippy::useless_conversion,
    reason = "the types of these fields differ by platform"
)]
pub(super) fn entry(name: String, unreadable_name: bool, stat: &Stat) -> Entry {
    let kind = kind_of(stat);
    Entry {
        name,
        kind,
        size: if kind == EntryKind::File { size(stat) } else { 0 },
        modified: modified(stat),
        mode: u32::from(stat.st_mode) & 0o777,
        unreadable_name,
    }
}

pub(super) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

#[allow(
    clippy::unnecessary_cast,
    clippy::useless_conversion,
    reason = "the types of these fields differ by platform"
)]
pub(super) fn modified(stat: &Stat) -> i64 {
    (stat.st_mtime as i64)
        .saturating_mul(1_000_000)
        .saturating_add(i64::try_from(stat.st_mtime_nsec).unwrap_or(0) / 1000)
}
