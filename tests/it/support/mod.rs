//! What every integration test may use.

pub mod database;
pub mod packages;
pub mod postgres;

use std::io::Write;
use std::path::{Path, PathBuf};

/// Leaves the test, saying why, where the machine lacks `$part`; fails instead where `HALFWAY_REQUIRE` names the part or is `all`.
///
/// `support::has_*` functions tell whether a part is there: `require!("bubblewrap", support::has_program("bwrap"), "apt-get install bubblewrap")`.
#[macro_export]
macro_rules! require {
    ($part:expr, $present:expr, $fix:expr) => {
        if !$present {
            $crate::support::skip($part, $fix, module_path!(), line!());
            return;
        }
    };
}

/// Says and counts that a test is skipped.
///
/// # Panics
/// Where `HALFWAY_REQUIRE` demands the part.
pub fn skip(part: &str, fix: &str, module: &str, line: u32) {
    let required = std::env::var("HALFWAY_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name == "all" || name == part),
        "{part} is required here (HALFWAY_REQUIRE={required}) and missing: {fix}"
    );
    let said = format!("SKIPPED {module}:{line} needs {part}: {fix}");
    println!("{said}");
    if let Some(path) = std::env::var_os("HALFWAY_SKIPPED") {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(PathBuf::from(path));
        if let Ok(mut file) = file {
            drop(writeln!(file, "{said}"));
        }
    }
}

/// Whether there is an agent to start.
#[must_use]
pub fn has_agent() -> bool {
    let state = tempfile::tempdir().unwrap();
    halfway::sandbox::agent_binary::install(state.path(), None).is_ok()
}

/// Whether a program is on the path.
#[must_use]
pub fn has_program(name: &str) -> bool {
    find_program(name).is_some()
}

/// Where a program is: on the path, or where Debian keeps it beside the path.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(debian_postgres())
        .map(|directory| directory.join(name))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn debian_postgres() -> Vec<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    versions.reverse();
    versions
}
