//! Holds what sandboxes use against what their lab allows, where the kernel does not.

use std::sync::Arc;
use std::time::Duration;

use super::error::LabError;
use super::labs::{Engine, Live, lock};
use crate::model::{Guarantee, LabSession, SessionState};

/// How often a sandbox is sampled.
const EVERY: Duration = Duration::from_secs(10);

/// Samples in a row that must be over a limit: a peak is no offence.
const STRIKES: u32 = 2;

/// So long after a start nobody is stopped for files on the disk: the learner needs time to remove some.
const GRACE: Duration = Duration::from_mins(2);

impl Engine {
    /// Samples every session that is ready, each at most every ten seconds.
    pub async fn sample_all(self: &Arc<Self>) {
        let now = self.now();
        for live in self.lives() {
            let due = {
                let mut sampled = lock(&live.sampled);
                let due = live.sandbox().is_some() && sampled.is_none_or(|at| now.since(at) >= EVERY);
                if due {
                    *sampled = Some(now);
                }
                due
            };
            if due && let Err(error) = self.sample(&live).await {
                tracing::warn!(session = %live.id, %error, "what a sandbox uses could not be held against its limits");
            }
        }
    }

    async fn sample(&self, live: &Arc<Live>) -> Result<(), LabError> {
        let Some(row) = self.store.session(live.id).await? else {
            return Ok(());
        };
        if row.state != SessionState::Ready {
            return Ok(());
        }
        let Some(lab) = self.lab_of(&row) else { return Ok(()) };
        let usage = self.driver.sample(row.id).await?;
        let given = self.driver.guarantees();
        let over = if usage.memory > lab.limits.memory && !given.has(Guarantee::MemoryLimited) {
            Some(("memory", usage.memory, lab.limits.memory))
        } else if usage.disk > lab.limits.disk && !given.has(Guarantee::DiskLimited) {
            Some(("disk", usage.disk, lab.limits.disk))
        } else {
            None
        };
        let Some((what, used, allowed)) = over else {
            *lock(&live.over_limit) = 0;
            return Ok(());
        };
        let strikes = {
            let mut strikes = lock(&live.over_limit);
            *strikes += 1;
            *strikes
        };
        let words = excess(what, used, allowed);
        if strikes < STRIKES {
            return Ok(());
        }
        let served = lock(&live.served_since).map_or(Duration::ZERO, |since| self.now().since(since));
        if what == "disk" && served < GRACE {
            if strikes == STRIKES {
                self.notice(
                    &row,
                    "warning",
                    &format!("{words} Remove files, or the lab is stopped in two minutes."),
                );
            }
            return Ok(());
        }
        self.stop_for(live, &row, &words).await
    }

    async fn stop_for(&self, live: &Arc<Live>, row: &LabSession, words: &str) -> Result<(), LabError> {
        let Ok(_turn) = live.turn.try_lock() else {
            // Somebody changes the session; what it uses then is looked at again.
            return Ok(());
        };
        tracing::warn!(session = %row.id, words, "a session is stopped as it uses too much");
        let words = format!("{words} It was stopped; your files are as you left them. Make room, then resume.");
        self.notice(row, "failure", &words);
        self.pause_with(live, row, &words).await
    }
}

fn excess(what: &str, used: u64, allowed: u64) -> String {
    format!(
        "This lab uses {} of {what}, more than the {} that it may.",
        bytes(used),
        bytes(allowed)
    )
}

/// `1.5 GiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut rest = count;
    let mut tenths = 0;
    while rest >= 1024 && unit < UNITS.len() - 1 {
        tenths = (rest % 1024) * 10 / 1024;
        rest /= 1024;
        unit += 1;
    }
    if unit == 0 || tenths == 0 {
        format!("{rest} {}", UNITS[unit])
    } else {
        format!("{rest}.{tenths} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(2 << 30), "2 GiB");
        assert_eq!(bytes((3 << 29) + 5), "1.5 GiB");
        assert_eq!(
            excess("disk", 3 << 29, 1 << 30),
            "This lab uses 1.5 GiB of disk, more than the 1 GiB that it may."
        );
    }
}
