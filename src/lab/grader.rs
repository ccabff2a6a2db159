//! One loop a session that is ready: what changed is looked at, judged, stored and told. Between a file's change and
//! the event about it nothing polls, and nothing is written to the database unless a verdict changed.

mod cycle;
mod telling;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::error::LabError;
use super::labs::{Engine, Live, lock};
use super::trials::{self, Begun};
use super::watch::Interest;
use crate::base::Timestamp;
use crate::grading::engine::TaskStatus;
use crate::grading::{self, Plan, ProbeContext, Schedule, Stored};
use crate::model::{Lab, LabSession, SessionState, TaskLevel, Verdict};

use cycle::{Loop, Unsaved};

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
            gate: cycle::open_gate(),
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
