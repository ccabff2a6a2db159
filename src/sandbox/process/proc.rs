//! Looks at this machine's processes through `/proc`, and signals them by descriptor, so that a pid that was given to
//! somebody else meanwhile is never hit.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};

/// What tells a process from a later one with its pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(super) struct Identity {
    pub pid: u32,
    /// Clock ticks since boot.
    pub start: u64,
}

/// Of this boot of the machine; empty where the kernel does not tell.
pub(super) fn boot_id() -> io::Result<String> {
    let read = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    Ok(found(read)?.unwrap_or_default().trim().to_owned())
}

/// What is not there is nothing; what could not be looked at is an error, and says nothing about what is there.
pub(super) fn found<T>(looked: io::Result<T>) -> io::Result<Option<T>> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The fields of `/proc/<pid>/stat` that are used here (proc(5); the name may hold anything).
#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    pub state: char,
    pub parent: u32,
    pub start: u64,
    pub resident_pages: u64,
}

pub(super) fn stat(pid: u32) -> Option<Stat> {
    parsed(&std::fs::read(format!("/proc/{pid}/stat")).ok()?)
}

fn parsed(text: &[u8]) -> Option<Stat> {
    let text = String::from_utf8_lossy(text);
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
        resident_pages: fields.get(21)?.parse().ok()?,
    })
}

pub(super) fn identity(pid: u32) -> Option<Identity> {
    stat(pid).map(|stat| Identity { pid, start: stat.start })
}

/// All pids that can be seen.
pub(super) fn all() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Users that some process has.
pub(super) fn users() -> impl Iterator<Item = u32> {
    use std::os::unix::fs::MetadataExt;
    // The directory itself is root's where the process is closed to its own user; its tasks are not.
    all().filter_map(|pid| Some(std::fs::metadata(format!("/proc/{pid}/task")).ok()?.uid()))
}

/// A process's arguments, at most 64 KiB of them.
pub(super) fn arguments(pid: u32) -> Vec<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(format!("/proc/{pid}/cmdline")) {
        // What cannot be read has no arguments for us.
        let _ = file.take(64 * 1024).read_to_end(&mut bytes);
    }
    bytes
        .strip_suffix(b"\0")
        .unwrap_or(&bytes)
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// The process's pids from the outermost pid namespace that we see to its own.
pub(super) fn namespace_pids(pid: u32) -> Vec<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))
        .map(|pids| {
            pids.split_ascii_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect()
        })
        .unwrap_or_default()
}

/// A descriptor of exactly that process; `None` when it is gone, a zombie, or cannot be looked at now.
pub(super) fn open(who: Identity) -> Option<OwnedFd> {
    look_for(who).ok().flatten()
}

/// A descriptor of exactly that process; `None` when it is gone or a zombie.
///
/// # Errors
/// Where that cannot be told now, as when this process has no descriptor left: it may well be alive.
pub(super) fn look_for(who: Identity) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = i32::try_from(who.pid).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    let opened = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from);
    let Some(descriptor) = found(opened)? else {
        return Ok(None);
    };
    // Looked at after opening: whoever has the pid now is whom the descriptor names.
    let stat = found(std::fs::read(format!("/proc/{pid}/stat", pid = who.pid)))?;
    let is_it = stat
        .and_then(|text| parsed(&text))
        .is_some_and(|stat| stat.start == who.start && !matches!(stat.state, 'Z' | 'X'));
    Ok(is_it.then_some(descriptor))
}

pub(super) fn signal(process: &OwnedFd, signal: Signal) -> io::Result<()> {
    match rustix::process::pidfd_send_signal(process, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Waits until the process has ended; false when it has not within `patience`.
pub(super) async fn ended(process: OwnedFd, patience: Duration) -> bool {
    tokio::task::spawn_blocking(move || {
        let timeout = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(patience.subsec_nanos()),
        };
        loop {
            match rustix::event::poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout)) {
                Ok(ready) => return ready > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    })
    .await
    .unwrap_or(false)
}

/// Everything below a process, itself first.
pub(super) fn family(root: u32) -> Vec<(u32, Stat)> {
    let mut all: Vec<(u32, Stat)> = all().filter_map(|pid| Some((pid, stat(pid)?))).collect();
    let mut found: Vec<(u32, Stat)> = Vec::new();
    let mut parents = vec![root];
    if let Some(own) = stat(root) {
        found.push((root, own));
    }
    while let Some(parent) = parents.pop() {
        all.retain(|(pid, stat)| {
            let child = stat.parent == parent && *pid != root;
            if child {
                parents.push(*pid);
                found.push((*pid, *stat));
            }
            !child
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_pid_and_start() {
        let own = identity(std::process::id()).unwrap();
        assert!(open(own).is_some());
        assert!(
            open(Identity {
                start: own.start + 1,
                ..own
            })
            .is_none()
        );
        assert!(!boot_id().unwrap().is_empty());
        assert_eq!(namespace_pids(own.pid).last(), Some(&own.pid));
    }
}
