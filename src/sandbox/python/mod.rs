//! Python environments by content: `envs/<hash>`, built once from hash-locked requirements, shared read-only.
//!
//! Never changes an environment that is built: another lock, or another Python, is another environment. One that was
//! interrupted while it was built has no marker, and is built again.

mod host;
mod uv;

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::OnceCell;

use super::driver::StepLog;
use super::error::SandboxError;
use super::workspace::remove_tree;
use host::HostPython;

/// Written last, before the environment gets its name.
const MARKER: &str = ".halfway-complete";
/// How long a build may take.
const PATIENCE: Duration = Duration::from_mins(30);

type Result<T> = std::result::Result<T, SandboxError>;

/// A built environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonEnvironment {
    /// `<state>/envs/<hash>`; `bin/python` is in it.
    pub root: PathBuf,
    /// `sys.base_prefix` of the Python that it was built with.
    pub base: PathBuf,
}

/// Builds environments and finds those that are built; cheap to clone.
#[derive(Clone, Debug)]
pub struct PythonEnvironments(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: PathBuf,
    python: OnceCell<HostPython>,
    /// One build of an environment at a time.
    turns: Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>,
}

impl PythonEnvironments {
    /// For a state directory.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self(Arc::new(Inner {
            state: std::path::absolute(state).unwrap_or_else(|_| state.to_owned()),
            python: OnceCell::new(),
            turns: Mutex::default(),
        }))
    }

    /// The environment for these requirements if it is built already.
    ///
    /// # Errors
    /// When there is no fitting Python on this machine.
    pub async fn find(&self, requirements: &[u8]) -> Result<Option<PythonEnvironment>> {
        let environment = self.place(requirements).await?;
        Ok(environment.root.join(MARKER).is_file().then_some(environment))
    }

    /// The environment for these requirements, built if need be; two callers at once build it once.
    ///
    /// # Errors
    /// [`SandboxError::Environment`] with what to do.
    pub async fn ensure(&self, requirements: &[u8], steps: &dyn StepLog) -> Result<PythonEnvironment> {
        let environment = self.place(requirements).await?;
        let turn = {
            let mut turns = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(environment.root.clone()).or_default())
        };
        let _turn = turn.lock().await;
        if environment.root.join(MARKER).is_file() {
            return Ok(environment);
        }
        let held = self.hold(&environment, steps).await?;
        if environment.root.join(MARKER).is_file() {
            return Ok(environment);
        }
        match tokio::time::timeout(PATIENCE, self.build(&environment, requirements, &held, steps)).await {
            Ok(built) => built.map(|()| environment),
            Err(_) => Err(SandboxError::Environment {
                message: "it took more than half an hour".to_owned(),
                fix: None,
            }),
        }
    }

    /// The environment's lock, `envs/<hash>.lock`: another process may be building it. What a build starts holds the
    /// lock as well, so that a builder that is killed keeps the next one away until the last of it has ended.
    async fn hold(&self, environment: &PythonEnvironment, steps: &dyn StepLog) -> Result<File> {
        let path = environment.root.with_extension("lock");
        let failed = || SandboxError::at("cannot lock", &path);
        if let Some(above) = path.parent() {
            std::fs::create_dir_all(above).map_err(failed())?;
        }
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed())?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        steps.line("Another process is building this environment: waiting for it");
        // Where nobody waits any more, the lock goes with the file as soon as it is had.
        tokio::task::spawn_blocking(move || file.lock().map(|()| file))
            .await
            .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
            .map_err(failed())
    }

    async fn python(&self) -> Result<&HostPython> {
        self.0.python.get_or_try_init(host::find).await
    }

    /// Where the environment is, or will be.
    async fn place(&self, requirements: &[u8]) -> Result<PythonEnvironment> {
        use std::fmt::Write;
        let python = self.python().await?;
        let mut hasher = Sha256::new();
        // What an environment depends on: its lock, and the interpreter, by version and place.
        for part in [
            requirements,
            python.tag.as_bytes(),
            python.version.as_bytes(),
            python.base.as_os_str().as_encoded_bytes(),
        ] {
            hasher.update(part.len().to_le_bytes());
            hasher.update(part);
        }
        let mut name = String::new();
        for byte in &hasher.finalize()[..12] {
            // Writing to a string does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        Ok(PythonEnvironment {
            root: self.0.state.join("envs").join(name),
            base: python.base.clone(),
        })
    }

    async fn build(
        &self,
        environment: &PythonEnvironment,
        requirements: &[u8],
        held: &File,
        steps: &dyn StepLog,
    ) -> Result<()> {
        let python = self.python().await?;
        let above = self.0.state.join("envs");
        let make = |path: &Path| std::fs::create_dir_all(path);
        make(&above).map_err(SandboxError::at("cannot make", &above))?;
        let uv = uv::find(&self.0.state, python, steps).await?;

        let half = environment.root.with_extension("building");
        // Left by a build that was interrupted.
        for left in [&half, &environment.root] {
            remove_tree(left)
                .await
                .map_err(SandboxError::at("cannot remove", left))?;
        }
        let lock = above.join(format!(
            "{}.txt",
            environment.root.file_name().unwrap_or_default().to_string_lossy()
        ));
        std::fs::write(&lock, requirements).map_err(SandboxError::at("cannot write", &lock))?;
        steps.line(&format!("Making a Python {} environment", python.version));
        let outcome = self.install(&uv, python, &half, &lock, held, steps).await;
        // Only for uv, and kept by nobody.
        let _ = std::fs::remove_file(&lock);
        outcome?;
        let finish = || {
            std::fs::write(half.join(MARKER), &python.version)?;
            std::fs::rename(&half, &environment.root)
        };
        finish().map_err(SandboxError::at("cannot finish", &environment.root))?;
        steps.line("The environment is ready");
        Ok(())
    }

    async fn install(
        &self,
        uv: &Path,
        python: &HostPython,
        half: &Path,
        lock: &Path,
        held: &File,
        steps: &dyn StepLog,
    ) -> Result<()> {
        let cache = self.0.state.join("cache/uv");
        // An empty file to read, that carries the lock.
        let input = || {
            held.try_clone()
                .map(Stdio::from)
                .map_err(SandboxError::at("cannot lock", half))
        };
        let command = || {
            let mut command = tokio::process::Command::new(uv);
            command
                .env("UV_CACHE_DIR", &cache)
                .env("UV_PYTHON_DOWNLOADS", "never")
                .env("UV_SYSTEM_CERTS", "true")
                .env_remove("VIRTUAL_ENV")
                .current_dir("/");
            // uv does not read what pip is told.
            if let (Err(_), Ok(index)) = (std::env::var("UV_DEFAULT_INDEX"), std::env::var("PIP_INDEX_URL")) {
                command.env("UV_DEFAULT_INDEX", index);
            }
            command
        };
        let mut make = command();
        make.args(["venv", "--quiet", "--no-project", "--relocatable", "--python"])
            .arg(&python.executable)
            .arg(half);
        say(make, input()?, "making the environment", steps).await?;
        let mut install = command();
        install
            .args([
                "pip",
                "install",
                "--require-hashes",
                "--no-build",
                "--compile-bytecode",
                "--python",
            ])
            .arg(half.join("bin/python"))
            .arg("--requirement")
            .arg(lock);
        say(install, input()?, "installing its packages", steps).await
    }
}

