//! Trials as a learner starts them: let in one at a time, told as they go, kept as rows that survive a reload, and put
//! back after a crash of the server.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::error::LabError;
use super::events::EventKind;
use super::grader::{Order, Seen};
use super::labs::{Engine, Labs, lock};
use super::metrics;
use super::view::{TrialPhase, TrialView};
use crate::base::{Backoff, PersonId, SessionId, Timestamp, TrialId};
use crate::grading::ProbeContext;
use crate::grading::engine::TaskStatus;
use crate::grading::trial::{self, Entry, Phase, TrialOutcome, TrialVerdict};
use crate::model::{LabSession, SessionState, TaskId, TaskWork, Trial, Verdict};
use crate::sandbox::SessionFolder;
use crate::store::{StoreError, TrialRun};

/// A trial that was let in and whose row is there.
pub(super) struct Begun {
    pub id: TrialId,
    pub task: TaskId,
    pub trial: Trial,
}

/// A trial that is over, with everything put back.
pub(super) struct Ended {
    pub task: TaskId,
    pub outcome: TrialOutcome,
}

impl Begun {
    /// Runs it to its end and stores what came of it.
    pub async fn run(
        self,
        engine: &Engine,
        row: &LabSession,
        context: &ProbeContext,
        cancel: &CancellationToken,
        shared: &Mutex<Seen>,
    ) -> Ended {
        let progress = |entry: &Entry, phase: Phase| {
            let mut seen = lock(shared);
            let Some(view) = &mut seen.trial else { return };
            view.timeline.push(entry.clone());
            (view.phase, view.deadline) = match phase {
                Phase::Acting(_) => (TrialPhase::Act, None),
                Phase::Watching(deadline) => (TrialPhase::Watch, Some(deadline)),
                Phase::Restoring | Phase::Finished => (TrialPhase::Restore, view.deadline),
            };
            engine.emit(row, EventKind::Trial, json!(view));
        };
        let outcome = trial::run(&self.task, &self.trial, context, &engine.clock, cancel, &progress).await;
        metrics::trial_over(outcome.verdict);
        tracing::info!(session = %row.id, task = %self.task, verdict = ?outcome.verdict, restored = outcome.restored, fault = outcome.fault, "a trial is over");
        engine.store_outcome(self.id, &outcome).await;
        Ended {
            task: self.task,
            outcome,
        }
    }
}

/// The end of the trial that runs; never, where none does. Nothing where it ended in a panic.
pub(super) async fn ended(running: &mut Option<JoinHandle<Option<Ended>>>) -> Option<Ended> {
    match running {
        Some(running) => match running.await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a trial ended in a panic; it is put back by the next look at the session");
                None
            }
        },
        None => std::future::pending().await,
    }
}

/// The state of files on which each trial's last outcome rests.
pub(super) fn fingerprints(runs: &[TrialRun]) -> BTreeMap<TaskId, String> {
    runs.iter()
        .filter_map(|run| Some((run.task.clone(), outcome_of(run)?)))
        .filter(|(_, outcome)| outcome.verdict != TrialVerdict::Cancelled)
        .map(|(task, outcome)| (task, outcome.fingerprint))
        .collect()
}

fn outcome_of(run: &TrialRun) -> Option<TrialOutcome> {
    serde_json::from_value(run.outcome.clone()?).ok()
}

fn beginning(id: TrialId, task: TaskId, started: Timestamp) -> TrialView {
    TrialView {
        id,
        task,
        phase: TrialPhase::Act,
        started,
        deadline: None,
        finished: None,
        verdict: None,
        findings: Vec::new(),
        timeline: Vec::new(),
        tracks: Vec::new(),
        restored: None,
        notes: Vec::new(),
    }
}

/// Fills in what came of a trial.
pub(super) fn conclude(view: &mut TrialView, outcome: &TrialOutcome) {
    view.phase = TrialPhase::Done;
    view.finished = Some(outcome.finished);
    view.verdict = match outcome.verdict {
        TrialVerdict::Held => Some(Verdict::Pass),
        TrialVerdict::Violated => Some(Verdict::Fail),
        TrialVerdict::Error => Some(Verdict::Error),
        TrialVerdict::Cancelled => None,
    };
    view.findings.clone_from(&outcome.findings);
    view.timeline.clone_from(&outcome.timeline);
    view.tracks.clone_from(&outcome.tracks);
    view.restored = Some(outcome.restored);
    view.notes.clone_from(&outcome.notes);
}

/// The latest run of each trial.
pub(super) fn latest(runs: &[TrialRun]) -> BTreeMap<TaskId, TrialView> {
    runs.iter()
        .map(|run| {
            let mut view = beginning(run.id, run.task.clone(), run.started);
            if let Some(outcome) = outcome_of(run) {
                conclude(&mut view, &outcome);
            } else if run.finished.is_some() {
                view.phase = TrialPhase::Done;
                view.finished = run.finished;
            }
            (run.task.clone(), view)
        })
        .collect()
}

impl Engine {
    async fn store_outcome(&self, id: TrialId, outcome: &TrialOutcome) {
        let mut patience = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        for _ in 0..8 {
            match self.store.finish_trial(id, outcome.finished, &json!(outcome)).await {
                Ok(()) | Err(StoreError::Conflict { .. }) => return,
                Err(error) => {
                    tracing::error!(trial = %id, %error, "what came of a trial could not be stored");
                    tokio::time::sleep(patience.delay()).await;
                }
            }
        }
    }

