//! Really tries what this machine allows: for the choice of form, for the guarantees, and for `doctor`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope};

use super::cgroup::Cgroups;
use super::config::{FormChoice, ProcessConfig};
use super::walls::{self, Form, Walls};
use super::{Inner, Result, host};
use crate::base::InstallId;
use crate::model::Guarantee;
use crate::sandbox::driver::Finding;
use crate::sandbox::error::SandboxError;
use crate::sandbox::guarantees::Guarantees;

const INSTALL_BUBBLEWRAP: &str = "sudo apt-get install bubblewrap";
/// Ubuntu 24.04 and later let only programs with a profile make user namespaces.
const ALLOW_NAMESPACES: &str = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
const RESTRICTION: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
const PATIENCE: Duration = Duration::from_secs(10);

/// The strongest form that works and that configuration permits.
pub(super) async fn choose(
    state: &Path,
    install: InstallId,
    config: &ProcessConfig,
    agent: Option<&std::path::PathBuf>,
) -> Result<Form> {
    let landlock = || Form::Landlock {
        behind_root: host::is_root() && !host::open_to_all(&state.join("bin/agent")),
    };
    if config.form == FormChoice::Landlock {
        return match landlock_abi() {
            Some(_) => Ok(landlock()),
            None => Err(SandboxError::Unsupported {
                what: "Landlock is not available on this machine.".to_owned(),
                fix: Some(INSTALL_BUBBLEWRAP.to_owned()),
            }),
        };
    }
    match (bubblewrap(state, install, config, agent).await, config.form) {
        (Ok(form), _) => Ok(form),
        (Err(_), FormChoice::Auto) if landlock_abi().is_some() => Ok(landlock()),
        (Err(refusal), _) => Err(SandboxError::Unsupported {
            what: refusal.why,
            fix: refusal.fix,
        }),
    }
}

/// Why bubblewrap cannot be used.
struct Refusal {
    why: String,
    fix: Option<String>,
}

/// Really starts a sandbox with every wall that a session gets.
async fn bubblewrap(
    state: &Path,
    install: InstallId,
    config: &ProcessConfig,
    agent: Option<&std::path::PathBuf>,
) -> std::result::Result<Form, Refusal> {
    let program = host::program("bwrap").ok_or_else(|| Refusal {
        why: "bubblewrap is not installed.".to_owned(),
        fix: Some(INSTALL_BUBBLEWRAP.to_owned()),
    })?;
    if !walls::can_lower() {
        return Err(Refusal {
            why: "The server is root, and /usr/bin/setpriv is missing to start sandboxes as somebody else.".to_owned(),
            fix: Some("sudo apt-get install util-linux".to_owned()),
        });
    }
    let form = Form::Bubblewrap(program);
    let user = host::is_root().then_some(config.users.0);
    let etc = state.join("etc");
    let broken = |error: std::io::Error| Refusal {
        why: format!("The state directory cannot be written: {error}."),
        fix: None,
    };
    walls::write_etc(&etc, user).map_err(broken)?;
    let arguments = [
        "run",
        "--session",
        "examine",
        "--install",
        &install.to_string(),
        "--workspace",
        "/tmp",
        "--home",
        "/tmp",
        "--",
        "/usr/bin/env",
        "true",
    ]
    .map(Into::into);
    // Without an agent any program will do: it is bubblewrap that is tried.
    let stand_in = Path::new("/usr/bin/env");
    let walls = Walls {
        form: &form,
        agent: agent.map_or(stand_in, |agent| agent.as_path()),
        user,
        binds: Vec::new(),
        environment: None,
        etc,
        joins: Vec::new(),
        scratch: 1 << 20,
        bundle: None,
        tell_pid: false,
    };
    let line = if agent.is_some() {
        walls.command(&arguments)
    } else {
        walls.command(&["true".into()])
    };
    match run(&line).await {
        Ok(()) => Ok(form),
        Err(said) => {
            let restricted = std::fs::read_to_string(RESTRICTION).is_ok_and(|value| value.trim() == "1");
            Err(Refusal {
                why: format!("bubblewrap is installed, but a sandbox does not start: {said}."),
                fix: restricted.then(|| ALLOW_NAMESPACES.to_owned()),
            })
        }
    }
}

async fn run(line: &[std::ffi::OsString]) -> std::result::Result<(), String> {
    let (program, rest) = line.split_first().ok_or("nothing to run")?;
    let child = tokio::process::Command::new(program)
        .args(rest)
        .env_clear()
        .env("PATH", host::PATH)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let output = tokio::time::timeout(PATIENCE, collect(child))
        .await
        .map_err(|_| "it did not end in time".to_owned())??;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it says nothing").trim();
    Err(said.chars().take(300).collect())
}

/// Keeps standard input open meanwhile: its end would end the run.
async fn collect(mut child: tokio::process::Child) -> std::result::Result<std::process::Output, String> {
    let input = child.stdin.take();
    let output = child.wait_with_output().await.map_err(|error| error.to_string());
    drop(input);
    output
}

/// What the kernel's Landlock can hold, by trying to make a rule set; nothing is restricted by that.
pub(super) fn landlock_abi() -> Option<u32> {
    let strict = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    let files = strict()
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    let ports = || {
        strict()
            .handle_access(AccessNet::from_all(ABI::V4))
            .and_then(Ruleset::create)
            .is_ok()
    };
    let scopes = || {
        strict()
            .scope(Scope::from_all(ABI::V6))
            .and_then(Ruleset::create)
            .is_ok()
    };
    files.is_ok().then(|| match (ports(), scopes()) {
        (_, true) => 6,
        (true, false) => 4,
        (false, false) => 1,
    })
}