/// Runs a command, passes its lines on, and fails with the last of them.
async fn say(mut command: tokio::process::Command, input: Stdio, doing: &str, steps: &dyn StepLog) -> Result<()> {
    let failed = |why: String| SandboxError::Environment {
        message: format!("{doing}: {why}"),
        fix: None,
    };
    let mut child = command
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let (last, other) = tokio::join!(pass(child.stderr.take(), steps), pass(child.stdout.take(), steps));
    let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    let last = last.or(other).unwrap_or_else(|| "it says nothing".to_owned());
    if last.contains("No space left") {
        return Err(SandboxError::DiskFull(doing.to_owned()));
    }
    Err(failed(last))
}

/// The last line that says something.
async fn pass(stream: Option<impl AsyncRead + Unpin>, steps: &dyn StepLog) -> Option<String> {
    let mut lines = BufReader::new(stream?).lines();
    let mut last = None;
    while let Ok(Some(line)) = lines.next_line().await {
        let line = line.trim_end();
        if !line.is_empty() {
            steps.line(line);
            last = Some(line.to_owned());
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::driver::NoLog;

    fn on(state: &Path) -> PythonEnvironments {
        let environments = PythonEnvironments::new(state);
        let python = HostPython {
            executable: "/nowhere/python3".into(),
            base: "/nowhere".into(),
            version: "3.11.2".to_owned(),
            tag: "test".to_owned(),
        };
        environments.0.python.set(python).unwrap();
        environments
    }

    #[tokio::test]
    async fn another_lock_is_another_environment() {
        let state = tempfile::tempdir().unwrap();
        let environments = on(state.path());
        let one = environments.place(b"a==1").await.unwrap();
        assert_eq!(one, environments.place(b"a==1").await.unwrap());
        assert_ne!(one.root, environments.place(b"a==2").await.unwrap().root);
    }

    #[tokio::test]
    async fn one_without_its_marker_is_not_there() {
        let state = tempfile::tempdir().unwrap();
        let environments = on(state.path());
        let place = environments.place(b"a==1").await.unwrap();
        std::fs::create_dir_all(place.root.join("bin")).unwrap();
        assert_eq!(environments.find(b"a==1").await.unwrap(), None);
        std::fs::write(place.root.join(MARKER), "").unwrap();
        assert_eq!(environments.find(b"a==1").await.unwrap(), Some(place.clone()));
        assert_eq!(environments.ensure(b"a==1", &NoLog).await.unwrap(), place);
    }
}
