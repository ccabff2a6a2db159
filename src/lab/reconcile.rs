//! Carries out what [`super::machine`] decides about one session. Whoever drives a session holds its turn, so that
//! nobody else does at the same time; every act may be repeated after a crash.

use std::sync::Arc;
use std::time::Duration;

use super::error::LabError;
use super::exports::PARTIAL_WORDS;
use super::labs::{Engine, Live, lock};
use super::machine::{Decision, Facts, PauseReason, Runtime, decide};
use super::provision::{Mode, Outcome};
use super::time;
use crate::base::SessionId;
use crate::model::{LabSession, SessionState};
use crate::sandbox::{SandboxError, SandboxState};

/// Decisions that one drive carries out at most: more would be a circle.
const MOST: usize = 12;

impl Engine {
    /// Drives a session in the background, once whoever drives it now is done.
    pub fn drive_soon(self: &Arc<Self>, id: SessionId) {
        let engine = self.clone();
        self.spawn(async move {
            let live = engine.live(id);
            let turn = live.turn.lock().await;
            engine.drive_to_rest(&live).await;
            drop(turn);
        });
    }

    /// Drives a session unless somebody does already.
    pub async fn drive_if_free(self: &Arc<Self>, id: SessionId) {
        let live = self.live(id);
        let Ok(_turn) = live.turn.try_lock() else { return };
        self.drive_to_rest(&live).await;
    }

    async fn drive_to_rest(self: &Arc<Self>, live: &Arc<Live>) {
        if let Err(error) = self.drive(live).await {
            tracing::error!(session = %live.id, %error, "a session could not be brought on; it is tried again");
            if matches!(error, LabError::Full)
                && let Ok(Some(row)) = self.store.session(live.id).await
            {
                self.notice(&row, "failure", &error.message());
            }
        }
    }

    /// Carries out decisions until nothing is left to be done. The caller holds the session's turn.
    pub async fn drive(self: &Arc<Self>, live: &Arc<Live>) -> Result<(), LabError> {
        for _ in 0..MOST {
            if self.stopping.is_cancelled() {
                return Ok(());
            }
            // Before the look at the row: an interruption that comes with a newer row is then never missed.
            let interruption = live.interruption(&self.stopping);
            let Some(row) = self.store.session(live.id).await? else {
                self.forget(live.id);
                return Ok(());
            };
            let now = self.now();
            let facts = Facts {
                runtime: self.runtime(live, &row).await,
                driven: false,
                idle: if self.events.looking(row.person) > 0 {
                    Duration::ZERO
                } else {
                    now.since(live.active())
                },
            };
            match decide(&row, facts, now, self.settings.idle) {
                Decision::Nothing => {
                    if row.state == SessionState::Ended {
                        self.forget(live.id);
                    }
                    return Ok(());
                }
                Decision::Serve => return self.serve(live, &row).await,
                Decision::Provision => {
                    if self.provision(live, row, &interruption).await? == Outcome::Interrupted
                        && self.stopping.is_cancelled()
                    {
                        return Ok(());
                    }
                }
                Decision::Pause(reason) => self.pause(live, &row, reason).await?,
                Decision::TimeUp => self.time_up(live, &row).await?,
                Decision::Stop => {
                    self.leave(live).await;
                    self.driver.stop(row.id).await?;
                }
                Decision::Lost => {
                    self.leave(live).await;
                    // What is retried is a new workspace, whatever was under way.
                    self.intend_provision(row.id, Mode::Fresh).await?;
                    self.change(row.id, |row| {
                        if matches!(row.state, SessionState::Ready | SessionState::Paused) {
                            time::stand_still(row, now);
                            row.state = SessionState::Failed;
                            row.reason = Some(
                                "The workspace is gone from the server's disk. Retry makes a fresh one; exports are kept."
                                    .to_owned(),
                            );
                        }
                        Ok(())
                    })
                    .await?;
                }
                Decision::Finish => self.finish(live, &row).await?,
                Decision::Remove => {
                    self.leave(live).await;
                    self.driver.destroy(row.id).await?;
                }
            }
        }
        tracing::error!(session = %live.id, "a session did not come to rest");
        Ok(())
    }

