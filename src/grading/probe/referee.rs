//! The `referee` probe: learner's programs run alone on inputs, then a judge of the lab's looks at what came out.
//!
//! 1. *Prepare*: the lab's own program, with parameters and hidden data, makes `/in` and `/secret`.
//! 2. *Learner*: each command in a sandbox of its own, on a fresh copy of the same state of the workspace, with `/in`
//!    to read and `/out` to write; no hidden data, no answers, no scripts of the lab, no network.
//! 3. *Judge*: the lab's own program reads hidden data, answers, and copies of `/out` and of the workspace that no
//!    program of the learner's has ever been able to reach, holding regular files only. It starts when every sandbox
//!    of the second phase is gone.
//!
//! A learner's program that fails, floods or hangs is data for the judge; a preparation or a judge that fails is the
//! platform's fault. Nothing of the learner's is on the path from which the lab's programs load modules: they start in
//! the lab's folder with an environment of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::scratch::{Scratch, add};
use super::{ProbeContext, refused};
use crate::grading::text;
use crate::model::Observation;
use crate::model::check::{LearnerCommand, RefereeProbe};
use crate::sandbox::{Bind, Caps, Place, RunLimits, RunOutput, RunSpec, Workspace, WorkspaceError};

/// Bytes that are kept of each stream of a learner's command.
const LEARNER_OUTPUT: usize = 64 << 10;

/// Bytes that the judge may print.
const JUDGE_OUTPUT: usize = 1 << 20;

/// Largest file that a learner's command may write, in bytes.
const LARGEST_FILE: u64 = 256 << 20;

/// What a learner's commands may leave in `/out`.
const OUT: Caps = Caps {
    bytes: 512 << 20,
    entries: 5_000,
};

/// What a workspace may hold to be copied for a run.
const COPY: Caps = Caps {
    bytes: 1 << 30,
    entries: 20_000,
};

/// How often it is looked whether a command writes too much.
const SAMPLE: Duration = Duration::from_millis(500);

/// What the judge learns of a command.
#[derive(Debug, Serialize)]
struct Ran {
    id: String,
    exit_code: Option<i32>,
    timed_out: bool,
    stdout: String,
    stderr: String,
    ms: u64,
}

/// Runs all three phases.
pub(super) async fn observe(probe: &RefereeProbe, context: &ProbeContext) -> Observation {
    let Ok(_permit) = context.referees.acquire().await else {
        return Observation::Fault("the server is ending".to_owned());
    };
    let stage = match stage(context).await {
        Ok(stage) => stage,
        Err(error) => return fault("the run cannot be set up", &error),
    };
    let result = run(probe, &stage).await;
    // Waited for, so that the disk is free again before the next run; where this future is dropped, it is done beside.
    stage.scratch.remove().await;
    match result {
        Ok(value) => Observation::Value(value),
        Err(observation) => observation,
    }
}

/// The directories of a run.
struct Stage<'a> {
    context: &'a ProbeContext,
    scratch: Scratch,
    lab: PathBuf,
    hidden: PathBuf,
    input: PathBuf,
    secret: PathBuf,
    out: PathBuf,
}

async fn run(probe: &RefereeProbe, stage: &Stage<'_>) -> Result<Value, Observation> {
    if let Some(prepare) = &probe.prepare {
        let output = stage
            .ours(
                prepare,
                probe.timeout,
                &[
                    stage.bind(Place::Lab, &stage.lab, false),
                    stage.bind(Place::Hidden, &stage.hidden, false),
                    stage.bind(Place::In, &stage.input, true),
                    stage.bind(Place::Secret, &stage.secret, true),
                ],
            )
            .await?;
        if !output.succeeded() {
            return Err(program_failed("the preparation", &output));
        }
    }
    // The one state of the workspace that all commands and the judge look at.
    let base = stage.scratch.path("base");
    stage
        .context
        .workspace
        .copy_to(&base, COPY)
        .await
        .map_err(|error| too_much(&error, "the workspace holds"))?;
    let base = Workspace::open(&base, stage.scratch.owner()).map_err(|error| refused(&error))?;
    let mut ran = Vec::new();
    for (number, command) in probe.learner.iter().enumerate() {
        ran.push(stage.learner(number, command, &base).await?);
    }
    let commands = serde_json::to_vec(&ran).map_err(|error| fault("the commands cannot be told", &error))?;
    add(&stage.lab, "commands.json", commands)
        .await
        .map_err(|error| fault("the commands cannot be told", &error))?;
    // Every sandbox of the learner's is gone; what was written is taken over without links, devices and the like.
    let clean = stage.scratch.path("out-clean");
    Workspace::open(&stage.out, stage.scratch.owner())
        .map_err(|error| refused(&error))?
        .copy_to(&clean, OUT)
        .await
        .map_err(|error| too_much(&error, "the programs have written"))?;
    let output = stage
        .ours(
            &probe.judge,
            probe.timeout,
            &[
                stage.bind(Place::Lab, &stage.lab, false),
                stage.bind(Place::Hidden, &stage.hidden, false),
                stage.bind(Place::In, &stage.input, false),
                stage.bind(Place::Secret, &stage.secret, false),
                stage.bind(Place::Out, &clean, false),
                stage.bind(Place::Learner, base.root(), false),
            ],
        )
        .await?;
    if !output.succeeded() {
        return Err(program_failed("the judge", &output));
    }
    match serde_json::from_slice::<Value>(&output.stdout.bytes) {
        Ok(value @ Value::Object(_)) if !output.stdout.truncated => Ok(value),
        _ => Err(program_failed("the judge printed no JSON object; it", &output)),
    }
}

