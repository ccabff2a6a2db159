//! What the engine of lab sessions is made of, and what it holds in memory for those that are live.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::error::LabError;
use super::events::{EventKind, Events};
use super::grader::Grader;
use super::watch::Watcher;
use super::{metrics, time};
use crate::base::{Clock, PersonId, Random, SessionId, Timestamp};
use crate::content::{Library, parameters};
use crate::model::{Lab, LabId, LabSession};
use crate::sandbox::{Caps, Driver, PythonEnvironments, Sandbox};
use crate::store::{Store, StoreError};

/// Where definitions of labs come from.
pub trait LabSource: Send + Sync {
    /// The lab as it is now, parameters not filled in; nothing where there is none that can be used.
    fn lab(&self, id: &LabId) -> Option<Arc<Lab>>;
}

impl LabSource for Library {
    fn lab(&self, id: &LabId) -> Option<Arc<Lab>> {
        Self::lab(self, id)
    }
}

/// What can be configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What one press on "extend" adds.
    pub extension: Duration,
    /// How often it may be pressed.
    pub extensions: u32,
    /// After so long without anybody looking or typing a session pauses; `None`: never.
    pub idle: Option<Duration>,
    /// How often rows are held against what the driver reports.
    pub tick: Duration,
    /// How long building a Python environment may take.
    pub environment_timeout: Duration,
    /// How long any other step of our own may take.
    pub step_timeout: Duration,
    /// Upper bounds of an export and of what is unpacked.
    pub archive: Caps,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            extension: Duration::from_mins(30),
            extensions: 10,
            idle: None,
            tick: Duration::from_secs(2),
            environment_timeout: Duration::from_mins(20),
            step_timeout: Duration::from_mins(2),
            archive: Caps::default(),
        }
    }
}

/// What [`Labs`] is made of.
pub struct Parts {
    pub store: Store,
    pub driver: Arc<dyn Driver>,
    pub environments: PythonEnvironments,
    pub source: Arc<dyn LabSource>,
    pub clock: Clock,
    pub random: Random,
    /// The state directory.
    pub state: PathBuf,
    pub settings: Settings,
}

/// The engine of lab sessions; cheap to clone. Every operation takes the person, and is [`LabError::NotFound`] for
/// what belongs to another.
#[derive(Clone)]
pub struct Labs(pub(super) Arc<Engine>);

pub(super) struct Engine {
    pub store: Store,
    pub driver: Arc<dyn Driver>,
    pub environments: PythonEnvironments,
    pub source: Arc<dyn LabSource>,
    pub clock: Clock,
    pub random: Random,
    pub state: PathBuf,
    pub settings: Settings,
    pub events: Events,
    pub watcher: Watcher,
    /// One referee at a time: each may use all of the machine.
    pub referees: Arc<Semaphore>,
    /// Whoever writes down that the server is alive holds this.
    pub noting: Arc<Mutex<()>>,
    /// Something changed that the next tick should not wait for.
    pub wake: Notify,
    /// Ends everything that this engine started.
    pub stopping: CancellationToken,
    /// Drops everything that this engine started.
    killed: CancellationToken,
    live: Mutex<HashMap<SessionId, Arc<Live>>>,
}

/// What is kept in memory of a session that has not ended. Losing it loses nothing that the store does not have.
pub(super) struct Live {
    pub id: SessionId,
    /// Whoever changes what the session is holds this.
    pub turn: tokio::sync::Mutex<()>,
    interrupt: Mutex<CancellationToken>,
    pub sandbox: Mutex<Option<Sandbox>>,
    pub grader: Mutex<Option<Arc<Grader>>>,
    /// The definition with parameters filled in, by the hash of the definition.
    lab: Mutex<Option<(String, Arc<Lab>)>>,
    /// What was left at the last look, for warnings.
    pub left_before: Mutex<Option<Duration>>,
    /// Since when it is served by this engine.
    pub served_since: Mutex<Option<Timestamp>>,
    pub over_limit: Mutex<u32>,
    pub sampled: Mutex<Option<Timestamp>>,
    /// Paths that an open editor shows.
    pub shown: Mutex<BTreeSet<String>>,
    active: AtomicI64,
}

