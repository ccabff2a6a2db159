//! When which check of a session is looked at: a pure timetable that `lab` drives.

use std::time::Duration;

use super::{Cadence, Plan};
use crate::base::{Backoff, Timestamp};
use crate::grading::CheckRef;
use crate::model::{Observation, Probe, TaskId};

/// How long watched paths must be quiet before a referee runs: editors and programs write in bursts.
pub const QUIET: Duration = Duration::from_millis(700);

/// After this long a referee runs even if the paths are never quiet.
pub const LONGEST_UNQUIET: Duration = Duration::from_secs(6);

/// Pauses between two polls, from the first to the longest.
const POLL: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// One look that is to be taken now.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    number: usize,
    /// What is seen is the observation of each of these.
    pub checks: Vec<CheckRef>,
    pub probe: Probe,
}

/// The timetable of one session. Everything is due at the start. What becomes due while it is looked at is looked at
/// again after; whatever came in between is looked at once, in its latest state.
#[derive(Debug)]
pub struct Schedule {
    items: Vec<Item>,
    /// Somebody looks at the session.
    looked_at: bool,
    /// Nothing starts, for a trial disturbs the workspace.
    held: bool,
}

#[derive(Debug)]
struct Item {
    checks: Vec<CheckRef>,
    probe: Probe,
    cadence: Cadence,
    watches: Vec<super::Watch>,
    needs_agent: bool,
    /// When to look, and since when that has been put off.
    due: Option<Due>,
    running: bool,
    backoff: Backoff,
    latest: Option<Observation>,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Timestamp,
    first: Timestamp,
}

impl Schedule {
    /// Everything is due at `now`.
    #[must_use]
    pub fn new(plan: &Plan, now: Timestamp) -> Self {
        let items = plan
            .looks
            .iter()
            .map(|planned| Item {
                checks: planned.checks.clone(),
                probe: planned.probe.clone(),
                cadence: planned.cadence,
                watches: planned.watches.clone(),
                needs_agent: planned.needs_agent,
                due: Some(Due { at: now, first: now }),
                running: false,
                backoff: Backoff::new(POLL.0, POLL.1),
                latest: None,
            })
            .collect();
        Self {
            items,
            looked_at: false,
            held: false,
        }
    }

    /// A path of the workspace has changed. Polls come sooner, too: a program that was changed may answer differently.
    pub fn changed(&mut self, path: &str, now: Timestamp) {
        for item in &mut self.items {
            match item.cadence {
                Cadence::Poll => item.poll_soon(now),
                _ if item.watches.iter().any(|watch| watch.concerns(path)) => item.touch(now),
                Cadence::Change | Cadence::Quiet => {}
            }
        }
    }

    /// Anything may have changed: events were lost, files were reset, a trial is over.
    pub fn changed_everywhere(&mut self, now: Timestamp) {
        for item in &mut self.items {
            match item.cadence {
                Cadence::Poll => item.poll_soon(now),
                Cadence::Change | Cadence::Quiet => item.touch(now),
            }
        }
    }

    /// The agent is there (again): what needs it is due.
    pub fn agent_is_back(&mut self, now: Timestamp) {
        for item in self.items.iter_mut().filter(|item| item.needs_agent) {
            item.backoff.reset();
            item.due = Some(Due { at: now, first: now });
        }
    }

    /// Whether somebody looks at the session. Polls stand still while nobody does, and are due when somebody comes.
    pub fn look(&mut self, looked_at: bool, now: Timestamp) {
        if looked_at && !self.looked_at {
            for item in self.items.iter_mut().filter(|item| item.cadence == Cadence::Poll) {
                item.poll_soon(now);
            }
        }
        self.looked_at = looked_at;
    }

    /// Lets nothing start until [`Schedule::release`]; what runs is not ended.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Ends a hold: everything is due, in the state that it has now.
    pub fn release(&mut self, now: Timestamp) {
        self.held = false;
        self.changed_everywhere(now);
    }

