//! The `command` probe: a program run by the agent in the learner's sandbox. What it says is the learner's to
//! influence, so it is data and never evidence by itself.

use halfway_agent::protocol::{Command, Encoding, ErrorKind, Output};
use serde_json::json;

use super::no_agent;
use crate::model::Observation;
use crate::model::check::CommandProbe;
use crate::sandbox::{Sandbox, SandboxError};

/// Bytes kept of each stream.
const OUTPUT: usize = 256 << 10;

/// Runs it.
pub(super) async fn observe(probe: &CommandProbe, sandbox: Option<&Sandbox>) -> Observation {
    let Some(sandbox) = sandbox else { return no_agent() };
    let timeout = u64::try_from(probe.timeout.as_millis()).unwrap_or(u64::MAX);
    let command = Command {
        argv: probe.run.clone(),
        timeout_ms: Some(timeout),
        output_limit: Some(OUTPUT),
        ..Command::default()
    };
    // The agent ends it in time; this is for an agent that does not.
    let patience = probe.timeout + std::time::Duration::from_secs(5);
    match tokio::time::timeout(patience, sandbox.agent.command(&command)).await {
        Ok(Ok(result)) => Observation::Value(json!({
            // A shell's way to tell a signal.
            "exit_code": result.exit_code.or(result.signal.map(|signal| 128 + signal)),
            "stdout": text(&result.stdout),
            "stderr": text(&result.stderr),
            "timed_out": result.timed_out,
        })),
        Ok(Err(error)) => failed(&error, probe),
        Err(_) => Observation::Blocked("the lab does not answer".to_owned()),
    }
}

fn failed(error: &SandboxError, probe: &CommandProbe) -> Observation {
    let program = probe.run.first().map(String::as_str).unwrap_or_default();
    match error {
        SandboxError::Agent {
            kind: ErrorKind::CannotStart | ErrorKind::NotFound,
            ..
        } => Observation::Absent(format!("`{program}` could not be started")),
        SandboxError::Agent {
            kind: ErrorKind::Limit, ..
        } => Observation::Blocked("a limit of the lab is reached, so that no program can be started".to_owned()),
        SandboxError::Agent { .. } => Observation::Fault(error.to_string()),
        SandboxError::NotRunning | SandboxError::AgentUnreachable(_) | SandboxError::AgentVersion { .. } => {
            Observation::Blocked("the lab does not answer".to_owned())
        }
        other => Observation::Fault(other.to_string()),
    }
}

fn text(output: &Output) -> String {
    use base64::Engine as _;
    match output.encoding {
        Encoding::Text => output.data.clone(),
        Encoding::Base64 => base64::engine::general_purpose::STANDARD
            .decode(&output.data)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default(),
    }
}
