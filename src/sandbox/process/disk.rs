//! How much of the disk a session uses: blocks of its files, counted once a file, links not followed.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

/// Files looked at; beyond it the count is a lower bound.
const MOST: usize = 500_000;

/// Bytes on the disk below these directories.
#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    reason = "the types of these fields differ by platform"
)]
pub(crate) fn used(directories: &[&Path]) -> u64 {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut seen_links = HashSet::new();
    let mut bytes = 0_u64;
    let mut looked = 0_usize;
    for directory in directories {
        let Ok(root) = rustix::fs::open(*directory, flags, Mode::empty()) else {
            continue;
        };
        let mut stack: Vec<OwnedFd> = vec![root];
        while let Some(directory) = stack.pop() {
            let Ok(items) = Dir::read_from(&directory) else {
                continue;
            };
            for item in items.flatten() {
                let name = item.file_name();
                if matches!(name.to_bytes(), b"." | b"..") || looked >= MOST {
                    continue;
                }
                looked += 1;
                let Ok(stat) = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) else {
                    continue;
                };
                if stat.st_nlink < 2
                    || FileType::from_raw_mode(stat.st_mode) == FileType::Directory
                    || seen_links.insert((stat.st_dev, stat.st_ino))
                {
                    bytes = bytes.saturating_add(u64::try_from(stat.st_blocks).unwrap_or(0) * 512);
                }
                // A tree wider and deeper than this is counted in part.
                if FileType::from_raw_mode(stat.st_mode) == FileType::Directory && stack.len() < 400 {
                    stack.extend(rustix::fs::openat(&directory, name, flags, Mode::empty()));
                }
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparse_file_and_a_second_link_cost_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir(at("d")).unwrap();
        std::fs::write(at("d/big"), vec![1; 100_000]).unwrap();
        let before = used(&[directory.path()]);
        assert!(before >= 100_000, "{before}");
        std::fs::hard_link(at("d/big"), at("again")).unwrap();
        std::fs::File::create(at("sparse")).unwrap().set_len(10 << 30).unwrap();
        std::os::unix::fs::symlink("/usr", at("link")).unwrap();
        assert!(used(&[directory.path()]) < before + 50_000);
    }
}
