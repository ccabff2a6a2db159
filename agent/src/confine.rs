//! What the agent does to itself before it serves, so that everything it starts inherits it: own process
//! session, no new privileges, not dumpable, resource limits, Landlock. Never weakens anything, and
//! reports only what it saw succeed.

use std::path::{Path, PathBuf};

use halfway_agent::protocol::{Enforcement, Shortfall};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, NetPort, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope,
};
use rustix::{
    process::{Resource, Rlimit},
    thread::{CapabilitySet, CapabilitySets},
};

use crate::{
    options::{Landlock, Limits, Options, Proxy},
    process,
};

/// What is in force, and what is not though it might be expected.
#[derive(Debug, Default)]
pub struct Confinement {
    pub enforced: Vec<Enforcement>,
    pub missing: Vec<Shortfall>,
}

/// Confines this process for good. Must run while it has one thread, after every file and socket of its
/// own that lies outside the walls was opened.
///
/// # Errors
/// One sentence for the operator: a limit or wall that was asked for cannot be had at all.
pub fn confine(options: &Options) -> Result<Confinement, String> {
    let mut confinement = Confinement::default();
    // Fails only for a group leader, which then is in a session that the driver chose.
    let _ = rustix::process::setsid();
    if std::process::id() != 1 {
        // Orphans stay below the agent, where they are listed, ended and reaped.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|error| format!("cannot become the reaper of orphans: {error}"))?;
    }
    rustix::thread::set_no_new_privs(true).map_err(|error| format!("cannot give up new privileges: {error}"))?;
    confinement.enforced.push(Enforcement::NoNewPrivileges);
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| format!("cannot close itself to tracing: {error}"))?;
    confinement.enforced.push(Enforcement::NotDumpable);
    if options.token.is_some() {
        confinement.enforced.push(Enforcement::Token);
    }
    limit(&options.limits, &mut confinement)?;
    if let Some(form) = &options.landlock {
        wall_off(form, options.proxy.as_ref(), &mut confinement)?;
        drop_capabilities(&mut confinement)?;
    }
    Ok(confinement)
}

/// Root behind the walls would still read other processes' memory maps and load kernel modules.
///
/// One stays where the driver of an ordinary user has handed it down on purpose: walking through directories of root,
/// behind which the workspace lies. What can be opened there is Landlock's to say.
fn drop_capabilities(confinement: &mut Confinement) -> Result<(), String> {
    let root = rustix::process::getuid().is_root();
    let walks = !root && rustix::thread::capability_is_in_ambient_set(CapabilitySet::DAC_READ_SEARCH).unwrap_or(false);
    let left = if walks {
        CapabilitySet::DAC_READ_SEARCH
    } else {
        CapabilitySet::empty()
    };
    for capability in CapabilitySet::all().difference(left).iter() {
        // Those that this kernel does not know, and all of them for an ordinary user, cannot be taken
        // away; the latter has none to begin with, and no new privileges to get any.
        let _ = rustix::thread::remove_capability_from_bounding_set(capability);
        let _ = rustix::thread::configure_capability_in_ambient_set(capability, false);
    }
    let kept = CapabilitySets {
        effective: left,
        permitted: left,
        inheritable: left,
    };
    rustix::thread::set_capabilities(None, kept).map_err(|error| format!("cannot drop capabilities: {error}"))?;
    if walks {
        confinement.missing.push(Shortfall {
            kind: "no_capabilities".to_owned(),
            reason: "CAP_DAC_READ_SEARCH is kept to walk through directories of root".to_owned(),
        });
        return Ok(());
    }
    // What root could get back when it starts a program.
    let left = CapabilitySet::all()
        .iter()
        .any(|one| rustix::thread::capability_is_in_bounding_set(one).unwrap_or(false));
    if root && left {
        return Err("cannot drop capabilities for good; start the agent as an ordinary user".into());
    }
    confinement.enforced.push(Enforcement::NoCapabilities);
    Ok(())
}

fn limit(limits: &Limits, confinement: &mut Confinement) -> Result<(), String> {
    let _ = rustix::process::setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    if let Some(processes) = limits.processes {
        // The kernel counts everything that this user runs in this user namespace, so what already
        // runs comes on top. In a pid namespace of its own that is the agent alone.
        let limit = set(
            Resource::Nproc,
            processes.saturating_add(process::threads_of_this_user()),
            "--limit-processes",
        )?;
        if rustix::process::getuid().is_root() {
            confinement.missing.push(Shortfall {
                kind: "processes".to_owned(),
                reason: "the kernel does not hold root to a process limit; start the agent as an ordinary user"
                    .to_owned(),
            });
        } else {
            confinement.enforced.push(Enforcement::Processes { limit });
        }
    }
    if let Some(bytes) = limits.memory_bytes {
        // RLIMIT_DATA and not RLIMIT_AS: Node, Go and Java reserve address space that they never touch.
        let bytes = set(Resource::Data, bytes, "--limit-memory-bytes")?;
        confinement.enforced.push(Enforcement::MemoryPerProcess { bytes });
    }
    if let Some(bytes) = limits.file_bytes {
        let bytes = set(Resource::Fsize, bytes, "--limit-file-bytes")?;
        confinement.enforced.push(Enforcement::FileSize { bytes });
    }
    if let Some(limit) = limits.open_files {
        let limit = set(Resource::Nofile, limit, "--limit-open-files")?;
        confinement.enforced.push(Enforcement::OpenFiles { limit });
    }
    Ok(())
}

