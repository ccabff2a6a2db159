//! What a person does inside a session: terminals, files, servers, hints.

use std::collections::BTreeSet;
use std::sync::Arc;

use halfway_agent::protocol::{CreateTerminal, Port, Process, Terminal, TerminalSize};

use super::error::LabError;
use super::labs::{Engine, Labs, lock};
use super::view::{FileReset, HintsView};
use crate::base::{PersonId, SessionId};
use crate::model::{LabSession, SessionState, TaskId};
use crate::sandbox::{AgentStream, Expect, FileHash, Sandbox, SandboxError, TerminalStream, Workspace, WorkspaceError};
use crate::store::HintTaken;

/// Largest file that can be put back to how the lab gave it, in bytes.
const LARGEST_RESET: u64 = 16 << 20;

/// Longest name of a terminal, in characters.
const LONGEST_NAME: usize = 40;

impl Labs {
    /// All terminals, ended ones included, in order of creation.
    ///
    /// # Errors
    /// [`LabError::State`] where the session is not ready.
    pub async fn terminals(&self, person: PersonId, session: SessionId) -> Result<Vec<Terminal>, LabError> {
        let sandbox = self.sandbox(person, session).await?;
        self.0.heed(session, sandbox.agent.list_terminals().await)
    }

    /// Starts a terminal; without a name it is called by the lowest number that is free.
    ///
    /// # Errors
    /// [`LabError::Invalid`] for a name or size that cannot be, [`LabError::Sandbox`] where there are too many.
    pub async fn create_terminal(
        &self,
        person: PersonId,
        session: SessionId,
        name: Option<String>,
        size: TerminalSize,
    ) -> Result<Terminal, LabError> {
        let sandbox = self.sandbox(person, session).await?;
        let (cols, rows) = (size.cols.clamp(1, 2000), size.rows.clamp(1, 2000));
        let name = match name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) {
            Some(name) if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) => {
                return Err(LabError::Invalid(format!(
                    "A terminal's name has at most {LONGEST_NAME} characters, and no control characters."
                )));
            }
            Some(name) => name,
            None => {
                let taken: BTreeSet<String> = self
                    .0
                    .heed(session, sandbox.agent.list_terminals().await)?
                    .into_iter()
                    .map(|terminal| terminal.name)
                    .collect();
                (1..=1000)
                    .map(|number| format!("Terminal {number}"))
                    .find(|name| !taken.contains(name))
                    .unwrap_or_default()
            }
        };
        let wanted = CreateTerminal {
            name: Some(name),
            cols,
            rows,
            ..CreateTerminal::default()
        };
        self.0.heed(session, sandbox.agent.create_terminal(&wanted).await)
    }

    /// Ends a terminal's programs and takes it off the list.
    ///
    /// # Errors
    /// [`LabError::Sandbox`] where there is none of that id.
    pub async fn delete_terminal(&self, person: PersonId, session: SessionId, id: &str) -> Result<(), LabError> {
        let sandbox = self.sandbox(person, session).await?;
        self.0.heed(session, sandbox.agent.delete_terminal(id).await)
    }

    /// Attaches to a terminal; its output starts after the byte with sequence number `after`. Whoever passes on input
    /// calls [`Labs::touch`] now and then.
    ///
    /// # Errors
    /// [`LabError::Sandbox`] where there is none of that id.
    pub async fn attach_terminal(
        &self,
        person: PersonId,
        session: SessionId,
        id: &str,
        after: Option<u64>,
    ) -> Result<TerminalStream, LabError> {
        let sandbox = self.sandbox(person, session).await?;
        self.0.heed(session, sandbox.agent.terminal_stream(id, after).await)
    }

    /// The same as a WebSocket's raw bytes after the handshake: for whoever passes the frames on as they are.
    ///
    /// # Errors
    /// [`LabError::Sandbox`] where there is none of that id.
    pub async fn tunnel_terminal(
        &self,
        person: PersonId,
        session: SessionId,
        id: &str,
        after: Option<u64>,
    ) -> Result<AgentStream, LabError> {
        let sandbox = self.sandbox(person, session).await?;
        self.0.heed(session, sandbox.agent.terminal_tunnel(id, after).await)
    }

    /// Connects to a TCP port on the sandbox's loopback.
    ///
    /// # Errors
    /// [`LabError::Sandbox`] where nobody listens there.
    pub async fn dial(&self, person: PersonId, session: SessionId, port: u16) -> Result<AgentStream, LabError> {
        let sandbox = self.sandbox(person, session).await?;
        self.0.heed(session, sandbox.agent.dial_port(port).await)
    }

    /// Every listening TCP socket in the sandbox.
    ///
    /// # Errors
    /// [`LabError::State`] where the session is not ready.
    pub async fn ports(&self, person: PersonId, session: SessionId) -> Result<Vec<Port>, LabError> {
        let sandbox = self.sandbox(person, session).await?;
        self.0.heed(session, sandbox.agent.ports().await)
    }

    /// Every process in the sandbox but the agent.
    ///
    /// # Errors
    /// [`LabError::State`] where the session is not ready.
    pub async fn processes(&self, person: PersonId, session: SessionId) -> Result<Vec<Process>, LabError> {
        let sandbox = self.sandbox(person, session).await?;
        self.0.heed(session, sandbox.agent.processes().await)
    }

    /// The sandbox of a session that is ready.
    ///
    /// # Errors
    /// [`LabError::State`] where it is not.
    pub async fn sandbox(&self, person: PersonId, session: SessionId) -> Result<Sandbox, LabError> {
        let row = self.0.own(person, session).await?;
        self.0.sandbox_of(&row).await
    }

    /// The files of a session that is ready or paused. They are hostile: look only through this.
    ///
    /// # Errors
    /// [`LabError::State`] where there are none.
    pub async fn workspace(&self, person: PersonId, session: SessionId) -> Result<Workspace, LabError> {
        let row = self.0.own(person, session).await?;
        match row.state {
            SessionState::Ready | SessionState::Paused => {}
            _ => {
                return Err(LabError::State(
                    "There are no files to see: the session is neither ready nor paused.".to_owned(),
                ));
            }
        }
        let live = self.0.live(session);
        live.touch(self.0.now());
        match live.sandbox() {
            Some(sandbox) => Ok(sandbox.workspace),
            None => Ok(self.0.driver.workspace(session).await?),
        }
    }

    /// Somebody is at work in the session: terminal input and service tabs count.
    pub fn touch(&self, session: SessionId) {
        if let Some(live) = self.0.live_if_any(session) {
            live.touch(self.0.now());
        }
    }

    /// Paths of the workspace that an open editor or file list shows: their changes are told as `files` events, until
    /// others are named.
    ///
    /// # Errors
    /// [`LabError::Invalid`] for more than 200 paths.
    pub async fn watch_files(&self, person: PersonId, session: SessionId, paths: Vec<String>) -> Result<(), LabError> {
        self.0.own(person, session).await?;
        if paths.len() > 200 {
            return Err(LabError::Invalid("At most 200 paths can be watched.".to_owned()));
        }
        let live = self.0.live(session);
        *lock(&live.shown) = paths.into_iter().collect();
        if let Some(grader) = live.grader() {
            grader.nudge();
        }
        Ok(())
    }

    /// A file beside how the lab gave it.
    ///
    /// # Errors
    /// [`LabError::NotFound`] where the lab gave no such file.
    pub async fn file_difference(
        &self,
        person: PersonId,
        session: SessionId,
        path: &str,
    ) -> Result<FileReset, LabError> {
        let (given, now, _) = self.given(person, session, path).await?;
        Ok(difference(
            path,
            &given.bytes,
            now.as_ref().map(|(bytes, _)| bytes.as_slice()),
        ))
    }

    /// Puts one file back to how the lab gave it. With `expected`, only if that is what is there now.
    ///
    /// # Errors
    /// [`LabError::NotFound`] where the lab gave no such file; a conflict where it holds something else than expected.
    pub async fn reset_file(
        &self,
        person: PersonId,
        session: SessionId,
        path: &str,
        expected: Option<FileHash>,
    ) -> Result<FileReset, LabError> {
        let (given, now, workspace) = self.given(person, session, path).await?;
        if let Some((folder, _)) = path.rsplit_once('/') {
            workspace.create_dir(folder, true).await?;
        }
        let expect = expected.map_or(Expect::Anything, Expect::Hash);
        workspace.write(path, given.bytes.clone(), expect).await?;
        workspace.set_mode(path, given.mode & 0o777).await?;
        tracing::info!(%session, path, "a file was put back to how the lab gave it");
        Ok(difference(
            path,
            &given.bytes,
            now.as_ref().map(|(bytes, _)| bytes.as_slice()),
        ))
    }

    async fn given(
        &self,
        person: PersonId,
        session: SessionId,
        path: &str,
    ) -> Result<(crate::sandbox::Content, Option<(Vec<u8>, FileHash)>, Workspace), LabError> {
        let workspace = self.workspace(person, session).await?;
        let given = Workspace::open(&self.0.given_folder(session), None)?
            .read(path, LARGEST_RESET)
            .await
            .map_err(|error| match error {
                WorkspaceError::NotFound { .. } => LabError::NotFound("file in the lab as it was given"),
                other => other.into(),
            })?;
        let now = workspace.read(path, LARGEST_RESET).await.ok();
        Ok((given, now.map(|content| (content.bytes, content.hash)), workspace))
    }

    /// Shows one more hint of a task, and writes down that it was taken. `seen` is how many the page showed: a second
    /// press of the same button shows no further one.
    ///
    /// # Errors
    /// [`LabError::NotFound`] where there is no such task.
    pub async fn hint(
        &self,
        person: PersonId,
        session: SessionId,
        task: &TaskId,
        seen: Option<usize>,
    ) -> Result<HintsView, LabError> {
        let engine = &self.0;
        let row = engine.own(person, session).await?;
        let lab = engine.lab_of(&row).ok_or(LabError::NotFound("task"))?;
        let hints = &lab.task(task).ok_or(LabError::NotFound("task"))?.hints;
        let taken = engine.store.hints(session).await?;
        let mut count = taken.iter().filter(|hint| &hint.task == task).count();
        if count < hints.len() && seen.is_none_or(|seen| seen == count) && row.state.is_live() {
            engine
                .store
                .take_hint(
                    session,
                    &HintTaken {
                        task: task.clone(),
                        number: u32::try_from(count).unwrap_or(u32::MAX),
                        at: engine.now(),
                    },
                )
                .await?;
            count += 1;
        }
        Ok(HintsView {
            shown: hints.iter().take(count).cloned().collect(),
            total: hints.len(),
        })
    }
}

