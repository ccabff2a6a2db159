//! Sandboxes that are processes of this machine, walled in by bubblewrap or, where that is missing or blocked, by
//! Landlock.
//!
//! A sandbox is its agent: it outlives the server, is known by boot, pid and start time, and is signalled by descriptor.
//! Never shows a sandbox anything of the machine but its system programs, its own folder and its Python environment.

mod cgroup;
mod config;
mod disk;
mod examine;
mod find;
mod host;
mod launch;
mod once;
mod proc;
mod record;
mod share;
mod walls;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::{Gid, Uid};

pub use config::{FormChoice, ProcessConfig};
pub(crate) use disk::used as disk_used;
pub(crate) use host::program;

use super::agent_binary;
use super::agent_client::AgentClient;
use super::driver::{Driver, DriverKind, Finding, Owned, Sandbox, SandboxSpec, SandboxState, StepLog, Usage};
use super::egress::{EgressConfig, Egresses};
use super::error::SandboxError;
use super::folder::SessionFolder;
use super::guarantees::Guarantees;
use super::runner::Runner;
use super::workspace::{Workspace, remove_tree};
use crate::base::{InstallId, Random, SessionId};
use cgroup::{Cgroups, Group};
use record::{Record, Share};
use walls::Form;

type Result<T> = std::result::Result<T, SandboxError>;

/// The name of the agent's socket in a session's `run` directory.
const SOCKET: &str = "agent.sock";
/// How long an agent may take to end everything by itself.
const GRACE: Duration = Duration::from_secs(3);
/// How long the kernel may take to end what was killed.
const KILLED: Duration = Duration::from_secs(5);

/// The process driver; cheap to clone.
#[derive(Clone)]
pub struct ProcessDriver(Arc<Inner>);

struct Inner {
    state: PathBuf,
    install: InstallId,
    config: ProcessConfig,
    /// The agent in the state directory, or why there is none.
    agent: std::result::Result<PathBuf, String>,
    form: Form,
    root: bool,
    cgroups: Cgroups,
    guarantees: Guarantees,
    egresses: Egresses,
    random: Random,
    /// One operation a session at a time.
    turns: Mutex<HashMap<SessionId, Arc<tokio::sync::Mutex<()>>>>,
    /// Shares are given out one at a time.
    sharing: Mutex<()>,
}

impl ProcessDriver {
    /// Tries what this machine allows and takes the strongest form that configuration permits. A missing agent is no
    /// error here: `doctor` and pages can still tell.
    ///
    /// # Errors
    /// When the form that configuration demands does not work, with what would make it work.
    pub async fn open(
        state: &Path,
        install: InstallId,
        config: ProcessConfig,
        egress: EgressConfig,
        random: Random,
    ) -> Result<Self> {
        std::fs::create_dir_all(state.join("sessions")).map_err(SandboxError::at("cannot make", state))?;
        let state = state.canonicalize().map_err(SandboxError::at("cannot find", state))?;
        let agent = agent_binary::install(&state, config.agent.as_deref()).map_err(|error| match error {
            SandboxError::AgentMissing(why) => why,
            other => other.to_string(),
        });
        let root = host::is_root();
        let cgroups = Cgroups::detect(&install.to_string());
        let form = examine::choose(&state, install, &config, agent.as_ref().ok()).await?;
        let guarantees = examine::guarantees(&form, &cgroups, root);
        Ok(Self(Arc::new(Inner {
            egresses: Egresses::new(egress),
            state,
            install,
            config,
            agent,
            form,
            root,
            cgroups,
            guarantees,
            random,
            turns: Mutex::default(),
            sharing: Mutex::default(),
        })))
    }

    /// `bubblewrap` or `landlock`.
    #[must_use]
    pub fn form(&self) -> &'static str {
        self.0.form.word()
    }
}

impl Inner {
    fn folder(&self, session: SessionId) -> SessionFolder {
        SessionFolder::new(&self.state, session)
    }

    fn agent(&self) -> Result<&Path> {
        self.agent
            .as_deref()
            .map_err(|why| SandboxError::AgentMissing(why.clone()))
    }

    fn group(&self, session: SessionId) -> Group {
        self.cgroups.group(&session.to_string())
    }