    /// What the driver reports.
    async fn runtime(&self, live: &Live, row: &LabSession) -> Runtime {
        if !matches!(
            row.state,
            SessionState::Ready | SessionState::Paused | SessionState::Failed | SessionState::Ended
        ) {
            return Runtime::Unknown;
        }
        match self.driver.state(row.id).await {
            Ok(SandboxState::Absent) => Runtime::Absent,
            Ok(SandboxState::Stopped) => Runtime::Stopped,
            Ok(SandboxState::Running) if row.state != SessionState::Ready || live.sandbox().is_some() => {
                Runtime::Running
            }
            Ok(SandboxState::Running) => match self.driver.connect(row.id).await {
                Ok(sandbox) => {
                    *lock(&live.sandbox) = Some(sandbox);
                    Runtime::Running
                }
                Err(SandboxError::AgentVersion { .. }) => Runtime::Outdated,
                Err(SandboxError::NotRunning) => Runtime::Stopped,
                Err(error) => {
                    tracing::warn!(session = %row.id, %error, "a sandbox does not answer");
                    Runtime::Unknown
                }
            },
            Err(error) => {
                tracing::warn!(session = %row.id, %error, "the driver cannot say how a sandbox is");
                Runtime::Unknown
            }
        }
    }

    /// A session that is ready and runs: sees to its grading, and warns when the time runs out.
    async fn serve(self: &Arc<Self>, live: &Arc<Live>, row: &LabSession) -> Result<(), LabError> {
        let now = self.now();
        if let Some(left) = time::left(row, now) {
            let before = lock(&live.left_before).replace(left).unwrap_or(left);
            if let Some(minutes) = time::warning(before, left) {
                self.tell_time(row, Some(minutes));
            }
        }
        lock(&live.served_since).get_or_insert(now);
        self.ensure_grader(live, row).await
    }

    /// Stops grading and forgets the handle: the sandbox is about to change or gone.
    pub async fn leave(&self, live: &Live) {
        self.drop_grader(live).await;
        *lock(&live.sandbox) = None;
        *lock(&live.left_before) = None;
        *lock(&live.served_since) = None;
        *lock(&live.over_limit) = 0;
    }

    /// The row first, then what runs.
    pub async fn pause_with(&self, live: &Live, row: &LabSession, words: &str) -> Result<(), LabError> {
        self.leave(live).await;
        let now = self.now();
        self.change(row.id, |row| {
            if row.state == SessionState::Ready {
                time::stand_still(row, now);
                row.state = SessionState::Paused;
                row.reason = Some(words.to_owned());
            }
            Ok(())
        })
        .await?;
        Ok(self.driver.stop(row.id).await?)
    }

    async fn pause(&self, live: &Live, row: &LabSession, reason: PauseReason) -> Result<(), LabError> {
        self.pause_with(live, row, reason.words()).await
    }

    /// Keeps an export, then pauses; ends where no extension is left.
    async fn time_up(&self, live: &Live, row: &LabSession) -> Result<(), LabError> {
        self.leave(live).await;
        if let Err(error) = self.keep(row, "time").await {
            // Nothing is removed by a pause, so the work is safe without the archive.
            tracing::error!(session = %row.id, %error, "no export could be made when the time was up");
            self.notice(row, "warning", &error.message());
        }
        if row.extensions < self.settings.extensions {
            return self.pause(live, row, PauseReason::Time).await;
        }
        self.change(row.id, |row| {
            if row.state == SessionState::Ready {
                row.state = SessionState::Ending;
                row.reason =
                    Some("The time is up, and every extension was used. Your work is kept as an export.".to_owned());
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Keeps an export of what the learner did, removes everything, and ends.
    async fn finish(&self, live: &Live, row: &LabSession) -> Result<(), LabError> {
        live.interrupt();
        self.leave(live).await;
        self.driver.stop(row.id).await?;
        let kept = self.is_set_aside(row).await;
        if row.ready.is_some() && !kept && self.driver.state(row.id).await? != SandboxState::Absent {
            self.keep_all(row, "end").await?;
        }
        self.driver.destroy(row.id).await?;
        let now = self.now();
        let aside = self.is_set_aside(row).await;
        self.change(row.id, |row| {
            if row.state == SessionState::Ending {
                row.state = SessionState::Ended;
                if aside {
                    row.reason = Some(format!("{} {PARTIAL_WORDS}", row.reason.as_deref().unwrap_or_default()));
                }
                row.ended = Some(now);
                row.deadline = None;
                row.left = None;
            }
            Ok(())
        })
        .await?;
        Ok(())
    }
}
