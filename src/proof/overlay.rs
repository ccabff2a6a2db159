//! Laying a solution, a wrong solution or an undo over the workspace of a running session.

use std::path::Path;

use halfway_agent::protocol::Command;

use super::run::ProofError;
use crate::content::Overlay;
use crate::sandbox::{Expect, Sandbox, Workspace, WorkspaceError};

/// How long an overlay's script may take, in milliseconds.
const SCRIPT_TIMEOUT: u64 = 120_000;

/// Removes what the overlay removes, writes its files with their modes, and runs its script in the learner's sandbox.
pub(super) async fn lay(overlay: &Overlay, sandbox: &Sandbox) -> Result<(), ProofError> {
    let workspace = &sandbox.workspace;
    for path in &overlay.remove {
        match workspace.remove(path).await {
            Ok(()) | Err(WorkspaceError::NotFound { .. }) => {}
            Err(error) => return Err(ProofError::new(format!("{path} cannot be removed: {error}"))),
        }
    }
    for path in &overlay.files {
        write(workspace, &overlay.folder, path).await?;
    }
    if overlay.run {
        run(overlay, sandbox).await?;
    }
    Ok(())
}

async fn write(workspace: &Workspace, folder: &Path, path: &Path) -> Result<(), ProofError> {
    use std::os::unix::fs::PermissionsExt;
    let source = folder.join(path);
    let broken = |error: &dyn std::fmt::Display| ProofError::new(format!("{}: {error}", source.display()));
    let bytes = tokio::fs::read(&source).await.map_err(|error| broken(&error))?;
    let mode = tokio::fs::metadata(&source)
        .await
        .map_err(|error| broken(&error))?
        .permissions()
        .mode();
    let inside = path.to_str().ok_or_else(|| broken(&"the name is not UTF-8"))?;
    if let Some((parent, _)) = inside.rsplit_once('/') {
        workspace
            .create_dir(parent, true)
            .await
            .map_err(|error| broken(&error))?;
    }
    workspace
        .write(inside, bytes, Expect::Anything)
        .await
        .map_err(|error| broken(&error))?;
    workspace
        .set_mode(inside, mode & 0o777)
        .await
        .map_err(|error| broken(&error))
}

async fn run(overlay: &Overlay, sandbox: &Sandbox) -> Result<(), ProofError> {
    let path = overlay.folder.join("run.sh");
    let script = tokio::fs::read_to_string(&path)
        .await
        .map_err(|error| ProofError::new(format!("{}: {error}", path.display())))?;
    let command = Command {
        argv: vec!["sh".to_owned(), "-ec".to_owned(), script],
        timeout_ms: Some(SCRIPT_TIMEOUT),
        ..Command::default()
    };
    let result = sandbox
        .agent
        .command(&command)
        .await
        .map_err(|error| ProofError::new(format!("{} cannot be run: {error}", path.display())))?;
    if result.exit_code == Some(0) {
        return Ok(());
    }
    Err(ProofError::new(format!(
        "{} ended with {}: {}",
        path.display(),
        result
            .exit_code
            .map_or_else(|| "a signal or its time limit".to_owned(), |code| code.to_string()),
        result.stderr.data
    )))
}
