//! Starts an agent in its walls and waits until it answers.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::time::Duration;

use halfway_agent::protocol::TOKEN_VARIABLE;
use tokio::io::AsyncReadExt;

use super::proc::{self, Identity};
use super::record::{Record, Share};
use super::walls::{Form, HOME, Walls};
use super::{Inner, Result, SOCKET, find, host};
use crate::base::Secret;
use crate::model::Egress;
use crate::sandbox::agent_client::AgentClient;
use crate::sandbox::driver::{SandboxSpec, StepLog};
use crate::sandbox::egress;
use crate::sandbox::error::SandboxError;
use crate::sandbox::folder::{SessionFolder, beneath, open_directory};

/// How long an agent may take until it answers.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
/// The proxy's port where the sandbox has a network of its own.
const PROXY_PORT: u16 = 3128;
/// Files that one process may have open.
const OPEN_FILES: u64 = 8192;
/// The most that `/tmp` and `/dev/shm` hold, in bytes.
pub(super) const LARGEST_SCRATCH: u64 = 512 << 20;

const TOKEN: &str = "token";
const LOG: &str = "agent.log";

/// The token of the session's agent, where it has one.
pub(super) fn token(folder: &SessionFolder) -> Option<Secret> {
    std::fs::read_to_string(folder.run().join(TOKEN))
        .ok()
        .map(|text| Secret::new(text.trim().to_owned()))
        .filter(|token| !token.expose().is_empty())
}

pub(super) fn forget_socket(folder: &SessionFolder) -> io::Result<()> {
    match std::fs::remove_file(folder.run().join(SOCKET)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) async fn start(
    inner: &Inner,
    spec: &SandboxSpec,
    folder: &SessionFolder,
    share: Share,
    steps: &dyn StepLog,
) -> Result<()> {
    let agent = inner.agent()?;
    let in_run = SandboxError::at("cannot write in", folder.root());
    let token = matches!(inner.form, Form::Landlock { .. }).then(|| inner.random.token());
    write_token(folder, token.as_deref()).map_err(in_run)?;
    let listener = listen(folder).map_err(SandboxError::at("cannot listen in", folder.root()))?;
    let log = std::fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(folder.run().join(LOG))
        .map_err(SandboxError::at("cannot write in", folder.root()))?;
    steps.line(&format!("Starting the sandbox ({})", inner.form.word()));

    let mut walls = walls(inner, spec, folder, share, agent);
    walls.joins = inner
        .group(spec.session)
        .make(spec.limits.memory, spec.limits.processes);
    let line = walls.command(&arguments(inner, spec, folder, share, &walls));
    let (program, rest) = line
        .split_first()
        .ok_or_else(|| SandboxError::Start("the command line is empty".to_owned()))?;
    let tells = walls.tell_pid;
    let mut command = tokio::process::Command::new(program);
    command
        .args(rest)
        .env_clear()
        .env("PATH", host::PATH)
        // Its own, too: whoever clears away what a session left must see that this belongs to one.
        .env(find::MARK, spec.session.to_string())
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(if tells { Stdio::piped() } else { Stdio::null() })
        .stderr(Stdio::from(log))
        .process_group(0);
    if let Some(token) = &token {
        // The agent is closed to its own user before it starts anything, so nobody inside reads this.
        command.env(TOKEN_VARIABLE, token);
    }
    // Not killed when the handle goes: it is to outlive the server.
    let mut child = command
        .spawn()
        .map_err(|error| SandboxError::Start(format!("{}: {error}", program.display())))?;
    // The command holds the listening socket; a copy here would keep it alive when the agent has gone.
    drop(command);
    let pid = match child.stdout.take() {
        Some(output) => told_pid(output).await,
        None => child.id(),
    };
    let identity = pid.and_then(proc::identity);
    // Reaped in the background.
    drop(child);
    let Some(identity) = identity else {
        return Err(failed(folder, "it ended at once"));
    };
    record(inner, spec, folder, identity)?;
    ready(inner, spec, folder).await
}

fn record(inner: &Inner, spec: &SandboxSpec, folder: &SessionFolder, agent: Identity) -> Result<()> {
    let boot = proc::boot_id().map_err(SandboxError::at("cannot tell the boot for", folder.root()))?;
    let record = Record {
        boot,
        agent,
        form: inner.form.word().to_owned(),
        egress: spec.egress,
        limits: spec.limits.clone(),
    };
    record
        .save(folder)
        .map_err(SandboxError::at("cannot write in", folder.root()))
}

/// The socket listens already, so the first request waits in its queue until the agent takes it.
async fn ready(inner: &Inner, spec: &SandboxSpec, folder: &SessionFolder) -> Result<()> {
    let client: AgentClient = inner.client(spec.session)?;
    match tokio::time::timeout(PATIENCE, client.health()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error @ SandboxError::AgentVersion { .. })) => Err(error),
        Ok(Err(error)) => Err(failed(folder, &error.to_string())),
        Err(_) => Err(failed(folder, "it did not answer in time")),
    }
}

/// What the agent, or bubblewrap, wrote before its end.
pub(super) fn last_words(folder: &SessionFolder) -> String {
    let mut said = String::new();
    if let Ok(file) = std::fs::File::open(folder.run().join(LOG)) {
        // Without it the reason alone has to do.
        let _ = file.take(2000).read_to_string(&mut said);
    }
    // A mistake in arguments is followed by all of them.
    said.split("\n\n").next().unwrap_or_default().trim().to_owned()
}

fn failed(folder: &SessionFolder, why: &str) -> SandboxError {
    let said = last_words(folder);
    SandboxError::Start(if said.is_empty() {
        why.to_owned()
    } else {
        format!("{why}; it said: {said}")
    })
}

