//! One loop a session that is ready: what changed is looked at, judged, stored and told. Between a file's change and
//! the event about it nothing polls, and nothing is written to the database unless a verdict changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::LabError;
use super::events::EventKind;
use super::labs::{Engine, Live, lock};
use super::trials::{self, Begun};
use super::watch::{Changes, Interest, Watching};
use crate::base::Timestamp;
use crate::grading::engine::TaskStatus;
use crate::grading::plan::Look;
use crate::grading::{self, Change, CheckRef, Plan, ProbeContext, Schedule, Stored, probe, trial};
use crate::model::{Award, Lab, LabSession, Observation, SessionState, TaskId, TaskLevel, TaskWork, Verdict};
use crate::store::StoreError;

/// Files that change in bursts are looked at this often at most; grows while the burst goes on.
const GATE: (Duration, Duration) = (Duration::from_millis(15), Duration::from_millis(200));

/// Findings that changed without a verdict are stored this late at most.
const LAZY: Duration = Duration::from_secs(2);

/// How often everything is looked at where the machine cannot watch all of it.
const SHORT: Duration = Duration::from_secs(2);

/// The grading of one session, as seen from outside its loop.
pub(super) struct Grader {
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Mutex<Seen>>,
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<Option<()>>>>,
    /// Of the definition that it grades by.
    lab_hash: String,
}

/// What the loop shows.
#[derive(Default)]
pub(super) struct Seen {
    pub status: Vec<TaskStatus>,
    pub trial: Option<super::view::TrialView>,
}

/// What the loop is asked to do.
pub(super) enum Order {
    /// Look at the clock, at who looks, and at what the editor shows.
    Nudge,
    /// Look at everything again and answer when all is settled.
    Regrade(oneshot::Sender<Vec<TaskStatus>>),
    /// Begin a trial, whose row is there and which was let in.
    Trial(Begun),
    /// End the running trial.
    CancelTrial,
}

impl Grader {
    /// Wakes the loop.
    pub fn nudge(&self) {
        let _ = self.orders.send(Order::Nudge);
    }

    /// Asks the loop for something; false where it has ended.
    pub fn order(&self, order: Order) -> bool {
        self.orders.send(order).is_ok()
    }

    /// What the loop last saw.
    pub fn status(&self) -> Vec<TaskStatus> {
        lock(&self.shared).status.clone()
    }

    /// The trial that runs.
    pub fn trial(&self) -> Option<super::view::TrialView> {
        lock(&self.shared).trial.clone()
    }

    /// Lets a trial in, if no other one runs or begins.
    pub fn admit(&self, view: super::view::TrialView) -> bool {
        let mut seen = lock(&self.shared);
        let free = seen.trial.is_none();
        if free {
            seen.trial = Some(view);
        }
        free
    }

    /// Takes back what [`Grader::admit`] did, as the trial did not begin.
    pub fn dismiss(&self) {
        lock(&self.shared).trial = None;
    }

