//! The loop that grades one session: what changed is looked at, judged, stored and told, trials run in between.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Order, Seen, interests};
use crate::base::Timestamp;
use crate::grading::engine::TaskStatus;
use crate::grading::plan::Look;
use crate::grading::{self, CheckRef, Plan, ProbeContext, Schedule, probe, trial};
use crate::lab::events::EventKind;
use crate::lab::labs::{Engine, Live, lock};
use crate::lab::trials::{self, Begun};
use crate::lab::watch::{Changes, Watching};
use crate::model::{Award, Lab, LabSession, Observation, TaskId, TaskLevel, TaskWork};

/// How often everything is looked at where the machine cannot watch all of it.
const SHORT: Duration = Duration::from_secs(2);

/// Files that change in bursts are looked at this often at most; grows while the burst goes on.
const GATE: (Duration, Duration) = (Duration::from_millis(15), Duration::from_millis(200));

/// A gate that is open.
pub(super) fn open_gate() -> (Instant, Duration) {
    (Instant::now(), GATE.0)
}

/// What is not in the store yet.
#[derive(Default)]
pub(super) struct Unsaved {
    pub levels: BTreeMap<TaskId, TaskLevel>,
    pub awards: Vec<Award>,
    /// When it must be stored at the latest.
    pub due: Option<Instant>,
}

pub(super) struct Loop {
    pub engine: Arc<Engine>,
    pub live: Arc<Live>,
    pub row: LabSession,
    pub lab: Arc<Lab>,
    pub plan: Plan,
    pub schedule: Schedule,
    pub grading: grading::Engine,
    pub context: ProbeContext,
    pub watching: Watching,
    /// Of the files on which the last outcome of a trial rests.
    pub fingerprints: BTreeMap<TaskId, String>,
    pub shared: Arc<Mutex<Seen>>,
    pub stop: CancellationToken,
    pub unsaved: Unsaved,
    /// When changes are heeded again, and for how long after that they are not.
    pub gate: (Instant, Duration),
    /// Ends the trial.
    pub cancel: CancellationToken,
    /// A trial that begins when nothing else runs.
    pub waiting: Option<Begun>,
    /// Who waits until everything was looked at, and what was since they asked.
    pub waited: Vec<Waiter>,
    /// Of the latest of them.
    pub tickets: u64,
}

/// What came of something that ran beside the loop.
enum Done {
    Looked(Look, Timestamp, Observation),
    /// The files of a trial, as they were when this was begun; with the ticket of whoever waits for it.
    Fingerprint(TaskId, String, Option<u64>),
}

/// Somebody who asked for everything to be looked at.
pub(super) struct Waiter {
    answer: oneshot::Sender<Vec<TaskStatus>>,
    /// What was looked at since they asked.
    looked: HashSet<CheckRef>,
    ticket: u64,
    /// Trials whose files were not looked at since they asked.
    unread: BTreeSet<TaskId>,
}