    /// Whether anything runs: a trial must wait until nothing does.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.items.iter().any(|item| item.running)
    }

    /// Whether a referee of a task runs now, or is about to: its level may be of an older state of the work.
    #[must_use]
    pub fn is_judging(&self, task: &TaskId) -> bool {
        self.items.iter().any(|item| {
            item.cadence == Cadence::Quiet
                && (item.running || item.due.is_some())
                && item.checks.iter().any(|check| &check.task == task)
        })
    }

    /// Takes what must be looked at now; each counts as running until [`Schedule::finished`]. What only tasks ask for
    /// that wait is put off until one does not.
    pub fn start(&mut self, now: Timestamp, waits: impl Fn(&TaskId) -> bool) -> Vec<Look> {
        let mut started = Vec::new();
        if self.held {
            return started;
        }
        let mut referee_runs = self
            .items
            .iter()
            .any(|item| item.running && item.cadence == Cadence::Quiet);
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        // The one that has waited longest goes first, so that none starves.
        order.sort_by_key(|index| (self.items[*index].due.map(|due| due.at), *index));
        for index in order {
            let looked_at = self.looked_at;
            let item = &mut self.items[index];
            let is_due = item.due.is_some_and(|due| due.at <= now);
            // The first look happens whether or not somebody is there.
            let may_poll = item.cadence != Cadence::Poll || looked_at || item.latest.is_none();
            let may_judge = item.cadence != Cadence::Quiet || !referee_runs;
            if !is_due || item.running || !may_poll || !may_judge || item.checks.iter().all(|check| waits(&check.task))
            {
                continue;
            }
            item.due = None;
            item.running = true;
            referee_runs |= item.cadence == Cadence::Quiet;
            started.push(Look {
                number: index,
                checks: item.checks.clone(),
                probe: item.probe.clone(),
            });
        }
        started
    }

    /// A look that was started is over.
    pub fn finished(&mut self, look: &Look, observation: &Observation, now: Timestamp) {
        let Some(item) = self.items.get_mut(look.number) else {
            return;
        };
        item.running = false;
        if item.cadence == Cadence::Poll {
            if item.latest.as_ref() != Some(observation) {
                item.backoff.reset();
            }
            let at = now.after(item.backoff.delay());
            item.due.get_or_insert(Due { at, first: at });
        }
        item.latest = Some(observation.clone());
    }

    /// A look that was started came to nothing: it is due again after a pause.
    pub fn abandoned(&mut self, look: &Look, now: Timestamp) {
        if let Some(item) = self.items.get_mut(look.number) {
            item.running = false;
            let at = now.after(item.backoff.delay());
            item.due.get_or_insert(Due { at, first: at });
        }
    }

    /// When [`Schedule::start`] may have something at the latest; an instant that has passed where something is due
    /// that cannot start yet is left out, as [`Schedule::finished`] or another call will set it free.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        if self.held {
            return None;
        }
        self.items
            .iter()
            .filter(|item| item.cadence != Cadence::Poll || self.looked_at)
            .filter(|item| !item.running)
            .filter_map(|item| item.due.map(|due| due.at))
            .filter(|at| *at > now)
            .min()
    }
}

impl Item {
    fn touch(&mut self, now: Timestamp) {
        let first = self.due.map_or(now, |due| due.first);
        let at = match self.cadence {
            Cadence::Quiet => now.after(QUIET).min(first.after(LONGEST_UNQUIET)),
            Cadence::Change | Cadence::Poll => now,
        };
        self.due = Some(Due { at, first });
    }

    fn poll_soon(&mut self, now: Timestamp) {
        self.backoff.reset();
        let soon = now.after(if self.latest.is_some() {
            POLL.0 / 4
        } else {
            Duration::ZERO
        });
        let at = self.due.map_or(soon, |due| due.at.min(soon));
        self.due = Some(Due { at, first: at });
    }
}
