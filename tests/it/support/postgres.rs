//! A real PostgreSQL server of this test run's own, and a fresh database for each test that asks.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use halfway::base::Secret;
use halfway::store::DatabaseAddress;

use super::find_program;

/// The account that runs the server where the tests run as root, which PostgreSQL refuses: `nobody` of Debian.
const ORDINARY: u32 = 65534;

/// What to say where it is missing.
pub const FIX: &str = "apt-get install postgresql";

/// Whether the programs are there.
#[must_use]
pub fn present() -> bool {
    ["initdb", "postgres", "psql"]
        .iter()
        .all(|name| find_program(name).is_some())
}

/// The address of a fresh, empty database.
///
/// # Panics
/// Where the server does not start.
#[must_use]
pub fn fresh_database() -> DatabaseAddress {
    static SERVER: OnceLock<PathBuf> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let directory = SERVER.get_or_init(start);
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let made = program("psql")
        .args([
            "-h",
            directory.to_str().unwrap(),
            "-U",
            "halfway",
            "-d",
            "postgres",
            "-qc",
        ])
        .arg(format!("create database {name}"))
        .status()
        .unwrap();
    assert!(made.success(), "PostgreSQL makes no database");
    DatabaseAddress::Postgres(Secret::new(format!(
        "postgres://halfway@localhost/{name}?host={}",
        directory.display()
    )))
}

fn program(name: &str) -> Command {
    Command::new(find_program(name).unwrap_or_else(|| panic!("{name} is missing: {FIX}")))
}

fn as_ordinary_user(command: &mut Command) -> &mut Command {
    if running_as_root() {
        command.uid(ORDINARY).gid(ORDINARY);
    }
    command
}

fn running_as_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Starts a server that ends, and removes its files, when this process ends: its guard reads a pipe that closes then.
#[expect(clippy::zombie_processes, reason = "the guard ends with this process, after it")]
fn start() -> PathBuf {
    let directory = tempfile::Builder::new().prefix("halfway-pg-").tempdir().unwrap().keep();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).unwrap();
    if running_as_root() {
        chown(&directory, Some(ORDINARY), Some(ORDINARY)).unwrap();
    }
    let data = directory.join("data");
    let made = as_ordinary_user(
        program("initdb")
            .args(["--no-sync", "-A", "trust", "-U", "halfway", "-E", "UTF8", "-D"])
            .arg(&data),
    )
    .stdout(Stdio::null())
    .current_dir("/")
    .status()
    .unwrap();
    assert!(made.success(), "initdb failed");
    let mut guard = as_ordinary_user(Command::new("sh").arg("-c").arg(GUARD).arg("guard").args([
        find_program("postgres").unwrap().as_path(),
        &data,
        &directory,
    ]))
    .current_dir("/")
    .stdin(Stdio::piped())
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    wait_until_ready(&mut BufReader::new(guard.stderr.take().unwrap()), &directory);
    // The pipe stays open, and the guard with it, until this process ends.
    std::mem::forget(guard.stdin.take());
    directory
}

const GUARD: &str = r#"
"$1" -D "$2" -k "$3" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off &
pid=$!
cat > /dev/null
kill -INT $pid
wait $pid
rm -rf "$3"
"#;

fn wait_until_ready(log: &mut impl BufRead, directory: &Path) {
    let mut line = String::new();
    let mut all = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        all.push_str(&line);
        if line.contains("ready to accept connections") {
            return;
        }
        line.clear();
    }
    panic!("PostgreSQL in {} does not start: {all}", directory.display());
}
