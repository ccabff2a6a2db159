//! Brings a session's sandbox up, step by step.
//!
//! Each step has a row, may be run again after a crash at any point of it, and shows what it prints as it comes. A
//! step that is interrupted by the server's death goes on where that is safe; a lab's own set-up, which may be half
//! done, starts again from fresh files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use halfway_agent::protocol::CreateTerminal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::error::LabError;
use super::events::EventKind;
use super::labs::{Engine, Live, lock};
use super::time;
use crate::base::SessionId;
use crate::model::{Lab, LabSession, SessionState, SetupStep, Step, StepState};
use crate::sandbox::{
    Bind, OnOutput, Place, PythonEnvironment, RunLimits, RunSpec, SandboxError, SandboxSpec, SessionFolder, StepLog,
    Workspace,
};
use crate::store::Intent;

/// The kind of intent that says how a session is being provisioned.
pub(super) const INTENT: &str = "provision";

/// What a step's output keeps, in bytes, from its end.
const TAIL: usize = 32 * 1024;

/// How often what a step prints is stored and told.
const FLUSH: Duration = Duration::from_millis(150);

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

/// One step at work.
struct Work<'a> {
    engine: &'a Engine,
    live: &'a Live,
    row: &'a LabSession,
    lab: &'a Lab,
    lines: Arc<Lines>,
}

