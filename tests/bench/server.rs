//! Servers to be measured: the product's binary, and this program itself with a person per cookie.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use halfway::app::config::Config;
use halfway::app::{self, App};
use halfway::base::{Clock, PersonId};
use halfway::model::{Person, PersonRole};
use halfway::store::{Store, StoreError};
use halfway::web::identity::Identity;
use http::request::Parts;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A running server with a state directory of its own.
pub struct Server {
    child: Child,
    pub origin: String,
    pub state: PathBuf,
    /// Seconds from starting the program to its address on standard output.
    pub started_in: f64,
    _directory: tempfile::TempDir,
}

/// Which program serves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `target/release/halfway`
    Product,
    /// This one, with a person per cookie.
    Many,
}

impl Server {
    /// Starts one and waits for its address.
    pub async fn start(program: Program, labs: &Path) -> Self {
        let directory = tempfile::Builder::new().prefix("halfway-bench-").tempdir().unwrap();
        let state = directory.path().join("state");
        let mut command = match program {
            Program::Product => Command::new(root().join("target/release/halfway")),
            Program::Many => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.arg("--serve-many");
                command
            }
        };
        if program == Program::Product {
            command
                .arg("--state")
                .arg(&state)
                .args(["serve", "--listen", "127.0.0.1:0"])
                .arg("--labs")
                .arg(labs);
        } else {
            command.arg(&state).arg(labs);
        }
        let from = Instant::now();
        let mut child = command
            .current_dir(root())
            .env("HALFWAY_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts: run `make build` first");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .await
            .unwrap();
        let started_in = from.elapsed().as_secs_f64();
        assert!(
            line.starts_with("http://"),
            "the server prints its address, and not {line:?}"
        );
        Self {
            child,
            origin: line.trim().trim_end_matches('/').to_owned(),
            state,
            started_in,
            _directory: directory,
        }
    }

    /// Resident memory of the server, in bytes.
    pub fn resident(&self) -> u64 {
        resident(self.child.id().expect("the server runs"))
    }

    /// Ends the server and every sandbox of it.
    pub async fn stop(mut self) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().await.unwrap();
        // Without its database nobody owns the sandboxes.
        for name in ["halfway.db", "halfway.db-wal", "halfway.db-shm"] {
            let _ = std::fs::remove_file(self.state.join(name));
        }
        let swept = Command::new(root().join("target/release/halfway"))
            .arg("--state")
            .arg(&self.state)
            .arg("sweep")
            .current_dir(root())
            .stdout(Stdio::null())
            .status()
            .await
            .unwrap();
        assert!(swept.success(), "sweeping failed");
    }
}

/// Resident memory of a process that it shares with no other, in bytes; all of it where the kernel does not tell.
pub fn resident(pid: u32) -> u64 {
    let kib = |path: &str, name: &str| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/{path}")).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    kib("status", "VmRSS:").unwrap_or(0) * 1024
}

/// The agents of an installation, by the state directory's id in their arguments.
pub fn agents(state: &Path) -> Vec<u32> {
    let install = std::fs::read_to_string(state.join("install-id")).unwrap();
    let install = install.trim();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let arguments: Vec<_> = arguments
                .split(|byte| *byte == 0)
                .map(String::from_utf8_lossy)
                .collect();
            let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            arguments.iter().any(|word| word == install) && !program.ends_with("bwrap")
        })
        .collect()
}

/// Serves with a person per cookie until it is told to end.
pub async fn serve_many(state: PathBuf, labs: PathBuf) -> anyhow::Result<()> {
    let config = Config {
        state,
        labs,
        listen: "127.0.0.1:0".parse()?,
        ..Config::default()
    };
    app::serve_as(config, |app: &App| {
        Arc::new(ByCookie {
            store: app.store.clone(),
            clock: app.clock.clone(),
        })
    })
    .await
}

/// A person for each number in the cookie `bench`.
struct ByCookie {
    store: Store,
    clock: Clock,
}

#[async_trait]
impl Identity for ByCookie {
    async fn person(&self, request: &Parts) -> Result<Person, StoreError> {
        let number = request
            .headers
            .get("cookie")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.strip_prefix("bench="))
            .and_then(|text| text.parse::<u128>().ok())
            .unwrap_or(0);
        let id = PersonId(Uuid::from_u128(number + 1));
        if let Some(person) = self.store.person(id).await? {
            return Ok(person);
        }
        let person = Person {
            id,
            name: format!("Learner {number}"),
            role: PersonRole::Learner,
            created: self.clock.now(),
        };
        self.store.add_person(&person).await?;
        Ok(person)
    }
}

/// Waits until the load of what was started has settled.
pub async fn settle() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}