impl Loop {
    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut running: JoinSet<Done> = JoinSet::new();
        let mut trial: Option<JoinHandle<Option<trials::Ended>>> = None;
        // Files may have changed while nobody watched.
        for task in self.fingerprints.keys().cloned().collect::<Vec<_>>() {
            self.fingerprint(task, None, &mut running);
        }
        loop {
            let now = self.engine.now();
            let looked_at = self.engine.events.looking(self.row.person) > 0 || !self.waited.is_empty();
            self.schedule.look(looked_at, now);
            if trial.is_none() && !self.schedule.is_busy() {
                trial = self.waiting.take().map(|begun| self.begin(begun));
            }
            let grading = &self.grading;
            let due = self.schedule.start(now, |task| grading.is_waiting(task));
            for look in due {
                self.look(look, &mut running);
            }
            let (changes, next_tick) = self.grading.tick(now);
            self.take(changes).await;
            if self.unsaved.due.is_some_and(|due| due <= Instant::now()) {
                self.save().await;
            }
            self.answer_waiting(trial.is_some(), next_tick.is_some());
            let wake = self.wake(now, next_tick);
            tokio::select! {
                () = self.stop.cancelled() => break,
                changes = self.watching.next(), if self.gate.0 <= Instant::now() => self.changed(&changes, &mut running),
                Some(done) = running.join_next() => match done {
                    Ok(done) => self.done(done).await,
                    Err(error) => tracing::error!(session = %self.row.id, %error, "a probe ended in a panic"),
                },
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order, &mut running),
                    None => break,
                },
                ended = trials::ended(&mut trial) => {
                    trial = None;
                    self.trial_ended(ended).await;
                }
                () = tokio::time::sleep_until(wake) => {
                    if self.watching.is_short() {
                        self.schedule.changed_everywhere(self.engine.now());
                    }
                }
            }
        }
        drop(running);
        if trial.is_some() {
            // Its token is a child of ours: it is putting everything back.
            let ended = trials::ended(&mut trial).await;
            self.trial_ended(ended).await;
        }
        self.save().await;
    }

    /// When the loop must wake by itself.
    fn wake(&self, now: Timestamp, next_tick: Option<Timestamp>) -> Instant {
        let mut after = self
            .schedule
            .next(now)
            .into_iter()
            .chain(next_tick)
            .map(|at| at.since(now))
            .min()
            .unwrap_or(Duration::from_hours(1));
        if self.watching.is_short() {
            after = after.min(SHORT);
        }
        let mut wake = Instant::now() + after.max(Duration::from_millis(1));
        if self.gate.0 > Instant::now() {
            wake = wake.min(self.gate.0);
        }
        self.unsaved.due.map_or(wake, |due| wake.min(due))
    }

    fn look(&self, look: Look, running: &mut JoinSet<Done>) {
        let (context, clock) = (self.context.clone(), self.engine.clock.clone());
        running.spawn(async move {
            let observation = probe::observe(&look.probe, &context).await;
            Done::Looked(look, clock.now(), observation)
        });
    }

    fn changed(&mut self, changes: &Changes, running: &mut JoinSet<Done>) {
        let (now, instant) = (self.engine.now(), Instant::now());
        // A quiet spell ends the burst; otherwise it is heeded ever more seldom.
        let burst = instant.duration_since(self.gate.0) < self.gate.1;
        let pause = if burst { (self.gate.1 * 2).min(GATE.1) } else { GATE.0 };
        self.gate = (instant + pause, pause);
        self.engine.emit(
            &self.row,
            EventKind::Files,
            json!({ "paths": if changes.all { BTreeSet::new() } else { changes.paths.clone() } }),
        );
        if changes.all {
            self.schedule.changed_everywhere(now);
        }
        for path in &changes.paths {
            self.schedule.changed(path, now);
        }
        let concerned: BTreeSet<TaskId> = if changes.all {
            self.fingerprints.keys().cloned().collect()
        } else {
            let plan = &self.plan;
            changes
                .paths
                .iter()
                .flat_map(|path| plan.trials_concerned(path).cloned())
                .filter(|task| self.fingerprints.contains_key(task))
                .collect()
        };
        for task in concerned {
            self.fingerprint(task, None, running);
        }
    }

    fn fingerprint(&self, task: TaskId, ticket: Option<u64>, running: &mut JoinSet<Done>) {
        let Some(TaskWork::Trial(trial)) = self.lab.task(&task).map(|task| task.work.clone()) else {
            return;
        };
        let workspace = self.context.workspace.clone();
        running.spawn(async move { Done::Fingerprint(task, trial::fingerprint(&trial, &workspace).await, ticket) });
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Looked(look, at, observation) => {
                self.schedule.finished(&look, &observation, at);
                for waiter in &mut self.waited {
                    waiter.looked.extend(look.checks.iter().cloned());
                }
                let mut changes = Vec::new();
                for check in &look.checks {
                    changes.extend(self.grading.observe(check, &observation, at));
                }
                self.take(changes).await;
            }
            Done::Fingerprint(task, state, ticket) => {
                for waiter in self.waited.iter_mut().filter(|waiter| Some(waiter.ticket) == ticket) {
                    waiter.unread.remove(&task);
                }
                if lock(&self.shared).trial.is_some() {
                    // A trial is under way: what it does to the files is not the learner's.
                    return;
                }
                if self.fingerprints.get(&task).is_some_and(|known| *known != state) {
                    self.fingerprints.remove(&task);
                    let changes = self.grading.outdated(&task, self.engine.now());
                    self.take(changes).await;
                }
            }
        }
    }

    fn obey(&mut self, order: Order, running: &mut JoinSet<Done>) {
        match order {
            Order::Nudge => self.watching.set(interests(&self.plan, &lock(&self.live.shown))),
            Order::Regrade(answer) => {
                self.schedule.changed_everywhere(self.engine.now());
                self.tickets += 1;
                let unread: BTreeSet<TaskId> = self.fingerprints.keys().cloned().collect();
                for task in &unread {
                    self.fingerprint(task.clone(), Some(self.tickets), running);
                }
                self.waited.push(Waiter {
                    answer,
                    looked: HashSet::new(),
                    ticket: self.tickets,
                    unread,
                });
            }
            Order::Trial(begun) => {
                self.schedule.hold();
                self.cancel = self.stop.child_token();
                self.waiting = Some(begun);
                self.tell_trial();
            }
            Order::CancelTrial => self.cancel.cancel(),
        }
    }

    /// Starts a trial beside the loop.
    fn begin(&self, begun: Begun) -> JoinHandle<Option<trials::Ended>> {
        let (engine, row, shared) = (self.engine.clone(), self.row.clone(), self.shared.clone());
        let (context, cancel) = (self.context.clone(), self.cancel.clone());
        self.engine
            .spawn(async move { begun.run(&engine, &row, &context, &cancel, &shared).await })
    }

    fn tell_trial(&self) {
        if let Some(view) = &lock(&self.shared).trial {
            self.engine.emit(&self.row, EventKind::Trial, json!(view));
        }
    }

    async fn trial_ended(&mut self, ended: Option<trials::Ended>) {
        let now = self.engine.now();
        if let Some(ended) = ended {
            self.fingerprints
                .insert(ended.task.clone(), ended.outcome.fingerprint.clone());
            let changes = self.grading.trial(&ended.task, &ended.outcome, now);
            if let Some(view) = &mut lock(&self.shared).trial {
                trials::conclude(view, &ended.outcome);
            }
            self.take(changes).await;
            self.save().await;
            // The verdict first, then the word that it is over: who reloads at that word sees both.
            self.tell_trial();
        }
        lock(&self.shared).trial = None;
        self.schedule.release(now);
    }

    /// Answers who waits, once everything was looked at since they asked and nothing is under way.
    fn answer_waiting(&mut self, trial_runs: bool, settling: bool) {
        if self.waited.is_empty() || trial_runs || self.waiting.is_some() || settling || self.schedule.is_busy() {
            return;
        }
        let (grading, schedule, plan) = (&self.grading, &self.schedule, &self.plan);
        let settled = |waiter: &Waiter| {
            waiter.unread.is_empty()
                && plan.looks.iter().flat_map(|look| &look.checks).all(|check| {
                    grading.is_waiting(&check.task)
                        || (waiter.looked.contains(check) && !schedule.is_judging(&check.task))
                })
        };
        let (done, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waited).into_iter().partition(settled);
        self.waited = rest;
        for waiter in done {
            let _ = waiter.answer.send(self.grading.status());
        }
    }
}
