//! One step at work: what each kind of step does, shown as it goes, ended when its time is over.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use halfway_agent::protocol::CreateTerminal;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::lines::{Lines, TAIL};
use super::{Action, End, FIRST_TERMINAL, Made};
use crate::lab::error::LabError;
use crate::lab::events::EventKind;
use crate::lab::labs::{Engine, Live, lock};
use crate::lab::usage;
use crate::model::{Lab, LabSession, SessionState, SetupStep, Step, StepState};
use crate::sandbox::{
    Bind, OnOutput, Place, PythonEnvironment, RunLimits, RunSpec, SandboxError, SandboxSpec, SessionFolder, Workspace,
};

/// How often what a step prints is stored and told.
const FLUSH: Duration = Duration::from_millis(150);

/// One step at work.
pub(super) struct Work<'a> {
    pub engine: &'a Engine,
    pub live: &'a Live,
    pub row: &'a LabSession,
    pub lab: &'a Lab,
    pub lines: Arc<Lines>,
}

impl Work<'_> {
    pub async fn step(
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
                usage::bytes(self.lab.limits.disk)
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
