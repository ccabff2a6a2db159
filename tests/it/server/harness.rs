//! The server binary on a state directory of its own. When it is dropped everything of that installation is removed
//! with `halfway sweep` and an empty database, and the test fails if anything is left.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use halfway::store::DatabaseAddress;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::browser::{Answer, Events, PATIENCE, Terminal, request};
use super::labs::LabFolder;

/// What walls its sandboxes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    Bubblewrap,
    Landlock,
}

impl Walls {
    pub fn word(self) -> &'static str {
        match self {
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
        }
    }
}

/// How a server is to be.
pub struct Wanted {
    pub walls: Walls,
    pub labs: Vec<LabFolder>,
    /// `postgres://…`; the default is SQLite.
    pub database: Option<String>,
    /// The place of the state directory; the default is a temporary one.
    pub state: Option<PathBuf>,
    /// More of the configuration file.
    pub config: String,
    /// The user that it runs as; the default is the tests' own.
    pub user: Option<u32>,
    /// More of the environment, by name.
    pub environment: Vec<(String, String)>,
}

impl Wanted {
    pub fn new(walls: Walls, labs: impl IntoIterator<Item = LabFolder>) -> Self {
        Self {
            walls,
            labs: labs.into_iter().collect(),
            database: None,
            state: None,
            config: String::new(),
            user: None,
            environment: Vec::new(),
        }
    }

    /// Where the tests run as root: as the ordinary user `nobody`.
    pub fn ordinary(mut self) -> Self {
        self.user = Some(ORDINARY);
        self
    }
}

/// `nobody` of Debian.
const ORDINARY: u32 = 65534;

/// Whether an ordinary user may walk to the executable under test and to what it reads beside it.
pub fn is_open_to_all() -> bool {
    let open = |path: &Path| {
        path.ancestors().skip(1).all(|above| {
            above
                .metadata()
                .is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
        })
    };
    open(&binary()) && open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("static"))
}

/// The address of a fresh database of a real PostgreSQL.
pub fn postgres_address() -> String {
    match crate::support::postgres::fresh_database() {
        DatabaseAddress::Postgres(address) => address.expose().to_owned(),
        DatabaseAddress::Sqlite(path) => unreachable!("{} is SQLite", path.display()),
    }
}

/// The executable under test.
pub fn binary() -> PathBuf {
    std::env::var_os("HALFWAY_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_halfway").into(), PathBuf::from)
}

/// A server, running or not.
pub struct Server {
    base: tempfile::TempDir,
    state: PathBuf,
    database: Option<String>,
    user: Option<u32>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    /// `127.0.0.1:port` of the last start.
    pub address: String,
}

