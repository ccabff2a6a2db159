//! The agent's executable: embedded in the server by `build.rs`, or found beside it while developing.
//!
//! Written once to `<state>/bin/halfway-agent-<hash>`, so that every running sandbox keeps the agent that it was
//! started with.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::SandboxError;
use super::workspace::FileHash;

/// The executable's bytes, where the build was given one.
static EMBEDDED: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/agent.rs"));

/// Names another executable at run time, before the embedded one.
const VARIABLE: &str = "HALFWAY_AGENT";

/// Places relative to the server's executable where a build of the repository leaves the agent.
const BESIDE: [&str; 5] = [
    "../agent/release/halfway-agent",
    "../../agent/release/halfway-agent",
    "halfway-agent",
    "../halfway-agent",
    "../libexec/halfway/halfway-agent",
];

/// What is missing, and the command that brings it.
const MISSING: &str = "it was built without one, and none lies beside it; build it with `make build`, or name one in \
                       HALFWAY_AGENT";

/// Puts the agent in place and answers its path. `configured` comes first, then the variable, then the embedded one,
/// then what lies beside the server.
///
/// # Errors
/// [`SandboxError::AgentMissing`], or when the state directory cannot be written.
pub fn install(state: &Path, configured: Option<&Path>) -> Result<PathBuf, SandboxError> {
    let bytes = match configured
        .map(Path::to_owned)
        .or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from))
    {
        Some(path) => std::fs::read(&path)
            .map_err(|error| SandboxError::AgentMissing(format!("{} cannot be read: {error}", path.display())))?,
        None => match EMBEDDED {
            Some(bytes) => bytes.to_vec(),
            None => beside().ok_or_else(|| SandboxError::AgentMissing(MISSING.to_owned()))?,
        },
    };
    if !bytes.starts_with(b"\x7fELF") {
        return Err(SandboxError::AgentMissing(
            "the agent is no executable of Linux".to_owned(),
        ));
    }
    write(state, &bytes)
}

fn beside() -> Option<Vec<u8>> {
    let executable = std::env::current_exe().ok()?;
    let directory = executable.parent()?;
    BESIDE
        .iter()
        .find_map(|place| std::fs::read(directory.join(place)).ok())
}

fn write(state: &Path, bytes: &[u8]) -> Result<PathBuf, SandboxError> {
    let directory = state.join("bin");
    let hash = FileHash::of(bytes).to_string();
    let path = directory.join(format!("halfway-agent-{}", &hash[..16]));
    let whole = std::fs::read(&path).is_ok_and(|found| FileHash::of(&found).to_string() == hash);
    if whole {
        return Ok(path);
    }
    std::fs::create_dir_all(&directory).map_err(SandboxError::at("cannot make", &directory))?;
    let temporary = directory.join(format!(".halfway-agent-{}", std::process::id()));
    let put = || -> std::io::Result<()> {
        let mut file = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o755)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // Whatever the umask is: the learner's user must be able to run it.
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755))?;
        std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o755))?;
        std::fs::rename(&temporary, &path)
    };
    put().map_err(SandboxError::at("cannot write the agent to", &path))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_copy_is_written_again() {
        let state = tempfile::tempdir().unwrap();
        let source = state.path().join("agent");
        std::fs::write(&source, b"\x7fELF and more").unwrap();
        let path = install(state.path(), Some(&source)).unwrap();
        std::fs::write(&path, b"damaged").unwrap();
        assert_eq!(install(state.path(), Some(&source)).unwrap(), path);
        assert_eq!(std::fs::read(&path).unwrap(), b"\x7fELF and more");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let source = state.path().join("agent");
        std::fs::write(&source, "#!/bin/sh").unwrap();
        assert!(matches!(
            install(state.path(), Some(&source)),
            Err(SandboxError::AgentMissing(_))
        ));
        assert!(install(state.path(), Some(&state.path().join("absent"))).is_err());
    }
}