fn write_token(folder: &SessionFolder, token: Option<&str>) -> io::Result<()> {
    use std::io::Write;
    let path = folder.run().join(TOKEN);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let Some(token) = token else { return Ok(()) };
    let mut file = std::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(token.as_bytes())
}

/// The parent directory is the server's alone, and the path is not shown inside.
fn listen(folder: &SessionFolder) -> io::Result<UnixListener> {
    forget_socket(folder)?;
    let directory = open_directory(&folder.run())?;
    let listener = UnixListener::bind(beneath(&directory, SOCKET))?;
    std::fs::set_permissions(folder.run().join(SOCKET), std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// bubblewrap writes `{"child-pid": N, …}` and keeps no promise about closing the pipe.
async fn told_pid(mut output: tokio::process::ChildStdout) -> Option<u32> {
    let mut text = Vec::new();
    let read = async {
        let mut piece = [0; 512];
        while !text.contains(&b'}') && text.len() < 8192 {
            match output.read(&mut piece).await {
                Ok(count) if count > 0 => text.extend_from_slice(&piece[..count]),
                _ => break,
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.ok()?;
    let value: serde_json::Value = serde_json::from_slice(&text).ok()?;
    u32::try_from(value.get("child-pid")?.as_u64()?).ok()
}

fn walls<'a>(
    inner: &'a Inner,
    spec: &'a SandboxSpec,
    folder: &SessionFolder,
    share: Share,
    agent: &'a std::path::Path,
) -> Walls<'a> {
    let mut binds = vec![
        ("/workspace".to_owned(), folder.workspace(), true),
        (HOME.to_owned(), folder.home(), true),
    ];
    let bubblewrap = matches!(inner.form, Form::Bubblewrap(_));
    if bubblewrap && spec.egress != Egress::None {
        binds.push((
            "/run/halfway/proxy".to_owned(),
            folder.run().join(egress::DIRECTORY),
            false,
        ));
    }
    Walls {
        form: &inner.form,
        agent,
        user: share.user,
        binds,
        environment: spec.environment.as_ref(),
        etc: folder.run().join("etc"),
        joins: Vec::new(),
        scratch: (spec.limits.memory / 4).min(LARGEST_SCRATCH),
        bundle: host::bundle().filter(|(path, _)| !shown(path)).map(|(path, _)| path),
        tell_pid: bubblewrap,
    }
}

/// Whether a sandbox sees the path anyway.
fn shown(path: &std::path::Path) -> bool {
    host::SYSTEM
        .iter()
        .chain(&host::ETC)
        .any(|place| path.starts_with(place))
}

/// The order of the first four is what [`find`] looks for.
fn arguments(
    inner: &Inner,
    spec: &SandboxSpec,
    folder: &SessionFolder,
    share: Share,
    walls: &Walls<'_>,
) -> Vec<OsString> {
    let workspace = walls.inside("/workspace", &folder.workspace());
    let home = walls.inside(HOME, &folder.home());
    let mut line: Vec<OsString> = Vec::new();
    let mut add = |flag: &str, value: OsString| line.extend([flag.into(), value]);
    add("--session", spec.session.to_string().into());
    add("--install", inner.install.to_string().into());
    add("--workspace", workspace.clone().into());
    add("--home", home.clone().into());
    add("--path", walls.path(&home).into());
    add("--idle-minutes", inner.config.idle_minutes.to_string().into());
    add("--limit-file-bytes", spec.limits.disk.to_string().into());
    add("--limit-open-files", OPEN_FILES.to_string().into());
    if !inner.cgroups.limits_processes() {
        add("--limit-processes", spec.limits.processes.to_string().into());
    }
    if !inner.cgroups.limits_memory() {
        add("--limit-memory-bytes", spec.limits.memory.to_string().into());
    }
    if spec.egress != Egress::None {
        let directory = walls.inside("/run/halfway/proxy", &folder.run().join(egress::DIRECTORY));
        add("--proxy-socket", directory.join(egress::SOCKET).into());
        let port = match inner.form {
            Form::Bubblewrap(_) => PROXY_PORT,
            Form::Landlock { .. } => share.ports.1,
        };
        add("--proxy-port", port.to_string().into());
    }
    if matches!(inner.form, Form::Landlock { .. }) {
        add(
            "--ports",
            format!("{}-{}", share.ports.0, share.ports.1.saturating_sub(1)).into(),
        );
    }
    for (name, value) in variables(inner, spec, &home) {
        add("--env", format!("{name}={value}").into());
    }
    line
}

fn variables(inner: &Inner, spec: &SandboxSpec, home: &std::path::Path) -> Vec<(String, String)> {
    let mut variables = vec![
        (find::MARK.to_owned(), spec.session.to_string()),
        ("USER".to_owned(), "learner".to_owned()),
        ("LOGNAME".to_owned(), "learner".to_owned()),
    ];
    if let Some(environment) = &spec.environment {
        variables.push(("VIRTUAL_ENV".to_owned(), environment.root.display().to_string()));
    }
    if matches!(inner.form, Form::Landlock { .. }) {
        // The machine's own /tmp is out of reach.
        variables.push(("TMPDIR".to_owned(), home.display().to_string()));
    }
    if spec.egress != Egress::None {
        if let Some((bundle, true)) = host::bundle() {
            variables.extend(host::BUNDLE_VARIABLES.map(|name| (name.to_owned(), bundle.display().to_string())));
        }
        variables.extend(egress::variables());
    }
    variables.extend(spec.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
    variables
}