impl Server {
    pub async fn start(wanted: Wanted) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let base = tempfile::Builder::new().prefix("halfway-it-").tempdir().unwrap();
        let state = wanted.state.clone().unwrap_or_else(|| base.path().join("state"));
        for lab in &wanted.labs {
            lab.write(&base.path().join("labs"));
        }
        std::fs::create_dir_all(base.path().join("labs")).unwrap();
        std::fs::create_dir_all(base.path().join("curriculum")).unwrap();
        std::fs::write(base.path().join("curriculum/course.yaml"), "title: A course\n").unwrap();
        std::fs::write(base.path().join("halfway.toml"), config(&wanted)).unwrap();
        if let Some(user) = wanted.user {
            // All that it makes lies in there.
            std::os::unix::fs::chown(base.path(), Some(user), Some(user)).unwrap();
        }
        let mut server = Self {
            base,
            state,
            database: wanted.database,
            user: wanted.user,
            environment: wanted.environment,
            child: None,
            address: String::new(),
        };
        server.restart().await;
        server
    }

    /// The state directory.
    pub fn state(&self) -> &Path {
        &self.state
    }

    pub fn labs(&self) -> PathBuf {
        self.base.path().join("labs")
    }

    /// The arguments that every command on this installation has.
    pub fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(binary());
        command
            .arg("--config")
            .arg(self.base.path().join("halfway.toml"))
            .arg("--state")
            .arg(&self.state)
            .current_dir(self.base.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        if let Some(user) = self.user {
            command.uid(user).gid(user).env("HOME", self.base.path());
        }
        command
    }

    /// Starts it and waits for its address.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let mut command = Command::from(self.command());
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        timeout(PATIENCE, output.read_line(&mut line))
            .await
            .expect("the server starts")
            .unwrap();
        let address = line.trim().trim_end_matches('/').strip_prefix("http://");
        assert!(
            address.is_some(),
            "the first line is the address, not {line:?}: {}",
            self.log()
        );
        self.address = address.unwrap_or_default().into();
        self.child = Some(child);
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("the server runs")
    }

    /// `kill -9`.
    pub async fn kill_9(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.kill().await.unwrap();
    }

    /// `kill -TERM`, and its end.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = timeout(PATIENCE, child.wait())
            .await
            .expect("the server stops")
            .unwrap();
        assert!(ended.success(), "{ended}: {}", self.log());
    }

    pub async fn kill_9_and_restart(&mut self) {
        self.kill_9().await;
        self.restart().await;
    }

    fn log_file(&self) -> PathBuf {
        self.base.path().join("log")
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Resident memory now, in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
    }

    // Requests

    pub async fn get(&self, target: &str) -> Answer {
        request(&self.address, "GET", target, &[], b"").await
    }

    /// A request of the page's script.
    pub async fn api(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        self.with(method, target, &[("content-type", "application/json")], body)
            .await
    }

    /// The same, with more headers.
    pub async fn with(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let origin = format!("http://{}", self.address);
        let mut all = vec![("origin", origin.as_str()), ("sec-fetch-site", "same-origin")];
        all.extend_from_slice(headers);
        request(&self.address, method, target, &all, body).await
    }

    /// Presses a button.
    pub async fn post(&self, target: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.with("POST", target, &headers, form.as_bytes()).await
    }

    pub async fn events(&self) -> Events {
        Events::open(&self.address, None).await
    }

    // Sessions

    /// Starts a lab; gives the session's id.
    pub async fn start_lab(&self, lab: &str) -> String {
        self.start_from(lab, "").await
    }

    /// Starts a lab from an export.
    pub async fn start_from(&self, lab: &str, export: &str) -> String {
        let answer = self
            .post(&format!("/labs/{lab}/start"), &format!("export={export}"))
            .await
            .expect(303);
        answer.header("location").strip_prefix("/sessions/").unwrap().to_owned()
    }

    /// Starts a lab and waits until it is ready.
    pub async fn ready_lab(&self, lab: &str) -> String {
        let id = self.start_lab(lab).await;
        self.until_state(&id, "ready").await;
        id
    }

    pub async fn session(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/sessions/{id}")).await.expect(200).json()
    }

    /// Asks again after every event until `wanted` gives something. `what` is said if it never does.
    pub async fn until<T>(&self, what: &str, wanted: impl AsyncFn() -> Option<T>) -> T {
        let mut events = self.events().await;
        let waiting = timeout(PATIENCE, async {
            loop {
                if let Some(found) = wanted().await {
                    return found;
                }
                events.next().await;
            }
        });
        match waiting.await {
            Ok(found) => found,
            Err(late) => panic!("{late}: {what} never came about: {}", self.log()),
        }
    }

    /// Waits for a state; gives the session then.
    pub async fn until_state(&self, id: &str, state: &str) -> Value {
        self.until(&format!("state {state}"), async || {
            let session = self.session(id).await;
            let now = session["state"].as_str().unwrap();
            assert!(
                now == state || now != "failed",
                "failed instead of {state}: {} {}",
                session["reason"],
                self.log()
            );
            (now == state).then_some(session)
        })
        .await
    }

    /// Waits until a task of that session has that verdict; gives the task then.
    pub async fn until_verdict(&self, id: &str, task: &str, verdict: &str) -> Value {
        self.until(&format!("verdict {verdict} of {task}"), async || {
            let found = self.task(id, task).await;
            // An award shows once it is stored, a moment after the verdict.
            let whole = verdict != "pass" || !found["award"].is_null();
            (found["verdict"] == verdict && whole).then_some(found)
        })
        .await
    }

    pub async fn task(&self, id: &str, task: &str) -> Value {
        let session = self.session(id).await;
        let tasks = session["tasks"].as_array().unwrap();
        tasks.iter().find(|one| one["id"] == task).unwrap().clone()
    }

    /// Lets a set-up script go on that waits at a gate of [`super::labs::gate`].
    pub async fn open_gate(&self, id: &str, gate: &str, word: &str) {
        let fifo = self.folder(id).join("hidden").join(gate);
        let mut file = self
            .until(&format!("a script that waits at {gate}"), async || open_fifo(&fifo))
            .await;
        writeln!(file, "{word}").unwrap();
    }

    /// The same, where it may be that no script comes there any more because the session is past it.
    pub async fn open_gate_unless(&self, id: &str, gate: &str, word: &str, past: impl AsyncFn() -> bool) {
        let fifo = self.folder(id).join("hidden").join(gate);
        let opened = self
            .until(&format!("a script that waits at {gate}"), async || {
                match open_fifo(&fifo) {
                    Some(file) => Some(Some(file)),
                    None => past().await.then_some(None),
                }
            })
            .await;
        if let Some(mut file) = opened {
            writeln!(file, "{word}").unwrap();
        }
    }

    /// Kills a session's agent, as a machine that runs out of memory might.
    pub fn kill_agent(&self, id: &str) {
        let record = std::fs::read(self.folder(id).join("run/agent.json")).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        let pid = record["agent"]["pid"].as_i64().unwrap();
        let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    /// A session's folder.
    pub fn folder(&self, id: &str) -> PathBuf {
        self.state.join("sessions").join(id)
    }

    pub fn workspace(&self, id: &str) -> PathBuf {
        self.folder(id).join("workspace")
    }

    /// Saves a file as the editor does.
    pub async fn save(&self, id: &str, path: &str, text: &str) -> Answer {
        let target = format!("/api/v1/sessions/{id}/files/content?path={path}");
        self.with("PUT", &target, &[], text.as_bytes()).await
    }

    /// Attaches to the session's first terminal.
    pub async fn terminal(&self, id: &str) -> Terminal {
        let list = self
            .get(&format!("/api/v1/sessions/{id}/terminals"))
            .await
            .expect(200)
            .json();
        let terminal = list["terminals"][0]["id"].as_str().unwrap().to_owned();
        self.attach(id, &terminal).await
    }

    pub async fn attach(&self, id: &str, terminal: &str) -> Terminal {
        let origin = format!("http://{}", self.address);
        Terminal::attach(&self.address, id, terminal, &[("origin", &origin)])
            .await
            .unwrap()
    }

    /// Ends a session and waits until it has ended.
    pub async fn end(&self, id: &str) {
        self.post(&format!("/sessions/{id}/end"), "").await.expect(303);
        self.until_state(id, "ended").await;
    }

    /// Everything of this installation that is there: processes by what they were started with, and folders.
    pub fn remains(&self) -> Vec<String> {
        let mut remains = processes(&self.marks(), self.child.as_ref().and_then(Child::id));
        remains.extend(names(&self.state.join("sessions")));
        remains
    }

    fn marks(&self) -> Vec<String> {
        let install = std::fs::read_to_string(self.state.join("install-id")).unwrap_or_default();
        let mut marks = vec![self.state.display().to_string()];
        marks.extend(Some(install.trim().to_owned()).filter(|id| !id.is_empty()));
        marks
    }

    /// Fails where anything is left that belongs to none of these sessions.
    pub fn assert_nothing_unowned(&self, owned: &[&str]) {
        let unowned: Vec<String> = self
            .remains()
            .into_iter()
            .filter(|thing| !owned.iter().any(|id| thing.contains(id)))
            .collect();
        assert!(unowned.is_empty(), "{unowned:#?}\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.start_kill());
        }
        for end in ["", "-wal", "-shm"] {
            // A PostgreSQL has none.
            drop(std::fs::remove_file(self.state.join(format!("halfway.db{end}"))));
        }
        self.database = None;
        let mut swept = self.command();
        swept.arg("sweep").stdin(Stdio::null());
        // The lock is free when the killed server is gone.
        let swept = (0..50).map(|_| swept.output()).find(|output| {
            output
                .as_ref()
                .is_ok_and(|output| !String::from_utf8_lossy(&output.stderr).contains("another server"))
        });
        let remains = self.remains();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
            return;
        }
        let swept = swept.expect("the state directory is free").unwrap();
        assert!(
            swept.status.success(),
            "sweep: {}",
            String::from_utf8_lossy(&swept.stderr)
        );
        assert!(remains.is_empty(), "sweep leaves {remains:#?}");
    }
}

/// Users, ports and everything else that servers of tests, which run at the same time, must not share.
fn config(wanted: &Wanted) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let user = 1_620_000_000 + std::process::id() % 100_000 * 10_000 + number * 100;
    let port = 20_000 + number % 150 * 64;
    format!(
        "{}\n[sandbox.process]\nform = '{}'\nusers = [{user}, {}]\nports = [{port}, {}]\n",
        wanted.config,
        wanted.walls.word(),
        user + 99,
        port + 63,
    )
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().display().to_string())
        .collect()
}

/// Processes, but for those two, whose arguments hold one of the marks.
pub fn processes(marks: &[String], except: Option<u32>) -> Vec<String> {
    let own = std::process::id();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own && Some(*pid) != except)
        .filter_map(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            marks
                .iter()
                .any(|mark| line.contains(mark.as_str()))
                .then(|| format!("process {pid}: {line}"))
        })
        .collect()
}

/// Opens a FIFO that somebody reads; nothing otherwise.
pub fn open_fifo(path: &Path) -> Option<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .ok()
}