    async fn turn(&self, session: SessionId) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(session).or_default())
        };
        turn.lock_owned().await
    }

    /// Folder and share, made if need be.
    fn prepared(&self, session: SessionId) -> Result<(SessionFolder, Share)> {
        let folder = self.folder(session);
        let make = |owner| {
            folder
                .make(owner)
                .map_err(SandboxError::at("cannot make", folder.root()))
        };
        // One that was given out to a server of another user would run the sandbox as root.
        let given = Share::load(&folder).filter(|share| share.user.is_some() == self.root);
        let share = if let Some(share) = given {
            share
        } else {
            make(None)?;
            let _one = self.sharing.lock().unwrap_or_else(PoisonError::into_inner);
            let share = share::allot(&self.state, self.install, &self.config, self.root)?;
            share
                .save(&folder)
                .map_err(SandboxError::at("cannot write in", folder.root()))?;
            share
        };
        make(owner(share))?;
        walls::write_etc(&folder.run().join("etc"), share.user)
            .map_err(SandboxError::at("cannot write in", folder.root()))?;
        Ok((folder, share))
    }

    fn client(&self, session: SessionId) -> Result<AgentClient> {
        let folder = self.folder(session);
        AgentClient::new(&folder.run(), SOCKET, session, launch::token(&folder))
    }

    /// Ends everything that runs in the session.
    async fn end(&self, session: SessionId) -> Result<()> {
        let folder = self.folder(session);
        self.egresses.close(session);
        let found = find::agent(self, session);
        let above = found.and_then(|agent| find::above(agent, session));
        if let Some(agent) = found.and_then(proc::open) {
            if let Ok(client) = self.client(session) {
                // It may be frozen, or of another version: the signals below do not ask.
                let _ = tokio::time::timeout(GRACE, client.shutdown()).await;
            }
            let watched = agent
                .try_clone()
                .map_err(|error| SandboxError::io("cannot watch the agent", error))?;
            if !proc::ended(watched, GRACE).await {
                proc::signal(&agent, rustix::process::Signal::KILL)
                    .map_err(|error| SandboxError::io("cannot end the agent", error))?;
                if !proc::ended(agent, KILLED).await {
                    return Err(SandboxError::io(
                        "the agent does not end",
                        std::io::ErrorKind::TimedOut.into(),
                    ));
                }
            }
        }
        if let Some(above) = above {
            // bubblewrap's own process ends by itself when what it started has ended.
            let watched = above
                .try_clone()
                .map_err(|error| SandboxError::io("cannot watch the sandbox", error))?;
            if !proc::ended(watched, GRACE).await {
                proc::signal(&above, rustix::process::Signal::KILL)
                    .map_err(|error| SandboxError::io("cannot end the sandbox", error))?;
            }
        }
        let group = self.group(session);
        // Of one-shots whose server died before it could tidy up.
        let once: Vec<Group> = self
            .cgroups
            .names()
            .iter()
            .filter(|name| name.starts_with(&format!("{session}-run-")))
            .map(|name| self.cgroups.group(name))
            .collect();
        let share = Share::load(&folder);
        let landlock = matches!(self.form, Form::Landlock { .. });
        tokio::task::spawn_blocking(move || {
            group.kill();
            for left in &once {
                left.kill();
                left.remove();
            }
            if landlock {
                find::end_strays(session, share.and_then(|share| share.user));
            }
            for _ in 0..50 {
                if group.remove() {
                    break;
                }
                // The kernel takes a moment to let go of a process that was killed.
                std::thread::sleep(Duration::from_millis(2));
            }
        })
        .await
        .map_err(|error| SandboxError::io("cannot end the session's processes", std::io::Error::other(error)))?;
        if folder.run().exists() {
            Record::forget(&folder).map_err(SandboxError::at("cannot write in", folder.root()))?;
            launch::forget_socket(&folder).map_err(SandboxError::at("cannot write in", folder.root()))?;
        }
        Ok(())
    }
}

/// The owner of a session's files, where the server is root.
fn owner(share: Share) -> Option<(Uid, Gid)> {
    share.user.map(|user| (Uid::from_raw(user), Gid::from_raw(user)))
}

#[async_trait]
impl Driver for ProcessDriver {
    fn kind(&self) -> DriverKind {
        DriverKind::Process
    }

    fn guarantees(&self) -> Guarantees {
        self.0.guarantees.clone()
    }

    async fn examine(&self) -> Vec<Finding> {
        examine::findings(&self.0).await
    }

    async fn prepare(&self, session: SessionId) -> Result<SessionFolder> {
        let _turn = self.0.turn(session).await;
        self.0.prepared(session).map(|(folder, _)| folder)
    }

