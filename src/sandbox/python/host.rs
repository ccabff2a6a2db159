//! This machine's Python, on which environments stand.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::sandbox::error::SandboxError;

/// Names under which a fitting Python may be found, in order of preference.
const NAMES: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
/// Minor versions for which labs' requirements are locked.
const VERSIONS: std::ops::RangeInclusive<u32> = 11..=14;
const PATIENCE: Duration = Duration::from_secs(20);
const INSTALL: &str = "sudo apt-get install python3";

/// One line each; the base executable, as `python3` may itself be of an environment.
const ASK: &str = "import sys, platform\n\
                   print(getattr(sys, '_base_executable', sys.executable))\n\
                   print(sys.base_prefix)\n\
                   print('%d.%d.%d' % sys.version_info[:3])\n\
                   print(sys.implementation.cache_tag + '-' + platform.machine())";

/// A Python that labs can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostPython {
    pub executable: PathBuf,
    pub base: PathBuf,
    /// `3.11.7`
    pub version: String,
    /// Interpreter and machine, by which environments differ.
    pub tag: String,
}

/// The first fitting one.
pub(super) async fn find() -> Result<HostPython, SandboxError> {
    let mut unfit = Vec::new();
    for name in NAMES {
        match ask(name).await {
            Some(python) if fits(&python.version) => return Ok(python),
            Some(python) => unfit.push(python.version),
            None => {}
        }
    }
    let message = if unfit.is_empty() {
        "there is no Python 3 on this machine".to_owned()
    } else {
        format!(
            "this machine has Python {}, and labs need 3.11 to 3.14",
            unfit.join(" and ")
        )
    };
    Err(SandboxError::Environment {
        message,
        fix: Some(INSTALL.to_owned()),
    })
}

fn fits(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    matches!((parts.next(), parts.next()), (Some(Ok(3)), Some(Ok(minor))) if VERSIONS.contains(&minor))
}

async fn ask(name: &str) -> Option<HostPython> {
    let program = crate::sandbox::process::program(name)?;
    let asked = tokio::process::Command::new(program)
        .args(["-I", "-c", ASK])
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    Some(HostPython {
        executable: lines.next()?.into(),
        base: lines.next()?.into(),
        version: lines.next()?.to_owned(),
        tag: lines.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_labs_are_locked_for() {
        for (version, fit) in [
            ("3.11.2", true),
            ("3.14.0", true),
            ("3.10.9", false),
            ("3.15.0", false),
            ("2.7.18", false),
        ] {
            assert_eq!(fits(version), fit, "{version}");
        }
    }
}
