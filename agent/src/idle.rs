//! Notices when nobody speaks to the agent any more. Never looks at a wall clock: it counts its own
//! ticks, so a frozen or suspended sandbox does not age.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior};

/// A gap between two ticks longer than this means that the sandbox was frozen in between.
const FROZEN: Duration = Duration::from_secs(5);

/// Who is there: shared by all requests.
#[derive(Debug, Clone, Default)]
pub struct Presence(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    spoken: AtomicBool,
    open: AtomicUsize,
}

impl Presence {
    /// A client of this session is there for as long as the guard lives, and was there just now.
    pub fn hold(&self) -> Held {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        self.0.spoken.store(true, Ordering::Relaxed);
        Held(self.clone())
    }

    fn take(&self) -> bool {
        let spoken = self.0.spoken.swap(false, Ordering::Relaxed);
        spoken || self.0.open.load(Ordering::Relaxed) > 0
    }
}

/// See [`Presence::hold`].
#[derive(Debug)]
pub struct Held(Presence);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.0.spoken.store(true, Ordering::Relaxed);
    }
}

/// Ticks in a row without a client.
#[derive(Debug, Default)]
struct Count(u64);

impl Count {
    /// True when `limit` ticks in a row passed without a client and without a gap.
    fn tick(&mut self, spoken: bool, gap: Duration, limit: u64) -> bool {
        if spoken || gap > FROZEN {
            self.0 = 0;
        } else {
            self.0 += 1;
        }
        self.0 >= limit
    }
}

/// Returns when nobody has spoken for `limit` ticks; never if `limit` is 0.
pub async fn wait(presence: Presence, tick: Duration, limit: u64) {
    if limit == 0 {
        return std::future::pending().await;
    }
    let mut ticks = tokio::time::interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = Count::default();
    let mut last = Instant::now();
    loop {
        ticks.tick().await;
        let now = Instant::now();
        if count.tick(presence.take(), now.duration_since(last), limit) {
            return;
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_client_or_a_gap_starts_the_count_again() {
        let mut count = Count::default();
        assert!(!count.tick(false, SECOND, 3));
        assert!(!count.tick(false, SECOND, 3));
        assert!(!count.tick(true, SECOND, 3));
        assert!(!count.tick(false, SECOND, 3));
        assert!(!count.tick(false, SECOND, 3));
        assert!(!count.tick(false, FROZEN * 2, 3));
        assert!(!count.tick(false, SECOND, 3));
        assert!(!count.tick(false, SECOND, 3));
        assert!(count.tick(false, SECOND, 3));
    }

    #[test]
    fn an_open_stream_counts_as_speaking() {
        let presence = Presence::default();
        let held = presence.hold();
        assert!(presence.take());
        assert!(presence.take());
        drop(held);
        assert!(presence.take());
        assert!(!presence.take());
    }
}