    fn is_over(&self) -> bool {
        lock(&self.task).as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Engine {
    /// Sees to it that a session is graded by its lab as it is defined now.
    pub async fn ensure_grader(self: &Arc<Self>, live: &Arc<Live>, row: &LabSession) -> Result<(), LabError> {
        let Some(lab) = self.lab_of(row) else {
            self.drop_grader(live).await;
            return Ok(());
        };
        if let Some(grader) = live.grader() {
            if !grader.is_over() && grader.lab_hash == lab.hash {
                return Ok(());
            }
            self.drop_grader(live).await;
        }
        let Some(sandbox) = live.sandbox() else { return Ok(()) };
        let stored = self.store.grading(row.id).await?;
        let memory = stored
            .memory
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let engine = grading::Engine::new(
            &lab,
            &row.parameters,
            Stored {
                levels: stored.levels,
                awards: stored.awards,
                memory,
            },
        );
        let plan = Plan::new(&lab);
        let environment = match &lab.needs.environment {
            Some(environment) => match tokio::fs::read(lab.folder.join(&environment.requirements)).await {
                Ok(requirements) => self.environments.find(&requirements).await?,
                Err(error) => {
                    tracing::error!(lab = %lab.id, %error, "a lab's requirements cannot be read");
                    None
                }
            },
            None => None,
        };
        let context = ProbeContext {
            session: row.id,
            lab_folder: lab.folder.clone(),
            limits: lab.limits.clone(),
            parameters: Arc::new(row.parameters.clone()),
            workspace: sandbox.workspace.clone(),
            folder: sandbox.folder.clone(),
            sandbox: Some(sandbox),
            runner: self.driver.runner(),
            environment,
            referees: self.referees.clone(),
        };
        self.restore_trials(row, Some(&context)).await;
        let watching = self
            .watcher
            .watch(context.workspace.root(), interests(&plan, &lock(&live.shown)))
            .map_err(|error| LabError::fault("a workspace cannot be watched", error))?;
        let fingerprints = trials::fingerprints(&self.store.trials(row.id).await?);
        let (orders, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Mutex::new(Seen {
            status: engine.status(),
            trial: None,
        }));
        let stop = self.stopping.child_token();
        let now = self.now();
        let work = Loop {
            row: row.clone(),
            live: live.clone(),
            schedule: Schedule::new(&plan, now),
            plan,
            grading: engine,
            context,
            watching,
            fingerprints,
            shared: shared.clone(),
            stop: stop.clone(),
            lab: lab.clone(),
            unsaved: Unsaved::default(),
            gate: (Instant::now(), GATE.0),
            cancel: CancellationToken::new(),
            waiting: None,
            waited: Vec::new(),
            tickets: 0,
            engine: self.clone(),
        };
        *lock(&live.grader) = Some(Arc::new(Grader {
            orders,
            shared,
            stop,
            task: Mutex::new(Some(self.spawn(work.run(inbox)))),
            lab_hash: lab.hash.clone(),
        }));
        Ok(())
    }

    /// The grading of a session that is ready. One that has just become so is waited for.
    pub async fn grader_of(self: &Arc<Self>, live: &Arc<Live>) -> Result<Arc<Grader>, LabError> {
        if let Some(grader) = live.grader() {
            return Ok(grader);
        }
        {
            let _turn = live.turn.lock().await;
            self.drive(live).await?;
        }
        if let Some(grader) = live.grader() {
            return Ok(grader);
        }
        Err(match self.store.session(live.id).await? {
            Some(row) if row.state != SessionState::Ready => LabError::State(format!(
                "The session is {} now: {}",
                row.state.word(),
                row.reason.unwrap_or_else(|| "look at it again.".to_owned())
            )),
            _ => LabError::Busy("The sandbox does not answer at the moment. Try again.".to_owned()),
        })
    }

    /// Ends the grading of a session; a trial that runs is broken off and put back first.
    pub async fn drop_grader(&self, live: &Live) {
        let Some(grader) = lock(&live.grader).take() else {
            return;
        };
        grader.stop.cancel();
        let task = lock(&grader.task).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(session = %live.id, %error, "grading ended in a panic");
        }
    }
}

fn interests(plan: &Plan, shown: &BTreeSet<String>) -> Vec<Interest> {
    let mut interests: BTreeSet<Interest> = plan
        .watches()
        .into_iter()
        .map(|watch| Interest {
            path: watch.path,
            deep: watch.recursive,
        })
        .collect();
    interests.extend(shown.iter().map(|path| Interest {
        path: path.clone(),
        deep: false,
    }));
    interests.into_iter().collect()
}

/// What is not in the store yet.
#[derive(Default)]
struct Unsaved {
    levels: BTreeMap<TaskId, TaskLevel>,
    awards: Vec<Award>,
    /// When it must be stored at the latest.
    due: Option<Instant>,
}

struct Loop {
    engine: Arc<Engine>,
    live: Arc<Live>,
    row: LabSession,
    lab: Arc<Lab>,
    plan: Plan,
    schedule: Schedule,
    grading: grading::Engine,
    context: ProbeContext,
    watching: Watching,
    /// Of the files on which the last outcome of a trial rests.
    fingerprints: BTreeMap<TaskId, String>,
    shared: Arc<Mutex<Seen>>,
    stop: CancellationToken,
    unsaved: Unsaved,
    /// When changes are heeded again, and for how long after that they are not.
    gate: (Instant, Duration),
    /// Ends the trial.
    cancel: CancellationToken,
    /// A trial that begins when nothing else runs.
    waiting: Option<Begun>,
    /// Who waits until everything was looked at, and what was since they asked.
    waited: Vec<Waiter>,
    /// Of the latest of them.
    tickets: u64,
}

/// What came of something that ran beside the loop.
enum Done {
    Looked(Look, Timestamp, Observation),
    /// The files of a trial, as they were when this was begun; with the ticket of whoever waits for it.
    Fingerprint(TaskId, String, Option<u64>),
}

/// Somebody who asked for everything to be looked at.
struct Waiter {
    answer: oneshot::Sender<Vec<TaskStatus>>,
    /// What was looked at since they asked.
    looked: HashSet<CheckRef>,
    ticket: u64,
    /// Trials whose files were not looked at since they asked.
    unread: BTreeSet<TaskId>,
}

impl Loop {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
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