    async fn create(&self, spec: &SandboxSpec, steps: &dyn StepLog) -> Result<()> {
        let _turn = self.0.turn(spec.session).await;
        let inner = &self.0;
        if let Some(record) = find::alive(inner, spec.session)? {
            let answers = tokio::time::timeout(launch::PATIENCE, inner.client(spec.session)?.health()).await;
            // One of another version is for the session's owner to restart, and one that does not answer is dying.
            if matches!(answers, Ok(Ok(_) | Err(SandboxError::AgentVersion { .. }))) {
                let folder = inner.folder(spec.session);
                return inner.egresses.open(spec.session, &folder, record.egress);
            }
        }
        // What a learner's programs left behind when the agent was killed.
        inner.end(spec.session).await?;
        let (folder, share) = inner.prepared(spec.session)?;
        inner.egresses.open(spec.session, &folder, spec.egress)?;
        let started = launch::start(inner, spec, &folder, share, steps).await;
        if started.is_err() {
            inner.end(spec.session).await?;
        }
        started
    }

    async fn connect(&self, session: SessionId) -> Result<Sandbox> {
        let inner = &self.0;
        let record = find::alive(inner, session)?.ok_or(SandboxError::NotRunning)?;
        let folder = inner.folder(session);
        inner.egresses.open(session, &folder, record.egress)?;
        let agent = inner.client(session)?;
        agent.health().await?;
        let share = Share::load(&folder).ok_or(SandboxError::NotRunning)?;
        Ok(Sandbox {
            session,
            agent,
            workspace: Workspace::open(&folder.workspace(), owner(share))?,
            ports: match inner.form {
                Form::Bubblewrap(_) => (1, u16::MAX),
                Form::Landlock { .. } => (share.ports.0, share.ports.1.saturating_sub(1)),
            },
            folder,
        })
    }

    async fn workspace(&self, session: SessionId) -> Result<Workspace> {
        let folder = self.0.folder(session);
        let owner = Share::load(&folder).and_then(owner);
        Ok(Workspace::open(&folder.workspace(), owner)?)
    }

    async fn state(&self, session: SessionId) -> Result<SandboxState> {
        if find::alive(&self.0, session)?.is_some() {
            return Ok(SandboxState::Running);
        }
        let folder = self.0.folder(session);
        if matches!(Record::load(&folder), Ok(Some(_))) {
            tracing::warn!(%session, said = launch::last_words(&folder), "a session's agent has ended by itself, or was killed");
        }
        let workspace = proc::found(std::fs::metadata(folder.workspace()))
            .map_err(SandboxError::at("cannot look at", folder.root()))?;
        Ok(if workspace.is_some_and(|there| there.is_dir()) {
            SandboxState::Stopped
        } else {
            SandboxState::Absent
        })
    }

    async fn sample(&self, session: SessionId) -> Result<Usage> {
        let inner = Arc::clone(&self.0);
        let measured = tokio::task::spawn_blocking(move || {
            let folder = inner.folder(session);
            let mut usage = Usage {
                disk: disk::used(&[&folder.workspace(), &folder.home()]),
                ..Usage::default()
            };
            if let Some(agent) = find::agent(&inner, session) {
                let family = proc::family(agent.pid);
                let pages: u64 = family.iter().map(|(_, stat)| stat.resident_pages).sum();
                usage.processes = u32::try_from(family.len()).unwrap_or(u32::MAX);
                usage.memory = pages.saturating_mul(rustix::param::page_size() as u64);
                inner.group(session).usage(&mut usage);
            }
            usage
        });
        measured
            .await
            .map_err(|error| SandboxError::io("cannot measure", std::io::Error::other(error)))
    }

    async fn stop(&self, session: SessionId) -> Result<()> {
        let _turn = self.0.turn(session).await;
        self.0.end(session).await
    }

    async fn destroy(&self, session: SessionId) -> Result<()> {
        let _turn = self.0.turn(session).await;
        self.0.end(session).await?;
        let folder = self.0.folder(session);
        remove_tree(folder.root())
            .await
            .map_err(SandboxError::at("cannot remove", folder.root()))
    }

    async fn owned(&self) -> Result<Vec<Owned>> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || find::owned(&inner))
            .await
            .map_err(|error| SandboxError::io("cannot look for sandboxes", std::io::Error::other(error)))
    }

    fn runner(&self) -> Runner {
        Runner::new(Arc::new(once::ProcessOnce(Arc::clone(&self.0))))
    }
}