impl Labs {
    /// Puts the engine together. Nothing runs until [`Labs::recover`] and [`Labs::run`].
    ///
    /// # Errors
    /// Where the machine gives no inotify instance.
    pub fn new(parts: Parts) -> Result<Self, LabError> {
        let watcher = Watcher::new().map_err(|error| {
            LabError::fault(
                "file changes cannot be watched (is fs.inotify.max_user_instances exhausted?)",
                error,
            )
        })?;
        Ok(Self(Arc::new(Engine {
            events: Events::new(parts.clock.clone()),
            store: parts.store,
            driver: parts.driver,
            environments: parts.environments,
            source: parts.source,
            clock: parts.clock,
            random: parts.random,
            state: parts.state,
            settings: parts.settings,
            watcher,
            referees: Arc::new(Semaphore::new(1)),
            noting: Arc::default(),
            wake: Notify::new(),
            stopping: CancellationToken::new(),
            killed: CancellationToken::new(),
            live: Mutex::default(),
        })))
    }

    /// The event bus.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.0.events
    }

    /// What can be configured, as it is.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Ends every task of this engine and waits for none of what learners run: sessions live on, and the next engine
    /// on the same state takes them over.
    pub async fn stop(&self) {
        self.0.stopping.cancel();
        let lives: Vec<_> = lock(&self.0.live).values().cloned().collect();
        for live in lives {
            live.interrupt();
            self.0.drop_grader(&live).await;
            drop(live.turn.lock().await);
        }
    }

    /// Drops all that is under way wherever it is, as a kill of the process does. For tests of what comes after that.
    pub fn kill(&self) {
        self.0.killed.cancel();
        self.0.stopping.cancel();
    }
}

impl Engine {
    /// Runs something beside everything else, until [`Labs::kill`]; nothing comes of it then.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<Option<T>> {
        let killed = self.killed.clone();
        tokio::spawn(async move { killed.run_until_cancelled_owned(work).await })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is in memory of a session.
    pub fn live(&self, id: SessionId) -> Arc<Live> {
        lock(&self.live)
            .entry(id)
            .or_insert_with(|| {
                Arc::new(Live {
                    id,
                    turn: tokio::sync::Mutex::new(()),
                    interrupt: Mutex::new(self.stopping.child_token()),
                    sandbox: Mutex::default(),
                    grader: Mutex::default(),
                    lab: Mutex::default(),
                    left_before: Mutex::default(),
                    served_since: Mutex::default(),
                    over_limit: Mutex::default(),
                    sampled: Mutex::default(),
                    shown: Mutex::default(),
                    active: AtomicI64::new(self.clock.now().0),
                })
            })
            .clone()
    }

    /// What is in memory of a session, if anything is.
    pub fn live_if_any(&self, id: SessionId) -> Option<Arc<Live>> {
        lock(&self.live).get(&id).cloned()
    }

    /// Everything that is in memory.
    pub fn lives(&self) -> Vec<Arc<Live>> {
        lock(&self.live).values().cloned().collect()
    }

    /// Forgets a session that has ended.
    pub fn forget(&self, id: SessionId) {
        lock(&self.live).remove(&id);
    }

    /// The session, if it belongs to the person.
    pub async fn own(&self, person: PersonId, id: SessionId) -> Result<LabSession, LabError> {
        match self.store.session(id).await? {
            Some(row) if row.person == person => Ok(row),
            _ => Err(LabError::NotFound("session")),
        }
    }

