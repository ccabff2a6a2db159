//! Control groups, where this server may make them: the kernel then holds memory and processes of a sandbox as a whole.
//!
//! Version 1 and version 2. Makes groups only below, or in version 2 beside, the server's own; never changes a group
//! that it did not make.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::driver::Usage;

/// Where groups can be made.
#[derive(Clone, Debug, Default)]
pub(super) struct Cgroups {
    /// Version 2: one directory for all.
    unified: Option<PathBuf>,
    /// Version 1, a directory each.
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
    prefix: String,
}

/// The group of one sandbox.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    unified: Option<PathBuf>,
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
}

impl Cgroups {
    /// Really makes and removes a group to know.
    pub(super) fn detect(install: &str) -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let mut found = Self {
            prefix: format!("halfway-{install}"),
            ..Self::default()
        };
        for line in own.lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let path = path.trim_start_matches('/');
            let has = |name: &str| controllers.split(',').any(|controller| controller == name);
            if controllers.is_empty() {
                found.unified = mount(&mounts, "cgroup2", None)
                    .map(|root| root.join(path))
                    .and_then(|own| found.version2(&own));
            } else if has("memory") {
                found.memory = mount(&mounts, "cgroup", Some("memory"))
                    .map(|root| root.join(path))
                    .filter(|parent| found.try_in(parent, "memory.limit_in_bytes"));
            } else if has("pids") {
                found.pids = mount(&mounts, "cgroup", Some("pids"))
                    .map(|root| root.join(path))
                    .filter(|parent| found.try_in(parent, "pids.max"));
            }
        }
        found
    }

    /// A group with processes in it cannot hand controllers on, so the server's own parent is tried too.
    fn version2(&self, own: &Path) -> Option<PathBuf> {
        [Some(own), own.parent()]
            .into_iter()
            .flatten()
            .find(|parent| self.try_in(parent, "memory.max") && self.try_in(parent, "pids.max"))
            .map(Path::to_owned)
    }

    fn try_in(&self, parent: &Path, file: &str) -> bool {
        let trial = parent.join(format!("{}-trial-{}", self.prefix, std::process::id()));
        if fs::create_dir(&trial).is_err() {
            return false;
        }
        let works = fs::File::options().write(true).open(trial.join(file)).is_ok()
            && fs::File::options().write(true).open(trial.join("cgroup.procs")).is_ok();
        // Empty, so it can always be removed.
        let _ = fs::remove_dir(&trial);
        works
    }

    pub(super) fn limits_memory(&self) -> bool {
        self.unified.is_some() || self.memory.is_some()
    }

    pub(super) fn limits_processes(&self) -> bool {
        self.unified.is_some() || self.pids.is_some()
    }

    /// The group of that name, whether or not it was made.
    pub(super) fn group(&self, name: &str) -> Group {
        let in_it = |parent: &Option<PathBuf>| {
            parent
                .as_ref()
                .map(|parent| parent.join(format!("{}-{name}", self.prefix)))
        };
        Group {
            unified: in_it(&self.unified),
            memory: in_it(&self.memory),
            pids: in_it(&self.pids),
        }
    }
}

impl Cgroups {
    /// Names of all groups that there are, as [`Cgroups::group`] was given them.
    pub(super) fn names(&self) -> BTreeSet<String> {
        [&self.unified, &self.memory, &self.pids]
            .into_iter()
            .flatten()
            .filter_map(|parent| fs::read_dir(parent).ok())
            .flatten()
            .flatten()
            .filter_map(|entry| {
                Some(
                    entry
                        .file_name()
                        .to_str()?
                        .strip_prefix(&self.prefix)?
                        .strip_prefix('-')?
                        .to_owned(),
                )
            })
            .filter(|name| !name.starts_with("trial-"))
            .collect()
    }
}

/// Where a hierarchy is mounted.
fn mount(mounts: &str, kind: &str, option: Option<&str>) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, place, of_kind, options, ..] = fields[..] else {
            return None;
        };
        let fits = of_kind == kind && option.is_none_or(|option| options.split(',').any(|given| given == option));
        fits.then(|| PathBuf::from(place))
    })
}

impl Group {
    /// Makes the group with its limits; answers the files into which a process writes its pid to join. `memory` in
    /// bytes. What cannot be set is left out: [`Cgroups::detect`] has tried it.
    pub(super) fn make(&self, memory: u64, processes: u32) -> Vec<PathBuf> {
        let mut joins = Vec::new();
        // The agent counts too.
        let processes = processes.saturating_add(8).to_string();
        let memory = memory.to_string();
        let mut set = |directory: &Option<PathBuf>, limits: &[(&str, &str)]| {
            let Some(directory) = directory else { return };
            if !directory.is_dir() && fs::create_dir(directory).is_err() {
                return;
            }
            if limits
                .iter()
                .all(|(file, value)| fs::write(directory.join(file), value).is_ok() || *file == SWAP)
            {
                joins.push(directory.join("cgroup.procs"));
            }
        };
        set(
            &self.unified,
            &[("memory.max", &memory), (SWAP, "0"), ("pids.max", &processes)],
        );
        set(&self.memory, &[("memory.limit_in_bytes", &memory)]);
        set(&self.pids, &[("pids.max", &processes)]);
        joins
    }

    /// Kills whatever is in it. Again and again, as some of it may be forking.
    pub(super) fn kill(&self) {
        if let Some(unified) = &self.unified
            && fs::write(unified.join("cgroup.kill"), "1").is_ok()
        {
            return;
        }
        for _ in 0..100 {
            let members = self.members();
            if members.is_empty() {
                return;
            }
            for member in members {
                if let Some(process) = super::proc::identity(member).and_then(super::proc::open) {
                    // Gone already is as good.
                    let _ = super::proc::signal(&process, rustix::process::Signal::KILL);
                }
            }
            std::thread::yield_now();
        }
    }

    fn members(&self) -> Vec<u32> {
        [&self.unified, &self.pids, &self.memory]
            .into_iter()
            .flatten()
            .filter_map(|directory| fs::read_to_string(directory.join("cgroup.procs")).ok())
            .flat_map(|list| list.lines().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
            .collect()
    }

    /// Removes it. A group with somebody in it stays: false.
    pub(super) fn remove(&self) -> bool {
        [&self.unified, &self.memory, &self.pids]
            .into_iter()
            .flatten()
            .all(|directory| fs::remove_dir(directory).is_ok() || !directory.exists())
    }

    /// Memory and processes in it, as far as the kernel tells.
    pub(super) fn usage(&self, usage: &mut Usage) {
        let number = |directory: &Option<PathBuf>, file: &str| -> Option<u64> {
            fs::read_to_string(directory.as_ref()?.join(file))
                .ok()?
                .trim()
                .parse()
                .ok()
        };
        // The page cache is left out: the kernel takes it back when it needs it.
        let stat = |directory: &Option<PathBuf>, names: &[&str]| -> Option<u64> {
            let text = fs::read_to_string(directory.as_ref()?.join("memory.stat")).ok()?;
            let value = |name: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<u64>().ok())
            };
            Some(names.iter().filter_map(|name| value(name)).sum())
        };
        if let Some(memory) = stat(&self.unified, &["anon", "shmem"]).or_else(|| stat(&self.memory, &["rss", "shmem"]))
        {
            usage.memory = memory;
        }
        if let Some(count) = number(&self.unified, "pids.current").or_else(|| number(&self.pids, "pids.current")) {
            usage.processes = u32::try_from(count).unwrap_or(u32::MAX);
        }
    }
}

/// Not every kernel counts swap.
const SWAP: &str = "memory.swap.max";
