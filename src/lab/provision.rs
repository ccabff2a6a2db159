//! Brings a session's sandbox up, step by step.
//!
//! Each step has a row, may be run again after a crash at any point of it, and shows what it prints as it comes. A
//! step that is interrupted by the server's death goes on where that is safe; a lab's own set-up, which may be half
//! done, starts again from fresh files.

mod lines;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::error::LabError;
use super::labs::{Engine, Live, lock};
use super::time;
use crate::base::SessionId;
use crate::model::{Lab, LabSession, SessionState, SetupStep, Step, StepState};
use crate::sandbox::{PythonEnvironment, SessionFolder};
use crate::store::Intent;

use lines::Lines;
use work::Work;

/// The kind of intent that says how a session is being provisioned.
pub(super) const INTENT: &str = "provision";

/// Name of the terminal that every session has from the start.
pub(super) const FIRST_TERMINAL: &str = "Terminal 1";

/// From where a session is brought up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mode {
    /// Nothing is there.
    Fresh,
    /// The workspace is kept as an export and then made anew.
    Reset,
    /// The files stay, the programs are gone.
    Resume,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
enum Action {
    Keep,
    Environment,
    Files,
    Setup(SetupStep),
    Unpack(String),
    Start,
    Terminal,
}

impl Action {
    fn title(&self) -> String {
        match self {
            Self::Keep => "Keep your work as an export".to_owned(),
            Self::Environment => "Prepare the Python environment".to_owned(),
            Self::Files => "Copy the lab's files".to_owned(),
            Self::Setup(step) => step.title.clone(),
            Self::Unpack(_) => "Unpack your export".to_owned(),
            Self::Start => "Start the sandbox".to_owned(),
            Self::Terminal => "Open a terminal".to_owned(),
        }
    }
}

fn plan(lab: &Lab, mode: Mode, from_export: Option<&str>) -> Vec<Action> {
    let mut plan = Vec::new();
    if mode == Mode::Reset {
        plan.push(Action::Keep);
    }
    if lab.needs.environment.is_some() {
        plan.push(Action::Environment);
    }
    if mode != Mode::Resume {
        plan.push(Action::Files);
        plan.extend(lab.setup.iter().cloned().map(Action::Setup));
    }
    if mode == Mode::Fresh
        && let Some(export) = from_export
    {
        plan.push(Action::Unpack(export.to_owned()));
    }
    plan.extend([Action::Start, Action::Terminal]);
    plan
}

fn rows(plan: &[Action]) -> Vec<Step> {
    (0..)
        .zip(plan)
        .map(|(number, action)| Step {
            number,
            title: action.title(),
            state: StepState::Waiting,
            started: None,
            finished: None,
            output: String::new(),
        })
        .collect()
}

/// The steps of a session that is being made.
pub(super) fn first_steps(lab: &Lab, from_export: Option<&str>) -> Vec<Step> {
    rows(&plan(lab, Mode::Fresh, from_export))
}

/// Where to go on with these steps: the first that is not done, or the fresh files where a lab's set-up was under way.
fn go_on(plan: &[Action], steps: &[Step]) -> usize {
    let first = steps
        .iter()
        .position(|step| step.state != StepState::Done)
        .unwrap_or(plan.len());
    match (plan.get(first), steps.get(first)) {
        (Some(Action::Setup(_)), Some(step)) if step.state != StepState::Waiting => {
            plan.iter().position(|action| *action == Action::Files).unwrap_or(first)
        }
        _ => first,
    }
}

/// How a step ended.
enum End {
    Done,
    /// In words for the learner.
    Failed(String),
    /// The session is to become something else, or the server stops.
    Interrupted,
}

/// How provisioning ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ready,
    Failed,
    Interrupted,
}

/// What steps hand on to later ones.
#[derive(Default)]
struct Made {
    environment: Option<PythonEnvironment>,
    lab_folder: bool,
    /// The present step is the last that makes the lab's files.
    last_of_files: bool,
}

impl Engine {
    /// Brings a session up as far as it goes. The caller holds its turn.
    pub async fn provision(
        &self,
        live: &Live,
        row: LabSession,
        interruption: &CancellationToken,
    ) -> Result<Outcome, LabError> {
        self.drop_grader(live).await;
        *lock(&live.sandbox) = None;
        let row = if row.state == SessionState::Queued {
            self.change(row.id, |row| {
                if row.state == SessionState::Queued {
                    row.state = SessionState::Provisioning;
                }
                Ok(())
            })
            .await?
        } else {
            row
        };
        let Some(lab) = self.lab_of(&row) else {
            return self
                .fail(
                    &row,
                    "The lab's definition cannot be used any more. Its author can see why with `halfway lab lint`.",
                )
                .await;
        };
        let intended = self.mode(row.id).await?;
        let mode = intended.unwrap_or(Mode::Fresh);
        let plan = plan(&lab, mode, row.from_export.as_deref());
        let (mut steps, from) = self.lay_steps(row.id, &plan).await?;
        let mut results = Made::default();
        for (index, action) in plan.iter().enumerate() {
            let again = match action {
                // Later steps need what it gives; once built it is found in no time.
                Action::Environment if from < plan.len() => true,
                _ => index >= from,
            };
            if !again {
                continue;
            }
            let limit = match action {
                Action::Environment => self.settings.environment_timeout,
                Action::Setup(step) => step.timeout + Duration::from_secs(30),
                _ => self.settings.step_timeout,
            };
            results.last_of_files = !matches!(plan.get(index + 1), Some(Action::Setup(_)));
            let work = Work {
                engine: self,
                live,
                row: &row,
                lab: &lab,
                lines: Arc::new(Lines::default()),
            };
            let total = plan.len();
            match work
                .step(&mut steps[index], total, limit, interruption, action, &mut results)
                .await?
            {
                End::Done => {}
                End::Failed(reason) => return self.fail(&row, &reason).await,
                End::Interrupted => return Ok(Outcome::Interrupted),
            }
        }
        if mode == Mode::Reset {
            self.store.forget_levels(row.id).await?;
        }
        let ready = self.become_ready(row.id, &lab).await?;
        if intended.is_some() {
            self.store.fulfil(row.id, INTENT).await?;
        }
        if ready.state != SessionState::Ready {
            return Ok(Outcome::Interrupted);
        }
        live.touch(self.now());
        Ok(Outcome::Ready)
    }