    /// Reads the row, lets `edit` change it, writes it back, as often as somebody else was quicker or the database
    /// was locked, and tells the person what became different.
    pub async fn change(
        &self,
        id: SessionId,
        edit: impl Fn(&mut LabSession) -> Result<(), LabError> + Send,
    ) -> Result<LabSession, LabError> {
        let mut patience = crate::base::Backoff::new(Duration::from_millis(20), Duration::from_millis(500));
        let mut tries = 0;
        loop {
            tries += 1;
            let Some(before) = self.store.session(id).await? else {
                return Err(LabError::NotFound("session"));
            };
            let mut row = before.clone();
            edit(&mut row)?;
            if row == before {
                return Ok(row);
            }
            if row.state != before.state && !before.state.may_become(row.state) {
                return Err(LabError::State(format!(
                    "This session is {} and cannot become {}.",
                    before.state.word(),
                    row.state.word()
                )));
            }
            match self.store.save_session(&row).await {
                Ok(row) => {
                    self.tell_change(&before, &row);
                    return Ok(row);
                }
                Err(StoreError::Conflict { .. } | StoreError::Busy { .. }) if tries < 12 => {
                    tokio::time::sleep(patience.delay()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn tell_change(&self, before: &LabSession, row: &LabSession) {
        if (before.state, &before.reason) != (row.state, &row.reason) {
            metrics::state_changed(before, row);
            tracing::info!(session = %row.id, lab = %row.lab, from = before.state.word(), to = row.state.word(), reason = row.reason, "a session changed its state");
            self.emit(
                row,
                EventKind::Session,
                json!({ "state": row.state.word(), "reason": row.reason }),
            );
        }
        if (before.deadline, before.left, before.extensions) != (row.deadline, row.left, row.extensions) {
            self.tell_time(row, None);
        }
    }

    /// Tells how the time stands.
    pub fn tell_time(&self, row: &LabSession, warning: Option<u64>) {
        let left = time::left(row, self.now());
        self.emit(
            row,
            EventKind::Time,
            json!({
                "left": left.map(|left| left.as_secs()),
                "deadline": row.deadline.map(Timestamp::rfc3339),
                "warning": warning,
                "extensions_left": self.settings.extensions.saturating_sub(row.extensions),
            }),
        );
    }

    /// Tells something about a session to its person.
    pub fn emit(&self, row: &LabSession, kind: EventKind, data: serde_json::Value) {
        self.events.publish(row.person, Some(row.id), kind, data);
    }

    /// Words for the person.
    pub fn notice(&self, row: &LabSession, level: &str, text: &str) {
        self.emit(row, EventKind::Notice, json!({ "level": level, "text": text }));
    }

    /// The lab of a session with its parameters filled in, as it is defined now.
    pub fn lab_of(&self, row: &LabSession) -> Option<Arc<Lab>> {
        let lab = self.source.lab(&row.lab)?;
        let live = row.state.is_live().then(|| self.live(row.id));
        if let Some(live) = &live
            && let Some((hash, filled)) = &*lock(&live.lab)
            && *hash == lab.hash
        {
            return Some(filled.clone());
        }
        let mut drawn = row.parameters.clone();
        if lab.parameters.keys().any(|name| !drawn.contains_key(name)) {
            // The author added one since: it is drawn from the attempt's own seed.
            for (name, value) in parameters::draw(&lab, row.seed) {
                drawn.entry(name).or_insert(value);
            }
        }
        let filled = Arc::new(parameters::fill(&lab, &drawn));
        if let Some(live) = live {
            *lock(&live.lab) = Some((lab.hash.clone(), filled.clone()));
        }
        Some(filled)
    }
}

impl Live {
    /// Ends the step that is under way.
    pub fn interrupt(&self) {
        lock(&self.interrupt).cancel();
    }

    /// What ends the step that is now beginning.
    pub fn interruption(&self, stopping: &CancellationToken) -> CancellationToken {
        let mut token = lock(&self.interrupt);
        if token.is_cancelled() && !stopping.is_cancelled() {
            *token = stopping.child_token();
        }
        token.clone()
    }

    /// Somebody did something.
    pub fn touch(&self, now: Timestamp) {
        self.active.fetch_max(now.0, Ordering::Relaxed);
    }

    /// When somebody last did something.
    pub fn active(&self) -> Timestamp {
        Timestamp(self.active.load(Ordering::Relaxed))
    }

    pub fn sandbox(&self) -> Option<Sandbox> {
        lock(&self.sandbox).clone()
    }

    pub fn grader(&self) -> Option<Arc<Grader>> {
        lock(&self.grader).clone()
    }
}

/// Locks what is never held across a wait; a panic elsewhere leaves nothing half done in it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