/// What sandboxes of this form promise here.
pub(super) fn guarantees(form: &Form, cgroups: &Cgroups, root: bool) -> Guarantees {
    let given = match form {
        Form::Bubblewrap(_) => bubblewrap_guarantees(),
        Form::Landlock { .. } => landlock_guarantees(landlock_abi().unwrap_or(0)),
    };
    limits(given, cgroups, root)
        .with(
            Guarantee::OutlivesServer,
            "its agent is a process of its own that the server only speaks to",
        )
        .with(
            Guarantee::DiskSampled,
            "a file has a largest size (RLIMIT_FSIZE); the whole is measured and stopped",
        )
        .without(
            Guarantee::DiskLimited,
            "a directory of this machine's file system has no size of its own",
            None,
        )
}

fn bubblewrap_guarantees() -> Guarantees {
    Guarantees::default()
        .with(
            Guarantee::OwnFiles,
            "a mount namespace (bubblewrap) that shows system programs and its own folder",
        )
        .with(Guarantee::OwnProcesses, "a pid namespace (bubblewrap)")
        .with(Guarantee::NoSignals, "a pid namespace (bubblewrap)")
        .with(Guarantee::OwnNetwork, "a network namespace (bubblewrap)")
        .with(Guarantee::OwnPorts, "a network namespace (bubblewrap)")
        .with(
            Guarantee::EgressEnforced,
            "a network namespace without a way out; the server's proxy is the only one",
        )
        .with(
            Guarantee::HiddenData,
            "a mount namespace (bubblewrap) in which it does not exist",
        )
}

fn landlock_guarantees(abi: u32) -> Guarantees {
    let bubblewrap = || Some(INSTALL_BUBBLEWRAP.to_owned());
    let given = Guarantees::default()
        .with(
            Guarantee::OwnFiles,
            "Landlock rules for its own folder and system programs",
        )
        .with(Guarantee::HiddenData, "Landlock rules that leave it out")
        .without(
            Guarantee::OwnProcesses,
            "there is no pid namespace: names of other processes can be read",
            bubblewrap(),
        )
        .without(
            Guarantee::OwnNetwork,
            "there is no network namespace: ports are shared with this machine",
            bubblewrap(),
        )
        .without(
            Guarantee::EgressEnforced,
            "Landlock rules TCP alone: UDP is open",
            bubblewrap(),
        );
    let given = if abi >= 4 {
        given.with(Guarantee::OwnPorts, "Landlock rules for a range of TCP ports")
    } else {
        given.without(
            Guarantee::OwnPorts,
            "Landlock rules TCP ports from Linux 6.7 on",
            bubblewrap(),
        )
    };
    if abi >= 6 {
        given.with(Guarantee::NoSignals, "Landlock's scopes")
    } else {
        given.without(
            Guarantee::NoSignals,
            "Landlock holds signals back from Linux 6.12 on",
            bubblewrap(),
        )
    }
}

fn limits(given: Guarantees, cgroups: &Cgroups, root: bool) -> Guarantees {
    let fix = || (!root).then(|| "systemd-run --user --scope -p Delegate=yes halfway serve".to_owned());
    let given = given.with(
        Guarantee::ProcessesLimited,
        if cgroups.limits_processes() {
            "a control group (pids.max)"
        } else {
            "RLIMIT_NPROC"
        },
    );
    if cgroups.limits_memory() {
        given
            .with(Guarantee::MemoryLimited, "a control group")
            .with(Guarantee::MemorySampled, "a control group")
    } else {
        given
            .with(
                Guarantee::MemorySampled,
                "RLIMIT_DATA for each process; the whole is measured",
            )
            .without(
                Guarantee::MemoryLimited,
                "this server may not make control groups, so memory is limited for each process only",
                fix(),
            )
    }
}

/// The lines of `doctor`.
pub(super) async fn findings(inner: &Inner) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |what: &str, outcome: std::result::Result<String, Refusal>| {
        let (works, why, fix) = match outcome {
            Ok(why) => (true, why, None),
            Err(refusal) => (false, refusal.why, refusal.fix),
        };
        findings.push(Finding {
            what: what.to_owned(),
            works,
            why,
            fix,
        });
    };
    tell(
        "agent",
        match &inner.agent {
            Ok(path) => Ok(format!("{} is in place.", path.display())),
            Err(why) => Err(Refusal {
                why: format!("This server has no agent: {why}."),
                fix: Some("make build".to_owned()),
            }),
        },
    );
    tell(
        "bubblewrap",
        bubblewrap(&inner.state, inner.install, &inner.config, inner.agent.as_ref().ok())
            .await
            .map(|_| "A sandbox with all its namespaces was started and ended.".to_owned()),
    );
    tell(
        "landlock",
        landlock_abi()
            .map(|abi| {
                format!(
                    "Files{}{} can be walled off without bubblewrap.",
                    if abi >= 4 { ", TCP ports" } else { "" },
                    if abi >= 6 { ", signals" } else { "" }
                )
            })
            .ok_or_else(|| Refusal {
                why: "The kernel has no Landlock, or it is turned off.".to_owned(),
                fix: None,
            }),
    );
    tell(
        "control groups",
        match (inner.cgroups.limits_memory(), inner.cgroups.limits_processes()) {
            (true, true) => Ok("Memory and processes of a sandbox are held by the kernel as a whole.".to_owned()),
            (memory, _) => Err(Refusal {
                why: format!(
                    "This server may not make control groups for {}: limits hold for each process, and the whole is \
                     measured.",
                    if memory { "processes" } else { "memory" }
                ),
                fix: (!inner.root).then(|| "systemd-run --user --scope -p Delegate=yes halfway serve".to_owned()),
            }),
        },
    );
    tell("form in use", Ok(format!("Sandboxes use {}.", inner.form.word())));
    findings
}
