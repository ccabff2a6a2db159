//! A driver on a state directory of its own, and shorthands for what the tests ask of a sandbox.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use halfway::base::{Clock, InstallId, Random, SessionId};
use halfway::model::{Egress, LabId, Limits};
use halfway::sandbox::{
    Bind, Driver, EgressConfig, FormChoice, NoLog, Place, ProcessConfig, ProcessDriver, RunLimits, RunSpec, Sandbox,
    SandboxSpec,
};
use halfway_agent::protocol::{Command, CommandResult, Encoding};

/// An installation that goes with the test.
pub struct Fixture {
    pub state: tempfile::TempDir,
    pub install: InstallId,
    pub clock: Clock,
    pub random: Random,
}

impl Fixture {
    pub fn new() -> Self {
        let (clock, random) = (Clock::system(), Random::system());
        Self {
            state: tempfile::tempdir().unwrap(),
            install: InstallId::fresh(&clock, &random),
            clock,
            random,
        }
    }

    pub fn session(&self) -> SessionId {
        SessionId::fresh(&self.clock, &self.random)
    }

    pub async fn process(&self, form: FormChoice) -> ProcessDriver {
        self.process_with(form, ProcessConfig::default().users).await
    }

    /// With users of that range.
    pub async fn process_with(&self, form: FormChoice, users: (u32, u32)) -> ProcessDriver {
        let config = ProcessConfig {
            form,
            users,
            ..ProcessConfig::default()
        };
        ProcessDriver::open(
            self.state.path(),
            self.install,
            config,
            EgressConfig::default(),
            self.random.clone(),
        )
        .await
        .unwrap()
    }

    #[expect(clippy::unused_self, reason = "reads better beside `session`")]
    pub fn spec(&self, session: SessionId) -> SandboxSpec {
        SandboxSpec {
            session,
            lab: LabId("conformance".to_owned()),
            egress: Egress::None,
            limits: Limits {
                memory: 256 << 20,
                disk: 64 << 20,
                processes: 64,
                ..Limits::default()
            },
            environment: None,
            variables: BTreeMap::new(),
        }
    }
}

pub use crate::support::has_agent;

pub async fn started(driver: &dyn Driver, spec: &SandboxSpec) -> Sandbox {
    driver.create(spec, &NoLog).await.unwrap();
    driver.connect(spec.session).await.unwrap()
}

/// Runs a shell line inside.
pub async fn shell(sandbox: &Sandbox, line: &str) -> CommandResult {
    let command = Command {
        argv: vec!["/bin/sh".to_owned(), "-c".to_owned(), line.to_owned()],
        timeout_ms: Some(20_000),
        ..Command::default()
    };
    sandbox.agent.command(&command).await.unwrap()
}

/// Its standard output, trimmed; the rest is shown if it fails.
pub async fn said(sandbox: &Sandbox, line: &str) -> String {
    let result = shell(sandbox, line).await;
    assert_eq!(result.exit_code, Some(0), "{line}: {result:?}");
    assert_eq!(result.stdout.encoding, Encoding::Text, "{line}");
    result.stdout.data.trim().to_owned()
}

pub async fn fails(sandbox: &Sandbox, line: &str) {
    let result = shell(sandbox, line).await;
    assert_ne!(result.exit_code, Some(0), "{line} must fail: {result:?}");
}

pub fn run(session: SessionId, workspace: &Path, argv: &[&str]) -> RunSpec {
    RunSpec {
        session,
        binds: vec![Bind {
            place: Place::Workspace,
            host: workspace.to_owned(),
            writable: true,
        }],
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        directory: Place::Workspace,
        environment: None,
        variables: BTreeMap::new(),
        timeout: Duration::from_secs(20),
        limits: RunLimits::default(),
        output_cap: 64 * 1024,
    }
}