impl Work<'_> {
    async fn step(
        &self,
        step: &mut Step,
        total: usize,
        limit: Duration,
        interruption: &CancellationToken,
        action: &Action,
        made: &mut Made,
    ) -> Result<End, LabError> {
        let engine = self.engine;
        step.state = StepState::Running;
        step.started = Some(engine.now());
        step.finished = None;
        self.save(step, total).await?;
        let end = {
            let mut work = Box::pin(self.act(action, made));
            let overtime = tokio::time::sleep(limit);
            tokio::pin!(overtime);
            let mut flush = tokio::time::interval(FLUSH);
            flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut ticks = 0u32;
            loop {
                tokio::select! {
                    biased;
                    () = interruption.cancelled() => break End::Interrupted,
                    done = &mut work => break match done {
                        Ok(()) => End::Done,
                        Err(reason) => End::Failed(reason),
                    },
                    () = &mut overtime => break End::Failed(format!(
                        "“{}” did not finish within {} and was ended.", step.title, words(limit)
                    )),
                    _ = flush.tick() => {
                        ticks += 1;
                        if let Some(fresh) = self.flush(step) {
                            engine.store.save_step(self.row.id, step).await?;
                            self.tell(step, &fresh);
                        }
                        if ticks.is_multiple_of(10) && matches!(action, Action::Setup(_)) && let Some(full) = self.disk_is_full().await {
                            break End::Failed(full);
                        }
                    }
                }
            }
        };
        let fresh = self.flush(step);
        match &end {
            End::Interrupted => return Ok(end),
            End::Done => step.state = StepState::Done,
            End::Failed(reason) => {
                step.state = StepState::Failed;
                if step.output.is_empty() {
                    step.output.clone_from(reason);
                }
                tracing::warn!(session = %self.row.id, lab = %self.lab.id, step = step.title, reason, "a step of provisioning failed");
            }
        }
        step.finished = Some(engine.now());
        self.save(step, total).await?;
        if let Some(fresh) = fresh {
            self.tell(step, &fresh);
        }
        Ok(end)
    }

    async fn save(&self, step: &Step, total: usize) -> Result<(), LabError> {
        self.engine.store.save_step(self.row.id, step).await?;
        self.engine.emit(
            self.row,
            EventKind::Session,
            json!({ "state": SessionState::Provisioning.word(), "step": step.number + 1, "steps": total, "title": step.title, "step_state": step.state }),
        );
        Ok(())
    }

    /// Moves what was printed to the step, and gives what is new of it.
    fn flush(&self, step: &mut Step) -> Option<String> {
        let (fresh, tail) = self.lines.take()?;
        step.output = tail;
        Some(fresh)
    }

    /// Tells what a step printed, once it is stored.
    fn tell(&self, step: &Step, fresh: &str) {
        self.engine.emit(
            self.row,
            EventKind::Output,
            json!({ "step": step.number + 1, "text": fresh }),
        );
    }

    async fn disk_is_full(&self) -> Option<String> {
        let usage = self.engine.driver.sample(self.row.id).await.ok()?;
        (usage.disk > self.lab.limits.disk).then(|| {
            format!(
                "The set-up wrote more than the {} that this lab may use on the disk, and was ended.",
                super::usage::bytes(self.lab.limits.disk)
            )
        })
    }

    /// Does what a step is for. An error is in words for the learner; its cause is in the log.
    async fn act(&self, action: &Action, made: &mut Made) -> Result<(), String> {
        let driver = &self.engine.driver;
        let id = self.row.id;
        match action {
            Action::Keep => {
                self.stop_and_keep().await.map_err(|error| self.told(action, &error))?;
            }
            Action::Environment => {
                made.environment = self.environment().await.map_err(|error| self.told(action, &error))?;
            }
            Action::Files => self.files().await.map_err(|error| self.told(action, &error))?,
            Action::Setup(step) => self.set_up(step, made).await?,
            Action::Unpack(export) => self.unpack(export).await.map_err(|error| self.told(action, &error))?,
            Action::Start => {
                let spec = SandboxSpec {
                    session: id,
                    lab: self.lab.id.clone(),
                    egress: self.lab.egress,
                    limits: self.lab.limits.clone(),
                    environment: made.environment.clone(),
                    variables: BTreeMap::new(),
                };
                let sandbox = async {
                    driver.create(&spec, &*self.lines).await?;
                    driver.connect(id).await
                }
                .await
                .map_err(|error| self.told(action, &error.into()))?;
                *lock(&self.live.sandbox) = Some(sandbox);
            }
            Action::Terminal => {
                let sandbox = match self.live.sandbox() {
                    Some(sandbox) => sandbox,
                    None => driver
                        .connect(id)
                        .await
                        .map_err(|error| self.told(action, &error.into()))?,
                };
                sandbox
                    .agent
                    .create_terminal(&CreateTerminal {
                        name: Some(FIRST_TERMINAL.to_owned()),
                        ..CreateTerminal::default()
                    })
                    .await
                    .map_err(|error| self.told(action, &error.into()))?;
                *lock(&self.live.sandbox) = Some(sandbox);
            }
        }
        if made.last_of_files && matches!(action, Action::Files | Action::Setup(_)) {
            self.remember().await.map_err(|error| self.told(action, &error))?;
        }
        Ok(())
    }

    /// Keeps a copy of the files as the lab gave them, from which single ones can be had again.
    async fn remember(&self) -> Result<(), LabError> {
        let workspace = self.engine.driver.workspace(self.row.id).await?;
        let given = self.engine.given_folder(self.row.id);
        match tokio::fs::remove_dir_all(&given).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(SandboxError::io("removing the copy of a lab's files", error).into());
            }
            _ => {}
        }
        workspace.copy_to(&given, self.engine.settings.archive).await?;
        Ok(())
    }

    /// The cause to the log, the rest to the learner.
    fn told(&self, action: &Action, error: &LabError) -> String {
        tracing::warn!(session = %self.row.id, lab = %self.lab.id, step = action.title(), %error, "a step of provisioning failed");
        error.message()
    }

    async fn stop_and_keep(&self) -> Result<(), LabError> {
        self.engine.driver.stop(self.row.id).await?;
        let workspace = SessionFolder::new(&self.engine.state, self.row.id).workspace();
        // Not there where an earlier try has set it aside.
        if tokio::fs::try_exists(workspace).await.unwrap_or(true) {
            self.engine.keep_all(self.row, "reset").await?;
        }
        Ok(())
    }

    async fn environment(&self) -> Result<Option<PythonEnvironment>, LabError> {
        let Some(environment) = &self.lab.needs.environment else {
            return Ok(None);
        };
        let path = self.lab.folder.join(&environment.requirements);
        let requirements = tokio::fs::read(&path).await.map_err(|error| {
            LabError::fault(
                "a lab's requirements cannot be read",
                format!("{}: {error}", path.display()),
            )
        })?;
        Ok(Some(
            self.engine.environments.ensure(&requirements, &*self.lines).await?,
        ))
    }

    async fn files(&self) -> Result<(), LabError> {
        let driver = &self.engine.driver;
        // Whatever of an earlier try still runs would write into the fresh files.
        driver.stop(self.row.id).await?;
        let folder = driver.prepare(self.row.id).await?;
        let workspace = driver.workspace(self.row.id).await?;
        workspace.clear().await?;
        Workspace::open(&folder.hidden(), None)?.clear().await?;
        let _ = tokio::fs::remove_dir_all(folder.trial()).await;
        let source = self.lab.folder.join("workspace");
        if tokio::fs::try_exists(&source).await.unwrap_or(false) {
            workspace.copy_from(&source, "").await?;
        }
        Ok(())
    }

    async fn unpack(&self, name: &str) -> Result<(), LabError> {
        let workspace = self.engine.driver.workspace(self.row.id).await?;
        workspace.clear().await?;
        let path = self.engine.exports_folder().join(name);
        let archive = tokio::fs::File::open(&path)
            .await
            .map_err(|_| LabError::Invalid("The export's file is gone. Start the lab without it.".to_owned()))?
            .into_std()
            .await;
        workspace.unpack_archive(archive, self.engine.settings.archive).await?;
        Ok(())
    }

    async fn set_up(&self, step: &SetupStep, made: &mut Made) -> Result<(), String> {
        let driver = &self.engine.driver;
        let failed = |error: LabError| {
            tracing::warn!(session = %self.row.id, lab = %self.lab.id, step = step.title, %error, "a lab's set-up could not be run");
            error.message()
        };
        let folder = driver
            .prepare(self.row.id)
            .await
            .map_err(|error| failed(error.into()))?;
        let lab_folder = folder.scratch().join("set-up");
        if !made.lab_folder {
            self.lab_folder(&lab_folder).await.map_err(failed)?;
            made.lab_folder = true;
        }
        let bind = |place, host, writable| Bind { place, host, writable };
        let lines = self.lines.clone();
        let on_output: OnOutput = Arc::new(move |_, bytes: &[u8]| lines.push(&String::from_utf8_lossy(bytes)));
        let output = driver
            .runner()
            .run(
                RunSpec {
                    session: self.row.id,
                    binds: vec![
                        bind(Place::Lab, lab_folder.clone(), false),
                        bind(Place::Workspace, folder.workspace(), true),
                        bind(Place::Hidden, folder.hidden(), true),
                    ],
                    argv: step.run.clone(),
                    directory: Place::Lab,
                    environment: made.environment.clone(),
                    variables: BTreeMap::new(),
                    timeout: step.timeout,
                    limits: RunLimits {
                        memory: self.lab.limits.memory,
                        processes: self.lab.limits.processes,
                        file: self.lab.limits.disk,
                    },
                    output_cap: TAIL,
                },
                Some(on_output),
            )
            .await
            .map_err(|error| failed(error.into()))?;
        if output.timed_out {
            return Err(format!(
                "“{}” did not finish within {} and was ended.",
                step.title,
                words(step.timeout)
            ));
        }
        if let Some(full) = self.disk_is_full().await {
            return Err(full);
        }
        match (output.exit_code, output.signal) {
            (Some(0), _) => Ok(()),
            (Some(code), _) => Err(format!(
                "“{}” failed with exit code {code}. Its last lines say why.",
                step.title
            )),
            (None, Some(signal)) => Err(format!("“{}” was ended by signal {signal}.", step.title)),
            (None, None) => Err(format!("“{}” ended without saying how.", step.title)),
        }
    }

    /// What a set-up sees of the lab: its `setup/`, its `checks/` and the parameters; never the solution.
    async fn lab_folder(&self, to: &Path) -> Result<(), LabError> {
        let parameters = serde_json::to_vec(&self.row.parameters)
            .map_err(|error| LabError::fault("parameters cannot be written", error))?;
        let (from, to) = (self.lab.folder.clone(), to.to_owned());
        tokio::task::spawn_blocking(move || {
            if to.exists() {
                std::fs::remove_dir_all(&to)?;
            }
            std::fs::create_dir_all(&to)?;
            for part in ["setup", "checks"] {
                if from.join(part).is_dir() {
                    copy_trusted(&from.join(part), &to.join(part))?;
                }
            }
            std::fs::write(to.join("parameters.json"), parameters)
        })
        .await
        .map_err(|error| LabError::fault("copying a lab's set-up", error))?
        .map_err(|error| SandboxError::io("copying a lab's set-up", error).into())
    }
}

