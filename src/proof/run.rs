//! One run: a session from fresh, brought through every case.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::case::{Case, CaseKind};
use super::overlay;
use super::record::Run;
use super::seeds::{SCRIPT, SeedReport};
use crate::base::{Clock, PersonId, Random, SessionId};
use crate::content::LabEntry;
use crate::lab::{Labs, StartOptions, Subscription};
use crate::model::{Lab, Person, PersonRole, SessionState, TaskId, TaskLevel, TaskWork, Verdict};
use crate::sandbox::{Bind, Caps, Driver, Place, PythonEnvironment, PythonEnvironments, RunLimits, RunSpec, Sandbox};
use crate::store::Store;

/// How long the script that tries many seeds may take.
const SEEDS_TIMEOUT: Duration = Duration::from_mins(10);

/// How often grading that is just starting is asked again, at most.
const PATIENCE: usize = 200;

/// Why a proof came to no end; for the author.
#[derive(Clone, Debug)]
pub struct ProofError(String);

impl ProofError {
    /// With these words.
    #[must_use]
    pub fn new(words: String) -> Self {
        Self(words)
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProofError {}

/// An engine of lab sessions of the proof's own, on a state directory of its own.
pub struct Prover {
    pub labs: Labs,
    pub store: Store,
    pub driver: Arc<dyn Driver>,
    pub environments: PythonEnvironments,
    pub clock: Clock,
    pub random: Random,
    /// A directory of this run's own.
    pub scratch: PathBuf,
}

/// The session that a run works on.
struct Attempt {
    person: PersonId,
    session: SessionId,
    sandbox: Sandbox,
}

impl Prover {
    /// Brings a fresh session through untouched, solution, every wrong solution and undo. `tell` hears how far it is.
    pub async fn run(&self, entry: &LabEntry, seed: u64, tell: &(dyn Fn(String) + Sync)) -> Run {
        let mut run = Run {
            seed,
            cases: Vec::new(),
            broken: None,
        };
        if let Err(error) = self.cases(entry, &mut run, tell).await {
            run.broken = Some(error.to_string());
        }
        run
    }

    async fn cases(&self, entry: &LabEntry, run: &mut Run, tell: &(dyn Fn(String) + Sync)) -> Result<(), ProofError> {
        let lab = &*entry.lab;
        let attempt = self.start(lab, run.seed, tell).await?;
        let outcome = self.walk(entry, &attempt, run, tell).await;
        let ended = self.labs.end(attempt.person, attempt.session).await;
        self.until(&attempt, |state| state == SessionState::Ended).await?;
        outcome?;
        ended.map_err(|error| ProofError::new(format!("the session cannot be ended: {error}")))
    }

    async fn walk(
        &self,
        entry: &LabEntry,
        attempt: &Attempt,
        run: &mut Run,
        tell: &(dyn Fn(String) + Sync),
    ) -> Result<(), ProofError> {
        let lab = &*entry.lab;
        run.cases
            .push(self.case(lab, attempt, CaseKind::Untouched, tell).await?);
        let Some(solution) = &entry.proof.solution else {
            return Err(ProofError::new(
                "the lab has no solution/: nothing shows that it can be solved".to_owned(),
            ));
        };
        overlay::lay(solution, &attempt.sandbox).await?;
        run.cases.push(self.case(lab, attempt, CaseKind::Solution, tell).await?);
        let solved = self.scratch.join("solved");
        keep(&attempt.sandbox, &solved).await?;
        for wrong in &entry.proof.wrong {
            bring_back(&attempt.sandbox, &solved).await?;
            overlay::lay(&wrong.overlay, &attempt.sandbox).await?;
            let kind = CaseKind::Wrong {
                name: wrong.name.clone(),
                fails: wrong.fails.clone(),
            };
            run.cases.push(self.case(lab, attempt, kind, tell).await?);
        }
        let Some(undo) = &entry.proof.undo else {
            return Err(ProofError::new(
                "the lab has no undo/: nothing shows that its checks turn red again".to_owned(),
            ));
        };
        bring_back(&attempt.sandbox, &solved).await?;
        overlay::lay(undo, &attempt.sandbox).await?;
        run.cases.push(self.case(lab, attempt, CaseKind::Undo, tell).await?);
        Ok(())
    }

    async fn start(&self, lab: &Lab, seed: u64, tell: &(dyn Fn(String) + Sync)) -> Result<Attempt, ProofError> {
        let person = Person {
            id: PersonId::fresh(&self.clock, &self.random),
            name: "Proof".to_owned(),
            role: PersonRole::Learner,
            created: self.clock.now(),
        };
        self.store
            .add_person(&person)
            .await
            .map_err(|error| ProofError::new(error.to_string()))?;
        tell(format!("{}: starting with seed {seed}", lab.id));
        let options = StartOptions {
            seed: Some(seed),
            ..StartOptions::default()
        };
        let session = self
            .labs
            .start(person.id, &lab.id, options)
            .await
            .map_err(|error| ProofError::new(format!("the lab cannot be started: {error}")))?;
        self.until_of(person.id, session, |state| state == SessionState::Ready)
            .await?;
        let sandbox = self
            .labs
            .sandbox(person.id, session)
            .await
            .map_err(|error| ProofError::new(format!("the sandbox cannot be reached: {error}")))?;
        Ok(Attempt {
            person: person.id,
            session,
            sandbox,
        })
    }

    async fn until(&self, attempt: &Attempt, reached: impl Fn(SessionState) -> bool) -> Result<(), ProofError> {
        self.until_of(attempt.person, attempt.session, reached).await
    }

    /// Waits for a state, woken by the session's own events.
    async fn until_of(
        &self,
        person: PersonId,
        session: SessionId,
        reached: impl Fn(SessionState) -> bool,
    ) -> Result<(), ProofError> {
        let mut events = self.labs.subscribe(person, None);
        loop {
            let view = self
                .labs
                .view(person, session)
                .await
                .map_err(|error| ProofError::new(format!("the session cannot be seen: {error}")))?;
            let state = view.session.state;
            if reached(state) {
                return Ok(());
            }
            if matches!(state, SessionState::Failed | SessionState::Ended | SessionState::Paused) {
                let output = view
                    .steps
                    .iter()
                    .rfind(|step| !step.output.is_empty())
                    .map(|step| step.output.clone());
                return Err(ProofError::new(format!(
                    "the session is {}: {}\n{}",
                    state.word(),
                    view.session.reason.unwrap_or_default(),
                    output.unwrap_or_default()
                )));
            }
            events.next().await;
        }
    }

    /// Grades everything, runs the trials that may run and do not stand yet, and holds the levels against the case.
    async fn case(
        &self,
        lab: &Lab,
        attempt: &Attempt,
        kind: CaseKind,
        tell: &(dyn Fn(String) + Sync),
    ) -> Result<Case, ProofError> {
        let from = self.clock.now();
        let mut levels = self.regrade(attempt).await?;
        let mut tried: Vec<TaskId> = Vec::new();
        while let Some(task) = next_trial(lab, &levels, &tried) {
            self.trial(attempt, &task).await?;
            tried.push(task);
            levels = self.regrade(attempt).await?;
        }
        let took = self.clock.now().since(from);
        let case = Case::new(kind, lab, &levels, u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        tell(format!(
            "{}: {} {} in {:.1} s",
            lab.id,
            case.kind.title(),
            if case.holds() {
                "as it must be"
            } else {
                "NOT as it must be"
            },
            took.as_secs_f64()
        ));
        Ok(case)
    }

    async fn regrade(&self, attempt: &Attempt) -> Result<Vec<TaskLevel>, ProofError> {
        let mut events = self.labs.subscribe(attempt.person, None);
        for _ in 0..PATIENCE {
            match self.labs.regrade(attempt.person, attempt.session).await {
                Ok(statuses) => return Ok(statuses.into_iter().map(|status| status.level).collect()),
                // Grading starts with the session's becoming ready, which the next event tells of.
                Err(crate::lab::LabError::Busy(_)) => wait_a_little(&mut events).await,
                Err(error) => return Err(ProofError::new(format!("the session cannot be graded: {error}"))),
            }
        }
        Err(ProofError::new("grading does not begin".to_owned()))
    }

    async fn trial(&self, attempt: &Attempt, task: &TaskId) -> Result<(), ProofError> {
        let mut events = self.labs.subscribe(attempt.person, None);
        let id = self
            .labs
            .start_trial(attempt.person, attempt.session, task)
            .await
            .map_err(|error| ProofError::new(format!("the trial of {task} cannot be started: {error}")))?;
        loop {
            let view = self
                .labs
                .view(attempt.person, attempt.session)
                .await
                .map_err(|error| ProofError::new(format!("the session cannot be seen: {error}")))?;
            let run = view
                .tasks
                .iter()
                .filter_map(|task| task.trial.as_ref())
                .find(|trial| trial.id == id);
            if let Some(run) = run
                && run.finished.is_some()
            {
                if run.restored != Some(true) {
                    return Err(ProofError::new(format!(
                        "the trial of {task} was not put back: {}",
                        run.notes.join("; ")
                    )));
                }
                return Ok(());
            }
            events.next().await;
        }
    }

    /// Runs the lab's script that tries many seeds, where it has one.
    ///
    /// # Errors
    /// Where it cannot be run, ends with another code than 0, or prints no report.
    pub async fn seeds(&self, lab: &Lab) -> Result<Option<SeedReport>, ProofError> {
        if !lab.folder.join(SCRIPT).is_file() {
            return Ok(None);
        }
        let environment = self.environment(lab).await?;
        let folder = self.scratch.join("lab");
        // The solution and the wrong ones, too: it is they that are tried.
        for part in ["checks", "setup", "solution", "wrong"] {
            copy_folder(&lab.folder.join(part), &folder.join(part)).await?;
        }
        let spec = RunSpec {
            session: SessionId::fresh(&self.clock, &self.random),
            binds: vec![Bind {
                place: Place::Lab,
                host: folder,
                writable: false,
            }],
            argv: vec!["python".to_owned(), SCRIPT.to_owned()],
            directory: Place::Lab,
            environment,
            variables: [("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())].into(),
            timeout: SEEDS_TIMEOUT,
            limits: RunLimits {
                memory: lab.limits.memory,
                ..RunLimits::default()
            },
            output_cap: 64 << 10,
        };
        let output = self
            .driver
            .runner()
            .run(spec, None)
            .await
            .map_err(|error| ProofError::new(format!("{SCRIPT} cannot be run: {error}")))?;
        if !output.succeeded() {
            return Err(ProofError::new(format!("{SCRIPT} failed: {}", output.stderr.text())));
        }
        serde_json::from_slice(&output.stdout.bytes)
            .map(Some)
            .map_err(|error| ProofError::new(format!("{SCRIPT} prints no report ({error}): {}", output.stdout.text())))
    }

    async fn environment(&self, lab: &Lab) -> Result<Option<PythonEnvironment>, ProofError> {
        let Some(environment) = &lab.needs.environment else {
            return Ok(None);
        };
        let requirements = tokio::fs::read(lab.folder.join(&environment.requirements))
            .await
            .map_err(|error| ProofError::new(format!("the lab's requirements cannot be read: {error}")))?;
        self.environments
            .find(&requirements)
            .await
            .map_err(|error| ProofError::new(format!("the lab's environment cannot be found: {error}")))
    }
}

/// Grading that is just starting tells its first levels by events; without any, a moment is as good.
async fn wait_a_little(events: &mut Subscription) {
    let _ = tokio::time::timeout(Duration::from_millis(50), events.next()).await;
}

/// The first trial, in the lab's order, that may run, does not stand, and was not tried in this case.
fn next_trial(lab: &Lab, levels: &[TaskLevel], tried: &[TaskId]) -> Option<TaskId> {
    lab.tasks
        .iter()
        .filter(|task| matches!(task.work, TaskWork::Trial(_)) && !tried.contains(&task.id))
        .find(|task| {
            levels
                .iter()
                .find(|level| level.task == task.id)
                .is_some_and(|level| !matches!(level.verdict, Verdict::Pass | Verdict::Waiting))
        })
        .map(|task| task.id.clone())
}

async fn keep(sandbox: &Sandbox, to: &Path) -> Result<(), ProofError> {
    let broken = |error: &dyn fmt::Display| ProofError::new(format!("the solved workspace cannot be kept: {error}"));
    tokio::fs::create_dir_all(to).await.map_err(|error| broken(&error))?;
    sandbox
        .workspace
        .copy_to(to, Caps::default())
        .await
        .map(drop)
        .map_err(|error| broken(&error))
}

async fn bring_back(sandbox: &Sandbox, from: &Path) -> Result<(), ProofError> {
    let broken =
        |error: &dyn fmt::Display| ProofError::new(format!("the solved workspace cannot be brought back: {error}"));
    sandbox.workspace.clear().await.map_err(|error| broken(&error))?;
    sandbox
        .workspace
        .copy_from(from, "")
        .await
        .map(drop)
        .map_err(|error| broken(&error))
}

async fn copy_folder(from: &Path, to: &Path) -> Result<(), ProofError> {
    let (from, to) = (from.to_owned(), to.to_owned());
    tokio::task::spawn_blocking(move || copy_blocking(&from, &to))
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
        .map_err(|error| ProofError::new(format!("the lab's scripts cannot be copied: {error}")))
}

fn copy_blocking(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_blocking(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
