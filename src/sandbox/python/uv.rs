//! Finds uv, which builds environments, or fetches it once by pinned version and hash.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::host::HostPython;
use super::say;
use crate::sandbox::driver::StepLog;
use crate::sandbox::error::SandboxError;

const VERSION: &str = "0.13.9";

/// SHA-256 of the wheels of that version for Linux.
const HASHES: [&str; 4] = [
    "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
];

/// Fetches the wheel with the standard library alone: Debian's Python has no venv, and may have no pip.
const FETCH: &str = include_str!("fetch_uv.py");

/// What brings pip, which knows where packages come from.
const INSTALL_PIP: &str = "sudo apt-get install python3-pip";

/// On the path, or in the state directory, or fetched into it.
pub(super) async fn find(state: &Path, python: &HostPython, steps: &dyn StepLog) -> Result<PathBuf, SandboxError> {
    if let Some(uv) = crate::sandbox::process::program("uv") {
        return Ok(uv);
    }
    let directory = state.join("tools").join(format!("uv-{VERSION}"));
    let uv = directory.join("uv");
    if uv.is_file() {
        return Ok(uv);
    }
    std::fs::create_dir_all(&directory).map_err(SandboxError::at("cannot make", &directory))?;
    steps.line(&format!("Fetching uv {VERSION}"));
    let mut fetch = tokio::process::Command::new(&python.executable);
    fetch
        .args(["-c", FETCH])
        .arg(&directory)
        .arg(VERSION)
        .args(HASHES)
        .current_dir("/");
    match say(fetch, Stdio::null(), "fetching uv", steps).await {
        Ok(()) if uv.is_file() => Ok(uv),
        Ok(()) => Err(missing("it did not arrive".to_owned())),
        Err(SandboxError::Environment { message, .. }) => Err(missing(message)),
        Err(other) => Err(other),
    }
}

fn missing(message: String) -> SandboxError {
    SandboxError::Environment {
        message,
        fix: Some(INSTALL_PIP.to_owned()),
    }
}
