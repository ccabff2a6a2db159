//! A driver for tests of the rooms to the right: real files, the real agent where there is one, and no walls at all.
//!
//! It can be told to fail, to hang, or to lose an agent at any operation, and it remembers what it was asked. Never
//! offered by configuration: what it runs can do whatever the server can.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::OsString;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::agent_binary;
use super::agent_client::AgentClient;
use super::driver::{Driver, DriverKind, Finding, Owned, Sandbox, SandboxSpec, SandboxState, StepLog, Usage};
use super::error::SandboxError;
use super::folder::{SessionFolder, beneath, open_directory};
use super::guarantees::Guarantees;
use super::runner::{Launch, Once, RunSpec, Runner};
use super::workspace::{Workspace, remove_tree};
use crate::base::{InstallId, SessionId};
use crate::model::Guarantee;

const SOCKET: &str = "agent.sock";

type Result<T> = std::result::Result<T, SandboxError>;

/// What a driver can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Prepare,
    Create,
    Connect,
    Workspace,
    State,
    Sample,
    Stop,
    Destroy,
    Owned,
    /// A one-shot of the runner.
    Run,
}

/// How the next call of an operation goes wrong.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Fails before it has done anything.
    Fails(String),
    /// Does its work and fails all the same, as if the answer were lost.
    FailsAfter(String),
    /// The disk is full.
    DiskFull,
    /// Never returns.
    Hangs,
}

/// The fake driver; cheap to clone, and all clones are one.
#[derive(Clone)]
pub struct FakeDriver(Arc<Inner>);

struct Inner {
    state: PathBuf,
    install: InstallId,
    agent: Option<PathBuf>,
    script: Mutex<HashMap<Operation, VecDeque<Failure>>>,
    calls: Mutex<Vec<(Operation, Option<SessionId>)>>,
    alive: Mutex<HashMap<SessionId, Option<tokio::process::Child>>>,
    usage: Mutex<HashMap<SessionId, Usage>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeDriver {
    /// On a state directory of the test's own. Without an agent beside the test's executable, sandboxes count as
    /// running and do not answer.
    #[must_use]
    pub fn new(state: impl Into<PathBuf>, install: InstallId) -> Self {
        let state = state.into();
        Self(Arc::new(Inner {
            agent: agent_binary::install(&state, None).ok(),
            state,
            install,
            script: Mutex::default(),
            calls: Mutex::default(),
            alive: Mutex::default(),
            usage: Mutex::default(),
        }))
    }

    /// Whether sandboxes have a real agent.
    #[must_use]
    pub fn has_agent(&self) -> bool {
        self.0.agent.is_some()
    }

    /// The next call of the operation goes wrong; several stand in a queue.
    pub fn fail_next(&self, operation: Operation, failure: Failure) {
        lock(&self.0.script).entry(operation).or_default().push_back(failure);
    }

    /// Everything that was asked, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<(Operation, Option<SessionId>)> {
        lock(&self.0.calls).clone()
    }

    /// Ends the session's agent as a crash would: its files stay.
    pub async fn kill_agent(&self, session: SessionId) {
        let child = lock(&self.0.alive).remove(&session).flatten();
        if let Some(mut child) = child {
            // Dead already is as good.
            let _ = child.kill().await;
        }
    }

    /// What [`Driver::sample`] answers from now on.
    pub fn set_usage(&self, session: SessionId, usage: Usage) {
        lock(&self.0.usage).insert(session, usage);
    }

    /// Notes the call; answers what is to go wrong after the work.
    async fn enter(&self, operation: Operation, session: Option<SessionId>) -> Result<Option<SandboxError>> {
        lock(&self.0.calls).push((operation, session));
        let failure = lock(&self.0.script).get_mut(&operation).and_then(VecDeque::pop_front);
        match failure {
            None => Ok(None),
            Some(Failure::Fails(why)) => Err(SandboxError::Start(why)),
            Some(Failure::FailsAfter(why)) => Ok(Some(SandboxError::Start(why))),
            Some(Failure::DiskFull) => Err(SandboxError::DiskFull("as the test wants it".to_owned())),
            Some(Failure::Hangs) => std::future::pending().await,
        }
    }

