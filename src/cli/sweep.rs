//! `halfway sweep`: removes what bears this installation's id and no session owns.

use std::process::ExitCode;

use clap::Args;

use crate::app::App;
use crate::app::config::Config;
use crate::lab;

/// Remove what no session owns.
#[derive(Debug, Args)]
pub(super) struct Sweep {}

impl Sweep {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        // A server that runs sweeps by itself; two at once would take each other's new sessions for lost ones.
        let app = App::open(config, true).await?;
        let swept = lab::sweep(&app.store, &*app.driver, &app.state.path, app.clock.now())
            .await
            .map_err(|error| anyhow::anyhow!("sweeping stopped: {error}"))?;
        let proofs = app.sweep_proofs().await;
        app.store.close().await;
        if swept.is_empty() && proofs.is_empty() {
            println!("nothing to remove");
        } else {
            print!("{}", told(&swept, &proofs));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// One line a thing.
fn told(swept: &lab::Swept, proofs: &[String]) -> String {
    let sessions = swept
        .sessions
        .iter()
        .map(|session| format!("removed the sandbox of session {session}\n"));
    let exports = swept
        .exports
        .iter()
        .map(|name| format!("removed the unfinished export {name}\n"));
    let folders = swept
        .folders
        .iter()
        .map(|name| format!("removed the folder {name}, which was kept for 30 days\n"));
    let proofs = proofs
        .iter()
        .map(|name| format!("removed what the proof {name} had left\n"));
    sessions.chain(exports).chain(folders).chain(proofs).collect()
}
