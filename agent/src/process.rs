//! Looks at `/proc` and ends processes of the sandbox. Never touches a process that is not a descendant
//! of the agent.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use halfway_agent::protocol;
use rustix::process::{Pid, Signal};

use crate::reaper;

/// Bytes of arguments that one process shows at most.
const ARGUMENTS: usize = 4096;

/// The fields of `/proc/<pid>/stat` that the agent uses.
#[derive(Debug, Clone)]
pub struct Stat {
    pub pid: i32,
    pub name: String,
    pub state: char,
    pub parent: i32,
    pub group: i32,
    pub session: i32,
    /// User and system time in clock ticks.
    pub cpu_ticks: u64,
    /// Clock ticks since boot.
    pub start: u64,
    pub resident_pages: u64,
}

/// Reads one process; `None` when it is gone.
pub fn stat(pid: &str) -> Option<Stat> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(&String::from_utf8_lossy(&text))
}

/// proc(5): the name stands in brackets and may hold anything, brackets and spaces too.
fn parse(text: &str) -> Option<Stat> {
    let (head, rest) = text.rsplit_once(')')?;
    let (pid, name) = head.split_once('(')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        pid: pid.trim().parse().ok()?,
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        cpu_ticks: number(11)? + number(12)?,
        start: number(19)?,
        resident_pages: number(21)?,
    })
}

/// Every process that can be seen.
fn all() -> Vec<Stat> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let name = name.to_str()?;
            name.bytes().all(|byte| byte.is_ascii_digit()).then(|| stat(name))?
        })
        .collect()
}

/// Everything below `root`, without `root` itself.
pub fn descendants(root: i32) -> Vec<Stat> {
    let mut children: BTreeMap<i32, Vec<Stat>> = BTreeMap::new();
    for process in all() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found: Vec<Stat> = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            parents.push(process.pid);
            found.push(process);
        }
    }
    found
}

/// Threads of the agent's user, the agent's own not counted.
pub fn threads_of_this_user() -> u64 {
    let user = rustix::process::getuid().as_raw().to_string();
    let own = std::process::id().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let name = name.to_str()?;
            if name == own || !name.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
            let field = |field: &str| {
                status
                    .lines()
                    .find_map(|line| line.strip_prefix(field))?
                    .split_ascii_whitespace()
                    .next()
            };
            (field("Uid:")? == user).then(|| field("Threads:")?.parse::<u64>().ok())?
        })
        .sum()
}

/// The list for `GET /v1/processes`; `terminals` are ids by the pid of their first process.
pub fn list(terminals: &BTreeMap<i32, String>) -> Vec<protocol::Process> {
    let page = rustix::param::page_size() as u64;
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let mut processes: Vec<_> = descendants(own_pid())
        .into_iter()
        .map(|process| protocol::Process {
            pid: process.pid.unsigned_abs(),
            ppid: process.parent.unsigned_abs(),
            argv: arguments(&process),
            state: process.state.to_string(),
            cpu_ms: process.cpu_ticks.saturating_mul(1000) / ticks,
            rss_bytes: process.resident_pages.saturating_mul(page),
            terminal: terminals.get(&process.session).cloned(),
        })
        .collect();
    processes.sort_by_key(|process| process.pid);
    processes
}

fn arguments(process: &Stat) -> Vec<String> {
    use std::io::Read as _;

    let mut text = Vec::new();
    if let Ok(file) = std::fs::File::open(format!("/proc/{}/cmdline", process.pid)) {
        // What cannot be read is shown like a process without arguments.
        let _ = file.take(ARGUMENTS as u64).read_to_end(&mut text);
    }
    if text.is_empty() {
        return vec![format!("[{}]", process.name)];
    }
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    text.split(|byte| *byte == 0)
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect()
}

/// The agent's own pid as the kernel's signed type.
pub fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// Sends a signal; a process that is gone or not ours to signal is no error.
pub fn signal(pid: i32, signal: Signal) {
    if pid > 1
        && let Some(pid) = Pid::from_raw(pid)
    {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// A child with everything below it and in its process group, told apart from later owners of its pids.
pub struct Family {
    leader: i32,
    seen: BTreeSet<(i32, u64)>,
}

impl Family {
    /// `leader` is a child that leads its own process group and has not been waited for.
    pub fn of(leader: i32) -> Self {
        Self {
            leader,
            seen: BTreeSet::new(),
        }
    }

    /// Signals every member: those of now, and those seen at an earlier call that are still the same.
    /// `led`: the leader was not waited for yet, so its pid cannot be another's.
    pub fn signal(&mut self, signal_: Signal, led: bool) {
        let below = descendants(own_pid());
        let mut members: BTreeSet<(i32, u64)> = below
            .iter()
            .filter(|process| {
                process.group == self.leader && (led || process.pid != self.leader)
                    || self.seen.contains(&(process.pid, process.start))
            })
            .map(|process| (process.pid, process.start))
            .collect();
        if led {
            members.extend(
                descendants(self.leader)
                    .iter()
                    .map(|process| (process.pid, process.start)),
            );
        }
        for (pid, _) in &members {
            signal(*pid, signal_);
        }
        self.seen.extend(members);
    }
}

/// Hangs up and then kills all that is in one process session, the leader included.
pub async fn end_session(leader: i32) {
    for (round, grace) in [(Signal::HUP, 40_u32), (Signal::KILL, 40)] {
        for process in members(leader) {
            signal(process.pid, round);
            // A stopped process sees a hang-up only when it runs again.
            signal(process.pid, Signal::CONT);
        }
        for _ in 0..grace {
            if members(leader).is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

fn members(session: i32) -> Vec<Stat> {
    descendants(own_pid())
        .into_iter()
        .filter(|process| process.session == session && process.state != 'Z')
        .collect()
}

/// Hangs up and then kills everything that the agent has ever started, and reaps it.
pub async fn end_everything() {
    let left = || {
        reaper::reap();
        descendants(own_pid())
    };
    for process in left() {
        signal(process.pid, Signal::HUP);
        signal(process.pid, Signal::CONT);
    }
    for _ in 0..40 {
        if left().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // Again and again: a process that forks while it is looked for is caught in a later round.
    for _ in 0..80 {
        let left = left();
        if left.is_empty() {
            return;
        }
        for process in left {
            signal(process.pid, Signal::KILL);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_brackets() {
        let line = "7 (a) (b) S 1 7 7 0 -1 4194560 1 2 3 4 50 60 0 0 20 0 1 0 999 1000 25 1";
        let stat = parse(line).expect("parses");
        assert_eq!((stat.pid, stat.parent, stat.group, stat.session), (7, 1, 7, 7));
        assert_eq!(stat.name, "a) (b");
        assert_eq!((stat.cpu_ticks, stat.start, stat.resident_pages), (110, 999, 25));
    }

    #[test]
    fn nonsense_is_no_process() {
        for line in ["", "7", "7 (x)", "7 (x) S 1 2", ") ("] {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