    fn folder(&self, session: SessionId) -> SessionFolder {
        SessionFolder::new(&self.0.state, session)
    }

    fn made(&self, session: SessionId) -> Result<SessionFolder> {
        let folder = self.folder(session);
        folder
            .make(None)
            .map_err(SandboxError::at("cannot make", folder.root()))?;
        Ok(folder)
    }

    fn is_alive(&self, session: SessionId) -> bool {
        let mut alive = lock(&self.0.alive);
        match alive.get_mut(&session) {
            None => false,
            Some(None) => true,
            Some(Some(child)) => {
                let running = matches!(child.try_wait(), Ok(None));
                if !running {
                    alive.remove(&session);
                }
                running
            }
        }
    }

    fn start(&self, spec: &SandboxSpec, folder: &SessionFolder) -> std::io::Result<Option<tokio::process::Child>> {
        let Some(agent) = &self.0.agent else { return Ok(None) };
        let run = open_directory(&folder.run())?;
        match std::fs::remove_file(folder.run().join(SOCKET)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(beneath(&run, SOCKET))?;
        let mut command = tokio::process::Command::new(agent);
        command
            .arg("--session")
            .arg(spec.session.to_string())
            .arg("--install")
            .arg(self.0.install.to_string())
            .arg("--workspace")
            .arg(folder.workspace())
            .arg("--home")
            .arg(folder.home());
        for (name, value) in &spec.variables {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command
            .env_clear()
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map(Some)
    }

    async fn end(&self, session: SessionId) {
        let asked = match AgentClient::new(&self.folder(session).run(), SOCKET, session, None) {
            Ok(client) if self.has_agent() && self.is_alive(session) => client.shutdown().await.is_ok(),
            _ => false,
        };
        let child = lock(&self.0.alive).remove(&session).flatten();
        if let Some(mut child) = child {
            if !asked {
                // Dead already is as good.
                let _ = child.start_kill();
            }
            let _ = child.wait().await;
        }
    }
}

#[async_trait]
impl Driver for FakeDriver {
    fn kind(&self) -> DriverKind {
        DriverKind::Fake
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees::default().with(Guarantee::DiskSampled, "the test's word")
    }

    async fn examine(&self) -> Vec<Finding> {
        vec![Finding {
            what: "fake".to_owned(),
            works: true,
            why: "A driver for tests, without walls.".to_owned(),
            fix: None,
        }]
    }

    async fn prepare(&self, session: SessionId) -> Result<SessionFolder> {
        let after = self.enter(Operation::Prepare, Some(session)).await?;
        let folder = self.made(session)?;
        after.map_or(Ok(folder), Err)
    }

    async fn create(&self, spec: &SandboxSpec, steps: &dyn StepLog) -> Result<()> {
        let after = self.enter(Operation::Create, Some(spec.session)).await?;
        if !self.is_alive(spec.session) {
            let folder = self.made(spec.session)?;
            steps.line("Starting the sandbox (fake)");
            let child = self
                .start(spec, &folder)
                .map_err(SandboxError::at("cannot start in", folder.root()))?;
            lock(&self.0.alive).insert(spec.session, child);
        }
        after.map_or(Ok(()), Err)
    }

    async fn connect(&self, session: SessionId) -> Result<Sandbox> {
        let after = self.enter(Operation::Connect, Some(session)).await?;
        if !self.is_alive(session) {
            return Err(SandboxError::NotRunning);
        }
        if let Some(error) = after {
            return Err(error);
        }
        let folder = self.folder(session);
        let agent = AgentClient::new(&folder.run(), SOCKET, session, None)?;
        if self.has_agent() {
            agent.health().await?;
        }
        Ok(Sandbox {
            session,
            agent,
            workspace: Workspace::open(&folder.workspace(), None)?,
            folder,
            ports: (1, u16::MAX),
        })
    }

    async fn workspace(&self, session: SessionId) -> Result<Workspace> {
        let after = self.enter(Operation::Workspace, Some(session)).await?;
        let workspace = Workspace::open(&self.folder(session).workspace(), None)?;
        after.map_or(Ok(workspace), Err)
    }

    async fn state(&self, session: SessionId) -> Result<SandboxState> {
        let after = self.enter(Operation::State, Some(session)).await?;
        if let Some(error) = after {
            return Err(error);
        }
        Ok(if self.is_alive(session) {
            SandboxState::Running
        } else if self.folder(session).workspace().is_dir() {
            SandboxState::Stopped
        } else {
            SandboxState::Absent
        })
    }

    async fn sample(&self, session: SessionId) -> Result<Usage> {
        let after = self.enter(Operation::Sample, Some(session)).await?;
        let scripted = lock(&self.0.usage).get(&session).copied();
        let folder = self.folder(session);
        let usage = scripted.unwrap_or_else(|| Usage {
            disk: super::process::disk_used(&[&folder.workspace(), &folder.home()]),
            ..Usage::default()
        });
        after.map_or(Ok(usage), Err)
    }

    async fn stop(&self, session: SessionId) -> Result<()> {
        let after = self.enter(Operation::Stop, Some(session)).await?;
        self.end(session).await;
        after.map_or(Ok(()), Err)
    }

    async fn destroy(&self, session: SessionId) -> Result<()> {
        let after = self.enter(Operation::Destroy, Some(session)).await?;
        self.end(session).await;
        let folder = self.folder(session);
        remove_tree(folder.root())
            .await
            .map_err(SandboxError::at("cannot remove", folder.root()))?;
        after.map_or(Ok(()), Err)
    }

    async fn owned(&self) -> Result<Vec<Owned>> {
        let after = self.enter(Operation::Owned, None).await?;
        let mut sessions: BTreeSet<SessionId> = std::fs::read_dir(self.0.state.join("sessions"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        sessions.extend(lock(&self.0.alive).keys());
        let owned = sessions
            .into_iter()
            .map(|session| Owned {
                session,
                running: self.is_alive(session),
                files: self.folder(session).root().is_dir(),
            })
            .collect();
        after.map_or(Ok(owned), Err)
    }

    fn runner(&self) -> Runner {
        Runner::new(Arc::new(self.clone()))
    }
}

impl Once for FakeDriver {
    /// The command itself, with the places as variables, as in a sandbox without namespaces.
    fn launch(&self, spec: &RunSpec) -> Result<Launch> {
        lock(&self.0.calls).push((Operation::Run, Some(spec.session)));
        if let Some(Failure::Fails(why) | Failure::FailsAfter(why)) = lock(&self.0.script)
            .get_mut(&Operation::Run)
            .and_then(VecDeque::pop_front)
        {
            return Err(SandboxError::Start(why));
        }
        let directory = spec
            .binds
            .iter()
            .find(|bind| bind.place == spec.directory)
            .ok_or_else(|| SandboxError::Start(format!("{} is not bound", spec.directory.path())))?;
        let mut path = String::from("/usr/local/bin:/usr/bin:/bin");
        if let Some(environment) = &spec.environment {
            path = format!("{}/bin:{path}", environment.root.display());
        }
        let mut line: Vec<OsString> = vec![
            "/usr/bin/env".into(),
            "-i".into(),
            "-C".into(),
            directory.host.clone().into(),
        ];
        line.push(format!("PATH={path}").into());
        for bind in &spec.binds {
            line.push(format!("{}={}", bind.place.variable(), bind.host.display()).into());
        }
        line.extend(
            spec.variables
                .iter()
                .map(|(name, value)| OsString::from(format!("{name}={value}"))),
        );
        line.extend(
            spec.argv
                .iter()
                .map(|word| spec.rewritten(word, |bind| bind.host.clone())),
        );
        Ok(Launch {
            line,
            over: Box::new(()),
        })
    }
}