impl Engine {
    /// The sandbox of a session that is ready.
    pub async fn sandbox_of(self: &Arc<Self>, row: &LabSession) -> Result<Sandbox, LabError> {
        if row.state != SessionState::Ready {
            return Err(LabError::State(format!(
                "The session is {}: that works once it is ready.",
                row.state.word()
            )));
        }
        let live = self.live(row.id);
        live.touch(self.now());
        if let Some(sandbox) = live.sandbox() {
            return Ok(sandbox);
        }
        // Not stored: whoever drives the session does that, and with it everything that follows from it.
        self.heed(row.id, self.driver.connect(row.id).await)
    }

    /// Passes an answer of the sandbox on; where it is gone, the session is looked at at once.
    fn heed<T>(self: &Arc<Self>, session: SessionId, answer: Result<T, SandboxError>) -> Result<T, LabError> {
        if let Err(SandboxError::NotRunning | SandboxError::AgentUnreachable(_) | SandboxError::AgentVersion { .. }) =
            &answer
        {
            self.drive_soon(session);
        }
        Ok(answer?)
    }
}

fn difference(path: &str, given: &[u8], now: Option<&[u8]>) -> FileReset {
    FileReset {
        path: path.to_owned(),
        old: now.and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::to_owned),
        new: String::from_utf8_lossy(given).into_owned(),
    }
}