    /// The steps of this plan as they stand, and the first that is to be done.
    async fn lay_steps(&self, id: SessionId, plan: &[Action]) -> Result<(Vec<Step>, usize), LabError> {
        let mut steps = self.store.steps(id).await?;
        let fresh = rows(plan);
        if !steps
            .iter()
            .map(|step| &step.title)
            .eq(fresh.iter().map(|step| &step.title))
        {
            // Another mode, or the lab has changed: what was done then says nothing about this plan.
            self.store.replace_steps(id, &fresh).await?;
            steps = fresh;
        }
        let from = go_on(plan, &steps);
        for step in steps
            .iter_mut()
            .skip(from)
            .filter(|step| step.state != StepState::Waiting)
        {
            step.state = StepState::Waiting;
            step.output.clear();
            self.store.save_step(id, step).await?;
        }
        Ok((steps, from))
    }

    /// The time runs from now on.
    async fn become_ready(&self, id: SessionId, lab: &Lab) -> Result<LabSession, LabError> {
        let now = self.now();
        self.change(id, |row| {
            if row.state == SessionState::Provisioning {
                row.state = SessionState::Ready;
                row.reason = None;
                row.lab_hash.clone_from(&lab.hash);
                row.ready = row.ready.or(Some(now));
                time::run(row, now, lab.limits.time);
            }
            Ok(())
        })
        .await
    }

    /// Writes down from where the session is to be brought up, before its state says that it is.
    pub async fn intend_provision(&self, id: SessionId, mode: Mode) -> Result<(), LabError> {
        self.store
            .intend(&Intent {
                session: id,
                kind: INTENT.to_owned(),
                payload: json!({ "mode": mode }),
                created: self.now(),
            })
            .await?;
        // Steps of an earlier time may have the same names and say nothing about this one.
        Ok(self.store.replace_steps(id, &[]).await?)
    }

    /// Where the files lie as the lab gave them.
    pub fn given_folder(&self, id: SessionId) -> PathBuf {
        SessionFolder::new(&self.state, id).root().join("given")
    }

    async fn mode(&self, id: SessionId) -> Result<Option<Mode>, LabError> {
        let intents = self.store.intents_of(id).await?;
        Ok(intents
            .into_iter()
            .find(|intent| intent.kind == INTENT)
            .and_then(|mut intent| serde_json::from_value(intent.payload["mode"].take()).ok()))
    }

    /// Ends provisioning with a reason for the learner.
    async fn fail(&self, row: &LabSession, reason: &str) -> Result<Outcome, LabError> {
        let failed = self
            .change(row.id, |row| {
                if row.state == SessionState::Provisioning {
                    row.state = SessionState::Failed;
                    row.reason = Some(reason.to_owned());
                }
                Ok(())
            })
            .await?;
        Ok(if failed.state == SessionState::Failed {
            Outcome::Failed
        } else {
            Outcome::Interrupted
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(title: &str) -> Action {
        Action::Setup(SetupStep {
            title: title.to_owned(),
            run: vec![],
            timeout: Duration::from_secs(1),
        })
    }

    fn steps(plan: &[Action], states: &[StepState]) -> Vec<Step> {
        let mut steps = rows(plan);
        for (step, state) in steps.iter_mut().zip(states) {
            step.state = *state;
        }
        steps
    }

    #[test]
    fn goes_on_where_it_is_safe() {
        use StepState::{Done, Failed, Running, Waiting};
        let plan = vec![Action::Files, setup("a"), setup("b"), Action::Start, Action::Terminal];
        for (states, from) in [
            ([Waiting; 5], 0),
            ([Running, Waiting, Waiting, Waiting, Waiting], 0),
            ([Done, Running, Waiting, Waiting, Waiting], 0),
            ([Done, Done, Failed, Waiting, Waiting], 0),
            ([Done, Done, Waiting, Waiting, Waiting], 2),
            ([Done, Done, Done, Running, Waiting], 3),
            ([Done; 5], 5),
        ] {
            assert_eq!(go_on(&plan, &steps(&plan, &states)), from, "{states:?}");
        }
    }
}