async fn stage(context: &ProbeContext) -> std::io::Result<Stage<'_>> {
    let scratch = Scratch::fresh(&context.folder).await?;
    let parameters = serde_json::to_vec(&*context.parameters)?;
    Ok(Stage {
        context,
        lab: scratch
            .lab(&context.lab_folder, vec![("parameters.json", parameters)])
            .await?,
        hidden: context.folder.hidden(),
        input: scratch.writable("in").await?,
        secret: scratch.writable("secret").await?,
        out: scratch.writable("out").await?,
        scratch,
    })
}

impl Stage<'_> {
    #[expect(clippy::unused_self, reason = "reads as what it is for")]
    fn bind(&self, place: Place, host: &Path, writable: bool) -> Bind {
        Bind {
            place,
            host: host.to_owned(),
            writable,
        }
    }

    /// Runs a program of the lab's.
    async fn ours(&self, argv: &[String], timeout: Duration, binds: &[Bind]) -> Result<RunOutput, Observation> {
        let spec = RunSpec {
            session: self.context.session,
            binds: binds.to_vec(),
            argv: argv.to_vec(),
            directory: Place::Lab,
            environment: self.context.environment.clone(),
            variables: python(&[("PYTHONNOUSERSITE", "1"), ("PYTHONHASHSEED", "0")]),
            timeout,
            limits: self.limits(1 << 30),
            output_cap: JUDGE_OUTPUT,
        };
        self.context
            .runner
            .run(spec, None)
            .await
            .map_err(|error| fault("a sandbox did not start", &error))
    }

    /// Runs one command of the learner's on its own copy of the workspace.
    async fn learner(&self, number: usize, command: &LearnerCommand, base: &Workspace) -> Result<Ran, Observation> {
        let copy = self.scratch.path(&format!("workspace-{number}"));
        base.copy_to(&copy, COPY)
            .await
            .map_err(|error| too_much(&error, "the workspace holds"))?;
        let spec = RunSpec {
            session: self.context.session,
            binds: vec![
                self.bind(Place::Workspace, &copy, true),
                self.bind(Place::In, &self.input, false),
                self.bind(Place::Out, &self.out, true),
            ],
            argv: command.run.clone(),
            directory: Place::Workspace,
            environment: self.context.environment.clone(),
            variables: python(&[]),
            timeout: command.timeout,
            limits: self.limits(LARGEST_FILE),
            output_cap: LEARNER_OUTPUT,
        };
        let output = tokio::select! {
            output = self.context.runner.run(spec, None) => {
                output.map_err(|error| fault("a sandbox did not start", &error))?
            }
            why = self.writes_too_much(&copy) => return Err(Observation::Unreadable(format!("`{}` {why}", command.id))),
        };
        crate::sandbox::workspace::remove_tree(&copy)
            .await
            .map_err(|error| fault("a copy cannot be removed", &error))?;
        Ok(Ran {
            id: command.id.clone(),
            exit_code: output.exit_code.or(output.signal.map(|signal| 128 + signal)),
            timed_out: output.timed_out,
            stdout: output.stdout.text(),
            stderr: output.stderr.text(),
            ms: u64::try_from(output.duration.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// Ends when a command has written more than it may.
    async fn writes_too_much(&self, copy: &Path) -> String {
        loop {
            tokio::time::sleep(SAMPLE).await;
            for (directory, caps) in [(self.out.as_path(), OUT), (copy, COPY)] {
                let Ok(files) = Workspace::open(directory, None) else {
                    continue;
                };
                match files.tree("", caps.entries).await {
                    Ok(entries) => {
                        let bytes: u64 = entries.iter().map(|entry| entry.size).sum();
                        if bytes > caps.bytes {
                            return format!("wrote more than {} MiB", caps.bytes >> 20);
                        }
                    }
                    Err(WorkspaceError::TooMany { cap, .. }) => return format!("made more than {cap} files"),
                    Err(_) => {}
                }
            }
        }
    }

    fn limits(&self, file: u64) -> RunLimits {
        RunLimits {
            memory: self.context.limits.memory,
            processes: self.context.limits.processes,
            file,
        }
    }
}

/// Variables for programs that may be Python's: it shall not write beside what it reads.
fn python(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    [("PYTHONDONTWRITEBYTECODE", "1")]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn too_much(error: &WorkspaceError, who: &str) -> Observation {
    match error {
        WorkspaceError::TooLarge { cap, .. } => {
            Observation::Unreadable(format!("{who} more than the {} MiB that are looked at", cap >> 20))
        }
        WorkspaceError::TooMany { cap, .. } => {
            Observation::Unreadable(format!("{who} more than the {cap} files that are looked at"))
        }
        other => refused(other),
    }
}

fn fault(doing: &str, error: &dyn std::fmt::Display) -> Observation {
    Observation::Fault(format!("{doing}: {error}"))
}

/// How a program of the lab's failed, for the operator.
fn program_failed(who: &str, output: &RunOutput) -> Observation {
    let how = match (output.timed_out, output.exit_code, output.signal) {
        (true, _, _) => "ran out of time".to_owned(),
        (_, Some(code), _) => format!("ended with {code}"),
        (_, _, Some(signal)) => format!("was ended by signal {signal}"),
        _ => "ended".to_owned(),
    };
    let errors = output.stderr.text();
    let tail: Vec<&str> = errors.lines().rev().take(12).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Observation::Fault(format!("{who} {how}: {}", text::safe_lines(&tail.join("\n"), 2_000)))
}
