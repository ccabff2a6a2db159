//! `halfway doctor`: what works on this machine, what does not, why, and the fix.

use std::process::ExitCode;

use clap::Args;

use crate::app::App;
use crate::app::config::Config;
use crate::sandbox::{Finding, guarantees};

/// Say what works on this machine.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// As JSON, a list of {driver, what, works, why, fix}
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, false).await?;
        let findings = app.driver.examine().await;
        let driver = app.driver.kind();
        if self.json {
            let lines: Vec<_> = findings
                .iter()
                .map(|finding| {
                    serde_json::json!({
                        "driver": driver.word(),
                        "what": finding.what,
                        "works": finding.works,
                        "why": finding.why,
                        "fix": finding.fix,
                    })
                })
                .collect();
            println!("{}", serde_json::to_string_pretty(&lines)?);
        } else {
            println!("state directory   {}", app.state.path.display());
            println!("labs              {}", app.config.labs.display());
            let catalogue = app.library.catalogue();
            println!(
                "                  {} can be served, {} cannot be read",
                catalogue.labs.len(),
                catalogue.broken.len()
            );
            println!("\ndriver {driver}");
            for finding in &findings {
                print!("{}", line(finding));
            }
            println!("\npromises of its sandboxes");
            let given = app.driver.guarantees();
            for (guarantee, how) in given.given() {
                println!("  yes  {}: {how}", guarantees::words(guarantee));
            }
            for (guarantee, missing) in given.all_missing() {
                println!("  no   {}: {}", guarantees::words(guarantee), missing.why);
                if let Some(fix) = &missing.fix {
                    println!("         fix: {fix}");
                }
            }
        }
        app.store.close().await;
        // Something that is missing is no failure as long as labs can run.
        let usable = findings.iter().any(|finding| finding.works);
        Ok(if usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn line(finding: &Finding) -> String {
    let works = if finding.works { "yes" } else { "no " };
    let fix = finding.fix.as_ref().map(|fix| format!("         fix: {fix}\n"));
    format!(
        "  {works}  {}: {}\n{}",
        finding.what,
        finding.why,
        fix.unwrap_or_default()
    )
}