    /// Puts back what a trial left that was interrupted by the server's end, and closes its row. Called while no trial
    /// of the session runs. Without a context only files are put back; what the trial itself does to restore waits for
    /// a sandbox, and the row with it.
    pub async fn restore_trials(&self, row: &LabSession, context: Option<&ProbeContext>) {
        if !matches!(row.state, SessionState::Ready | SessionState::Paused) {
            return;
        }
        let open: Vec<TrialRun> = match self.store.trials(row.id).await {
            Ok(runs) => runs.into_iter().filter(|run| run.finished.is_none()).collect(),
            Err(error) => {
                tracing::error!(session = %row.id, %error, "interrupted trials could not be looked for");
                return;
            }
        };
        let folder = SessionFolder::new(&self.state, row.id);
        let Ok(workspace) = self.driver.workspace(row.id).await else {
            return;
        };
        let report = match context {
            Some(context) => trial::restore_after_crash(context).await,
            None => trial::files_after_crash(folder.root(), &workspace).await,
        };
        if report.as_ref().is_some_and(|report| report.acts_left) {
            return;
        }
        if let Some(report) = &report {
            tracing::info!(session = %row.id, ?report, "put back what an interrupted trial had changed");
            let words = if report.complete {
                "A trial was interrupted by a restart of the server. Everything that it had changed is put back."
            } else {
                "A trial was interrupted by a restart of the server. Not everything that it had changed could be put back yet; it is tried again."
            };
            self.notice(row, "warning", words);
        }
        let complete = report.as_ref().is_none_or(|report| report.complete);
        if !complete {
            return;
        }
        let now = self.now();
        for run in open {
            let outcome = TrialOutcome {
                verdict: TrialVerdict::Cancelled,
                findings: Vec::new(),
                evidence: Vec::new(),
                started: run.started,
                finished: now,
                timeline: Vec::new(),
                tracks: Vec::new(),
                restored: true,
                notes: report.iter().flat_map(|report| report.notes.clone()).collect(),
                fingerprint: String::new(),
                fault: None,
            };
            self.store_outcome(run.id, &outcome).await;
        }
    }
}

impl Labs {
    /// Starts the trial of a task.
    ///
    /// # Errors
    /// [`LabError::State`] where the session is not ready, the task waits for another, or a trial runs already.
    pub async fn start_trial(&self, person: PersonId, session: SessionId, task: &TaskId) -> Result<TrialId, LabError> {
        let engine = &self.0;
        let row = engine.own(person, session).await?;
        if row.state != SessionState::Ready {
            return Err(LabError::State(
                "A trial can be started once the session is ready.".to_owned(),
            ));
        }
        let lab = engine.lab_of(&row).ok_or(LabError::NotFound("trial"))?;
        let Some(TaskWork::Trial(definition)) = lab.task(task).map(|task| &task.work) else {
            return Err(LabError::NotFound("trial"));
        };
        let live = engine.live(session);
        live.touch(engine.now());
        let grader = engine.grader_of(&live).await?;
        if let Some(level) = grader
            .status()
            .into_iter()
            .map(|status| status.level)
            .find(|level| &level.task == task && level.verdict == Verdict::Waiting)
        {
            let names: Vec<String> = level
                .waits_for
                .iter()
                .map(|id| {
                    lab.task(id)
                        .map_or_else(|| id.to_string(), |task| format!("“{}”", task.title))
                })
                .collect();
            return Err(LabError::State(format!("This trial waits for {}.", names.join(", "))));
        }
        let (id, now) = (TrialId::fresh(&engine.clock, &engine.random), engine.now());
        if !grader.admit(beginning(id, task.clone(), now)) {
            return Err(LabError::State(
                "A trial of this session runs already. Wait for its end, or cancel it.".to_owned(),
            ));
        }
        if let Err(error) = engine.store.start_trial(id, session, task, now).await {
            grader.dismiss();
            return Err(error.into());
        }
        let begun = Begun {
            id,
            task: task.clone(),
            trial: (**definition).clone(),
        };
        if grader.order(Order::Trial(begun)) {
            return Ok(id);
        }
        // The loop has just ended; whoever starts the next one closes the row.
        grader.dismiss();
        Err(LabError::Busy(
            "The session is just changing. Try again in a moment.".to_owned(),
        ))
    }

    /// Ends the running trial; everything that it changed is put back.
    ///
    /// # Errors
    /// [`LabError::State`] where none runs.
    pub async fn cancel_trial(&self, person: PersonId, session: SessionId) -> Result<(), LabError> {
        self.0.own(person, session).await?;
        let grader = self.0.live_if_any(session).and_then(|live| live.grader());
        match grader {
            Some(grader) if grader.trial().is_some() && grader.order(Order::CancelTrial) => Ok(()),
            _ => Err(LabError::State("No trial of this session runs.".to_owned())),
        }
    }

    /// Looks at everything again, however long that takes, and says how each task stands when all is settled.
    ///
    /// # Errors
    /// [`LabError::State`] where the session is not ready.
    pub async fn regrade(&self, person: PersonId, session: SessionId) -> Result<Vec<TaskStatus>, LabError> {
        let row = self.0.own(person, session).await?;
        if row.state != SessionState::Ready {
            return Err(LabError::State(
                "Only a session that is ready can be graded.".to_owned(),
            ));
        }
        let grader = self.0.grader_of(&self.0.live(session)).await?;
        let (answer, told) = tokio::sync::oneshot::channel();
        grader.order(Order::Regrade(answer));
        told.await
            .map_err(|_| LabError::Busy("The session is just changing. Try again in a moment.".to_owned()))
    }
}