/// Sets soft and hard limit, not above the hard limit that holds already; says what it became.
fn set(resource: Resource, wanted: u64, argument: &str) -> Result<u64, String> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let value = hard.map_or(wanted, |hard| wanted.min(hard));
    rustix::process::setrlimit(
        resource,
        Rlimit {
            current: Some(value),
            maximum: Some(value),
        },
    )
    .map_err(|error| format!("{argument}: {error}"))?;
    Ok(value)
}

/// What every terminal needs whatever the driver lists.
const DEVICES: [&str; 8] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

fn wall_off(form: &Landlock, proxy: Option<&Proxy>, confinement: &mut Confinement) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!("Landlock cannot wall off files here (it needs Linux 5.13 with Landlock enabled): {error}")
    };
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .map_err(|error| failed(&error))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V9))
        .map_err(|error| failed(&error))?
        .scope(Scope::from_all(ABI::V6))
        .map_err(|error| failed(&error))?;
    if form.ports.is_some() {
        ruleset = ruleset
            .handle_access(AccessNet::from_all(ABI::V4))
            .map_err(|error| failed(&error))?;
    }
    let mut ruleset = ruleset.create().map_err(|error| failed(&error))?;

    let writable = AccessFs::from_all(ABI::V9) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let readable = AccessFs::from_read(ABI::V9);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::ReadDir | AccessFs::IoctlDev;
    for path in &form.writable {
        ruleset =
            allow(ruleset, path, writable).map_err(|error| format!("--landlock-rw {}: {error}", path.display()))?;
    }
    let devices = DEVICES.iter().map(|path| (PathBuf::from(path), device));
    let readable = form
        .readable
        .iter()
        .cloned()
        .chain([PathBuf::from("/proc")])
        .map(|path| (path, readable));
    for (path, access) in devices.chain(readable) {
        // A list of usual places may name some that this machine does not have.
        if path.exists() {
            ruleset = allow(ruleset, &path, access)
                .map_err(|error| format!("Landlock rule for {}: {error}", path.display()))?;
        }
    }
    if let Some(proxy) = proxy {
        // The directory, not the socket: a server that starts again binds a new one.
        let directory = proxy.socket.parent().unwrap_or(Path::new("/"));
        ruleset = allow(ruleset, directory, AccessFs::ResolveUnix.into())
            .map_err(|error| format!("--proxy-socket in {}: {error}", directory.display()))?;
    }
    if let Some((from, to)) = form.ports {
        let own = (from..=to).map(|port| NetPort::new(port, AccessNet::from_all(ABI::V4)));
        let proxy = proxy.map(|proxy| NetPort::new(proxy.port, AccessNet::ConnectTcp));
        for rule in own.chain(proxy) {
            ruleset = ruleset
                .add_rule(rule)
                .map_err(|error| format!("Landlock rule for a port: {error}"))?;
        }
    }
    let status = ruleset.restrict_self().map_err(|error| failed(&error))?;
    let LandlockStatus::Available { effective_abi, .. } = status.landlock else {
        return Err(failed(&"the kernel does not offer it"));
    };
    report(effective_abi, form, proxy, confinement);
    Ok(())
}

fn allow(ruleset: RulesetCreated, path: &Path, access: landlock::BitFlags<AccessFs>) -> Result<RulesetCreated, String> {
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(ABI::V9)
    };
    let opened = PathFd::new(path).map_err(|error| error.to_string())?;
    ruleset
        .add_rule(PathBeneath::new(opened, access))
        .map_err(|error| error.to_string())
}

fn report(abi: ABI, form: &Landlock, proxy: Option<&Proxy>, confinement: &mut Confinement) {
    let mut tell = |least: ABI, enforcement: Option<Enforcement>, kind: &str, reason: &str| match enforcement {
        Some(enforcement) if abi >= least => confinement.enforced.push(enforcement),
        _ => confinement.missing.push(Shortfall {
            kind: kind.to_owned(),
            reason: reason.to_owned(),
        }),
    };
    tell(
        ABI::V1,
        Some(Enforcement::Files { abi: abi as u32 }),
        "files",
        "the kernel has no Landlock",
    );
    tell(
        ABI::V4,
        form.ports.map(|(from, to)| Enforcement::TcpPorts {
            from,
            to,
            proxy: proxy.map(|proxy| proxy.port),
        }),
        "tcp_ports",
        if form.ports.is_some() {
            "TCP ports need Landlock ABI 4 (Linux 6.7)"
        } else {
            "the driver named no ports, so every TCP port is open"
        },
    );
    let scopes = "needs Landlock ABI 6 (Linux 6.12)";
    tell(ABI::V6, Some(Enforcement::Signals), "signals", scopes);
    tell(ABI::V6, Some(Enforcement::AbstractSockets), "abstract_sockets", scopes);
    tell(
        ABI::V9,
        Some(Enforcement::PathSockets),
        "path_sockets",
        "unix sockets of the same user can be connected to by path before Landlock ABI 9; \
         the agent's own ask for its token",
    );
    for (kind, reason) in [
        (
            "own_network",
            "no network namespace: UDP is open, and so is everything that Landlock does not rule",
        ),
        (
            "own_processes",
            "no pid namespace: names and arguments of the machine's processes can be read",
        ),
        (
            "file_metadata",
            "Landlock does not hide names, sizes and times of files, and chmod and chown still reach them",
        ),
    ] {
        confinement.missing.push(Shortfall {
            kind: kind.to_owned(),
            reason: reason.to_owned(),
        });
    }
}
