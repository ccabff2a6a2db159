//! One-shots in the walls of this driver: `halfway-agent run` in a sandbox of its own, without any network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cgroup::Group;
use super::launch::LARGEST_SCRATCH;
use super::walls::{Form, Walls};
use super::{Inner, find};
use crate::base::SessionId;
use crate::sandbox::error::SandboxError;
use crate::sandbox::runner::{Launch, Once, RunSpec};

/// Makes the command lines of one-shots.
pub(super) struct ProcessOnce(pub Arc<Inner>);

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Files that one process may have open.
const OPEN_FILES: u64 = 4096;

impl Once for ProcessOnce {
    fn launch(&self, spec: &RunSpec) -> Result<Launch, SandboxError> {
        let inner = &self.0;
        let agent = inner.agent()?;
        let (folder, share) = inner.prepared(spec.session)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let group = inner
            .cgroups
            .group(&format!("{}-run-{}-{number}", spec.session, std::process::id()));
        let walls = Walls {
            form: &inner.form,
            agent,
            user: share.user,
            binds: spec
                .binds
                .iter()
                .map(|bind| (bind.place.path().to_owned(), bind.host.clone(), bind.writable))
                .collect(),
            environment: spec.environment.as_ref(),
            etc: folder.run().join("etc"),
            joins: group.make(spec.limits.memory, spec.limits.processes),
            scratch: (spec.limits.memory / 4).min(LARGEST_SCRATCH),
            bundle: None,
            tell_pid: false,
        };
        give(&inner.state, spec, share.user)?;
        let landlock = matches!(inner.form, Form::Landlock { .. });
        // Without namespaces there is no `/tmp` of its own, so the run gets a directory that goes with it.
        let scratch = if landlock {
            Some(scratch(&folder.scratch(), number, share.user)?)
        } else {
            None
        };
        let home = scratch.clone().unwrap_or_else(|| PathBuf::from("/tmp"));
        let mut line: Vec<OsString> = vec!["run".into()];
        let mut add = |flag: &str, value: OsString| line.extend([flag.into(), value]);
        add("--session", spec.session.to_string().into());
        add("--install", inner.install.to_string().into());
        let directory = spec
            .binds
            .iter()
            .find(|bind| bind.place == spec.directory)
            .ok_or_else(|| SandboxError::Start(format!("{} is not bound", spec.directory.path())))?;
        add(
            "--workspace",
            walls.inside(spec.directory.path(), &directory.host).into(),
        );
        add("--home", home.clone().into());
        add("--path", walls.path(&home).into());
        add("--limit-file-bytes", spec.limits.file.to_string().into());
        add("--limit-open-files", OPEN_FILES.to_string().into());
        if !inner.cgroups.limits_processes() {
            add("--limit-processes", spec.limits.processes.to_string().into());
        }
        if !inner.cgroups.limits_memory() {
            add("--limit-memory-bytes", spec.limits.memory.to_string().into());
        }
        if landlock {
            add("--ports", "none".into());
        }
        if let Some(scratch) = &scratch {
            add("--landlock-rw", scratch.into());
            add("--env", format!("TMPDIR={}", scratch.display()).into());
        }
        for (name, value) in variables(spec, &walls) {
            add("--env", format!("{name}={value}").into());
        }
        line.push("--".into());
        line.extend(
            spec.argv
                .iter()
                .map(|word| spec.rewritten(word, |bind| walls.inside(bind.place.path(), &bind.host))),
        );
        Ok(Launch {
            line: walls.command(&line),
            over: Box::new(Over {
                group,
                scratch,
                strays: landlock.then_some(spec.session),
            }),
        })
    }
}

/// Directories that the server made for the run belong to the session's user from now on: it could else neither write
/// nor read them. Those that lie elsewhere (a lab's own) stay as they are.
fn give(state: &Path, spec: &RunSpec, user: Option<u32>) -> Result<(), SandboxError> {
    use std::os::unix::fs::MetadataExt;
    let Some(user) = user else { return Ok(()) };
    for bind in spec.binds.iter().filter(|bind| bind.host.starts_with(state)) {
        let give = || {
            if bind.host.symlink_metadata()?.uid() == user {
                return Ok(());
            }
            std::os::unix::fs::lchown(&bind.host, Some(user), Some(user))
        };
        give().map_err(SandboxError::at("cannot hand over", &bind.host))?;
    }
    Ok(())
}

fn scratch(above: &Path, number: u64, user: Option<u32>) -> Result<PathBuf, SandboxError> {
    let path = above.join(format!("run-{}-{number}", std::process::id()));
    let make = || {
        std::fs::create_dir_all(&path)?;
        if let Some(user) = user {
            std::os::unix::fs::chown(&path, Some(user), Some(user))?;
        }
        Ok(())
    };
    make().map_err(SandboxError::at("cannot make", &path))?;
    Ok(path)
}

fn variables(spec: &RunSpec, walls: &Walls<'_>) -> Vec<(String, String)> {
    let mut variables = vec![
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
        (find::MARK.to_owned(), format!("{}-run", spec.session)),
    ];
    if let Some(environment) = &spec.environment {
        variables.push(("VIRTUAL_ENV".to_owned(), environment.root.display().to_string()));
    }
    for bind in &spec.binds {
        let inside = walls.inside(bind.place.path(), &bind.host);
        variables.push((bind.place.variable().to_owned(), inside.display().to_string()));
    }
    variables.extend(spec.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
    variables
}

/// Removes what a run had to itself.
struct Over {
    group: Group,
    scratch: Option<PathBuf>,
    /// Without a pid namespace something may have got away.
    strays: Option<SessionId>,
}

impl Drop for Over {
    fn drop(&mut self) {
        if let Some(session) = self.strays {
            find::end_marked(&format!("{session}-run"));
        }
        self.group.kill();
        for _ in 0..20 {
            if self.group.remove() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        if let Some(scratch) = &self.scratch {
            // The session's own scratch directory is emptied with the session at the latest.
            let _ = std::fs::remove_dir_all(scratch);
        }
    }
}