    /// Tells of changes, and stores what must not be lost.
    async fn take(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let before = lock(&self.shared).status.clone();
        let mut now = false;
        let mut told = Vec::new();
        for change in changes {
            match change {
                Change::Level(level) => {
                    let edge = before
                        .iter()
                        .find(|status| status.level.task == level.task)
                        .is_none_or(|status| status.level.verdict != level.verdict);
                    now |= edge;
                    let mut data = json!(level);
                    data["edge"] = json!(edge);
                    told.push(data);
                    if edge {
                        tracing::debug!(session = %self.row.id, task = %level.task, verdict = ?level.verdict, "a verdict changed");
                    }
                    self.unsaved.levels.insert(level.task.clone(), level);
                }
                Change::Awarded(award) => {
                    tracing::info!(session = %self.row.id, lab = %self.lab.id, task = %award.task, points = award.points, "a task was achieved");
                    now = true;
                    self.unsaved.awards.push(award);
                }
                Change::Fault { check, why } => {
                    tracing::error!(session = %self.row.id, lab = %self.lab.id, %check, why, "a check could not be done; it costs nothing");
                }
            }
        }
        // Seen first, then told: who looks at the word sees it.
        self.show();
        for data in told {
            self.engine.emit(&self.row, EventKind::Task, data);
        }
        if now {
            self.save().await;
        } else {
            self.unsaved.due.get_or_insert_with(|| Instant::now() + LAZY);
        }
    }

    /// Lets others see how tasks stand. An award is seen once it is stored: from then on nothing takes it away.
    fn show(&self) {
        let mut status = self.grading.status();
        for task in &mut status {
            let is_unsaved = |award: &Award| self.unsaved.awards.iter().any(|unsaved| unsaved.task == award.task);
            if task.award.as_ref().is_some_and(is_unsaved) {
                task.award = None;
            }
        }
        lock(&self.shared).status = status;
    }

    /// Stores what is new; what cannot be stored now is kept and tried again.
    async fn save(&mut self) {
        self.unsaved.due = None;
        if self.unsaved.levels.is_empty() && self.unsaved.awards.is_empty() {
            return;
        }
        let levels: Vec<TaskLevel> = self.unsaved.levels.values().cloned().collect();
        let memory = serde_json::to_string(&self.grading.memory()).ok();
        match self
            .engine
            .store
            .record_grading(self.row.id, &levels, &self.unsaved.awards, memory.as_deref())
            .await
        {
            Ok(first) => {
                self.unsaved.levels.clear();
                let stored = std::mem::take(&mut self.unsaved.awards);
                self.show();
                for award in stored.into_iter().filter(|award| first.contains(&award.task)) {
                    self.engine.emit(&self.row, EventKind::Award, json!(award));
                }
            }
            Err(error) => {
                tracing::error!(session = %self.row.id, %error, "what grading found could not be stored; it is tried again");
                if matches!(error, StoreError::Full { .. }) {
                    self.engine.notice(&self.row, "failure", &LabError::Full.message());
                }
                self.unsaved.due = Some(Instant::now() + Duration::from_secs(1));
            }
        }
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

/// What is stored, or that nothing is known yet, for a session that is not graded at the moment.
pub(super) fn stored_status(lab: &Lab, stored: &crate::store::Grading) -> Vec<TaskStatus> {
    lab.tasks
        .iter()
        .map(|task| TaskStatus {
            level: stored
                .levels
                .iter()
                .find(|level| level.task == task.id)
                .cloned()
                .unwrap_or_else(|| TaskLevel {
                    task: task.id.clone(),
                    verdict: if task.needs.is_empty() {
                        Verdict::Pending
                    } else {
                        Verdict::Waiting
                    },
                    since: Timestamp(0),
                    findings: Vec::new(),
                    waits_for: task.needs.clone(),
                }),
            award: stored.awards.iter().find(|award| award.task == task.id).cloned(),
        })
        .collect()
}