/// Copies a directory of the lab's author: regular files and directories.
fn copy_trusted(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_trusted(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// `90 s`, `5 min`.
fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 120 && seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

/// What a step prints: its end is kept, and what is new since the last look.
#[derive(Default)]
struct Lines(Mutex<Printed>);

#[derive(Default)]
struct Printed {
    tail: String,
    fresh: String,
}

impl Lines {
    fn push(&self, text: &str) {
        let mut printed = lock(&self.0);
        for buffer in [&mut *printed].into_iter().flat_map(|p| [&mut p.tail, &mut p.fresh]) {
            buffer.push_str(text);
            if buffer.len() > 2 * TAIL {
                cut_front(buffer);
            }
        }
    }

    /// What is new, and all that is kept; nothing where nothing is new.
    fn take(&self) -> Option<(String, String)> {
        let mut printed = lock(&self.0);
        if printed.fresh.is_empty() {
            return None;
        }
        cut_front(&mut printed.tail);
        let mut fresh = std::mem::take(&mut printed.fresh);
        cut_front(&mut fresh);
        Some((fresh, printed.tail.clone()))
    }
}

impl StepLog for Lines {
    fn line(&self, text: &str) {
        self.push(&format!("{text}\n"));
    }
}

/// Keeps the last [`TAIL`] bytes, from the beginning of a line where there is one.
fn cut_front(text: &mut String) {
    let Some(mut from) = text.len().checked_sub(TAIL).filter(|from| *from > 0) else {
        return;
    };
    while !text.is_char_boundary(from) {
        from += 1;
    }
    if let Some(end) = text[from..].find('\n').filter(|end| from + end + 1 < text.len()) {
        from += end + 1;
    }
    text.drain(..from);
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

    #[test]
    fn a_flood_keeps_its_end() {
        let lines = Lines::default();
        for number in 0..100_000 {
            lines.line(&number.to_string());
        }
        let (fresh, tail) = lines.take().unwrap();
        assert!(fresh.len() <= TAIL && tail.len() <= TAIL);
        assert!(tail.ends_with("99998\n99999\n"));
        assert!(tail.starts_with(|c: char| c.is_ascii_digit()));
        assert_eq!(lines.take(), None);
    }
}
