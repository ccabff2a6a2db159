//! Finds this installation's agents: by the record, or by a look at every process when there is none.
//!
//! Never believes a name alone. A learner's program may call itself anything and carry any arguments, so an agent must
//! have the arguments in their exact places, be the first process of a pid namespace right below ours (or run our own
//! file, where there is no namespace), and where we may look, run the file that we installed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

use rustix::process::Signal;

use super::proc::{self, Identity};
use super::record::Record;
use super::walls::Form;
use super::{Inner, share};
use crate::base::SessionId;
use crate::sandbox::driver::Owned;
use crate::sandbox::error::SandboxError;
use crate::sandbox::folder::SessionFolder;

/// Environment variable that everything in a sandbox carries.
pub(super) const MARK: &str = "HALFWAY_SESSION";

/// The record of the session's agent, if that is alive.
///
/// # Errors
/// Where it cannot be told now. A machine that is short of something must not make a live agent look dead.
pub(super) fn alive(inner: &Inner, session: SessionId) -> Result<Option<Record>, SandboxError> {
    let looked = || -> io::Result<Option<Record>> {
        let Some(record) = Record::load(&inner.folder(session))? else {
            return Ok(None);
        };
        let lives = record.boot == proc::boot_id()?
            && proc::look_for(record.agent)?.is_some()
            && carries(inner, record.agent.pid, session);
        Ok(lives.then_some(record))
    };
    looked().map_err(|error| SandboxError::io("cannot tell whether the agent lives", error))
}

/// The session's agent, recorded or not.
pub(super) fn agent(inner: &Inner, session: SessionId) -> Option<Identity> {
    match alive(inner, session) {
        Ok(Some(record)) => Some(record.agent),
        Ok(None) | Err(_) => scan(inner).remove(&session),
    }
}

/// The process that put up the walls around an agent and waits for its end, where there is one.
pub(super) fn above(agent: Identity, session: SessionId) -> Option<OwnedFd> {
    let parent = proc::identity(proc::stat(agent.pid)?.parent)?;
    let opened = proc::open(parent)?;
    // Our own would be waited for in vain.
    (parent.pid != std::process::id() && is_starting(&proc::arguments(parent.pid), session)).then_some(opened)
}

/// All agents of this installation that run.
pub(super) fn scan(inner: &Inner) -> BTreeMap<SessionId, Identity> {
    proc::all()
        .filter_map(|pid| {
            let session = session_of(inner, &proc::arguments(pid))?;
            is_ours(inner, pid).then_some((session, proc::identity(pid)?))
        })
        .collect()
}

pub(super) fn owned(inner: &Inner) -> Vec<Owned> {
    let mut found: BTreeMap<SessionId, Owned> = share::sessions(&inner.state)
        .map(|session| {
            let owned = Owned {
                session,
                running: false,
                files: true,
            };
            (session, owned)
        })
        .collect();
    for session in scan(inner).into_keys() {
        let files = SessionFolder::new(&inner.state, session).root().exists();
        found
            .entry(session)
            .or_insert(Owned {
                session,
                running: true,
                files,
            })
            .running = true;
    }
    for session in inner
        .cgroups
        .names()
        .iter()
        .filter_map(|name| name.get(..36)?.parse().ok())
    {
        // A group that nobody is in any more, or that a one-shot left.
        found.entry(session).or_insert(Owned {
            session,
            running: false,
            files: false,
        });
    }
    found.into_values().collect()
}

/// `PROGRAM --session ID --install ID …`, as [`super::launch`] writes it.
fn session_of(inner: &Inner, arguments: &[String]) -> Option<SessionId> {
    let [program, session_flag, session, install_flag, install, ..] = arguments else {
        return None;
    };
    let named = program == "/run/halfway/agent" || program.rsplit('/').next()?.starts_with("halfway-agent-");
    (named && session_flag == "--session" && install_flag == "--install" && *install == inner.install.to_string())
        .then(|| session.parse().ok())?
}

fn carries(inner: &Inner, pid: u32, session: SessionId) -> bool {
    let arguments = proc::arguments(pid);
    // Between fork and exec it is still bubblewrap, and its record is as good.
    arguments.len() < 2 || session_of(inner, &arguments) == Some(session) || is_starting(&arguments, session)
}

/// Not yet the agent, but already on its way to it.
fn is_starting(arguments: &[String], session: SessionId) -> bool {
    let session = session.to_string();
    arguments
        .windows(2)
        .any(|pair| pair[0] == "--session" && pair[1] == session)
}

fn is_ours(inner: &Inner, pid: u32) -> bool {
    let runs_our_file = match fs::metadata(format!("/proc/{pid}/exe")) {
        Ok(file) => Some(ours(inner).any(|own| (own.dev(), own.ino()) == (file.dev(), file.ino()))),
        // An agent is closed to its own user.
        Err(_) => None,
    };
    let depth = proc::namespace_pids(std::process::id()).len();
    let pids = proc::namespace_pids(pid);
    let first = pids.len() == depth + 1 && pids.last() == Some(&1);
    match inner.form {
        Form::Bubblewrap(_) => first && runs_our_file != Some(false),
        Form::Landlock { .. } => pids.len() == depth && runs_our_file != Some(false),
    }
}

/// Every version of the agent that this installation has put in place.
fn ours(inner: &Inner) -> impl Iterator<Item = fs::Metadata> {
    fs::read_dir(inner.state.join("bin"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
}

/// Without a pid namespace, what a killed agent leaves behind: what carries the session's mark, and what has its user
/// and carries nobody's (a program may have emptied its environment).
pub(super) fn end_strays(session: SessionId, user: Option<u32>) {
    let mark = format!("{MARK}={session}");
    kill_all(|pid| {
        let found = marks(pid);
        let has_user =
            || user.is_some_and(|user| fs::metadata(format!("/proc/{pid}/task")).is_ok_and(|meta| meta.uid() == user));
        found.contains(&mark) || found.is_empty() && has_user()
    });
}

/// Ends every process that was started with that mark.
pub(super) fn end_marked(mark: &str) {
    let mark = format!("{MARK}={mark}");
    kill_all(|pid| marks(pid).contains(&mark));
}

/// The marks in a process's first environment.
fn marks(pid: u32) -> Vec<String> {
    fs::read(format!("/proc/{pid}/environ"))
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .filter(|entry| entry.starts_with(MARK.as_bytes()))
        .map(|entry| String::from_utf8_lossy(entry).into_owned())
        .collect()
}

/// Again and again, as some of it may be forking.
fn kill_all(theirs: impl Fn(u32) -> bool) {
    for _ in 0..200 {
        let mut left = false;
        for pid in proc::all().filter(|pid| *pid != std::process::id()) {
            if theirs(pid)
                && let Some(process) = proc::identity(pid).and_then(proc::open)
            {
                left = true;
                // Gone meanwhile is as good.
                let _ = proc::signal(&process, Signal::KILL);
            }
        }
        if !left {
            return;
        }
        std::thread::yield_now();
    }
}
