//! Takes orphans off the process table, as the first process of a sandbox (or a subreaper) has to.
//! Never waits for a child that someone in the agent waits for: those are registered by [`Owned`].

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Pid, WaitOptions};

use crate::process;

static OWNED: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// While this lives, the exit status of the child belongs to its holder. The agent spawns and reaps on
/// one thread, so a child is registered before the reaper can look at it.
pub struct Owned(i32);

impl Owned {
    pub fn new(pid: i32) -> Self {
        owned().insert(pid);
        Self(pid)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        owned().remove(&self.0);
    }
}

fn owned() -> MutexGuard<'static, BTreeSet<i32>> {
    OWNED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reaps at every SIGCHLD, for ever.
///
/// # Errors
/// When the signal cannot be listened for.
pub async fn run() -> std::io::Result<()> {
    let mut signals = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child())?;
    loop {
        reap();
        if signals.recv().await.is_none() {
            return Ok(());
        }
    }
}

/// Takes every ended orphan off the table.
pub fn reap() {
    for child in children() {
        if !owned().contains(&child)
            && let Some(pid) = Pid::from_raw(child)
        {
            // Still running, or gone: both are no business of ours.
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

/// Children of the agent, from the kernel's own list, or by a look at every process where the kernel was
/// built without it.
fn children() -> Vec<i32> {
    let mut found = Vec::new();
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return found;
    };
    for task in tasks.flatten() {
        match std::fs::read_to_string(task.path().join("children")) {
            Ok(list) => found.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && task.path().exists() => {
                let own = process::own_pid();
                return process::descendants(own)
                    .into_iter()
                    .filter(|process| process.parent == own)
                    .map(|process| process.pid)
                    .collect();
            }
            Err(_) => {}
        }
    }
    found
}
