//! `halfway lab test`: proves labs on a real driver, prints a matrix, and says by its exit code whether all is as it must be.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::{id, unknown};
use crate::app::App;
use crate::app::config::Config;
use crate::base::{Clock, Random};
use crate::content::LabEntry;
use crate::model::LabId;
use crate::proof::{self, Proof, Prover, Run, RunFolder};
use crate::sandbox::{PythonEnvironments, StepLog};

/// Runs that are enough to see that nothing hangs on one draw of the parameters.
const RUNS: usize = 2;

/// Prove labs: untouched fails, the solution passes, each wrong solution fails where it says, the undo turns red again.
#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    /// Names or folders of labs; all of them where none is named
    #[arg(id = "LAB")]
    labs: Vec<String>,
    /// Seed of the parameters of the first run; the others follow from it [default: drawn]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How often everything is done from fresh, each time with another seed; all at the same time
    #[arg(long, value_name = "N", default_value_t = RUNS)]
    runs: usize,
    /// Leave out the script that tries the thresholds on many seeds
    #[arg(long)]
    skip_seeds: bool,
}

impl Test {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        if self.runs == 0 {
            bail!("--runs 0 proves nothing; say 1 or more");
        }
        let app = App::open(config, false).await?;
        // What an earlier one left that was killed.
        app.sweep_proofs().await;
        let catalogue = app.library.catalogue();
        let chosen: Vec<LabId> = if self.labs.is_empty() {
            catalogue.labs.keys().chain(catalogue.broken.keys()).cloned().collect()
        } else {
            self.labs.iter().map(|text| id(text)).collect()
        };
        if chosen.is_empty() {
            bail!(
                "there is no lab below {}; name another folder with --labs",
                app.config.labs.display()
            );
        }
        let mut all_hold = true;
        for id in &chosen {
            if catalogue.broken.contains_key(id) {
                println!("{id}: NOT proven, its files have errors: halfway lab lint {id}");
                all_hold = false;
                continue;
            }
            let entry = catalogue
                .labs
                .get(id)
                .ok_or_else(|| anyhow!("{}", unknown(id, catalogue.labs.keys(), &app.config)))?;
            let proof = self.prove(&app, entry).await?;
            print!("{}", proof::table(&proof));
            println!();
            proof
                .save(&app.state.path)
                .with_context(|| format!("cannot keep the proof in {}", app.state.path.display()))?;
            all_hold &= proof.holds();
        }
        app.store.close().await;
        Ok(if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn prove(&self, app: &App, entry: &Arc<LabEntry>) -> anyhow::Result<Proof> {
        let lab = &entry.lab;
        if let Some(environment) = &lab.needs.environment {
            let path = lab.folder.join(&environment.requirements);
            let requirements = tokio::fs::read(&path)
                .await
                .with_context(|| format!("cannot read {}", path.display()))?;
            app.environments
                .ensure(&requirements, &Lines)
                .await
                .with_context(|| format!("cannot build the environment of {}", lab.id))?;
        }
        let folder = RunFolder::make(&app.state.path)
            .with_context(|| format!("cannot write in {}", app.state.path.display()))?;
        let from = app.clock.now();
        let first = self.seed.unwrap_or_else(|| app.random.number() >> 16);
        let (runs, seeds) = tokio::join!(
            futures_util::future::join_all((0..self.runs).map(|number| run(
                app,
                entry,
                folder.path(),
                number,
                first.wrapping_add(number as u64)
            ))),
            self.seeds(app, entry, folder.path())
        );
        Ok(Proof {
            lab: lab.id.clone(),
            hash: lab.hash.clone(),
            at: app.clock.now(),
            driver: app.driver.kind().word().to_owned(),
            runs: runs.into_iter().collect::<anyhow::Result<_>>()?,
            seeds: seeds?,
            took: u64::try_from(app.clock.now().since(from).as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn seeds(&self, app: &App, entry: &LabEntry, folder: &Path) -> anyhow::Result<Option<proof::SeedReport>> {
        if self.skip_seeds {
            return Ok(None);
        }
        let prover = open(app, &folder.join("seeds")).await?;
        let report = prover.seeds(&entry.lab).await;
        close(prover).await;
        Ok(report?)
    }
}

/// One run on a state directory of its own, which bears another installation's id: a server that runs meanwhile
/// neither sees it nor sweeps it away.
async fn run(app: &App, entry: &LabEntry, folder: &Path, number: usize, seed: u64) -> anyhow::Result<Run> {
    let prover = open(app, &folder.join(number.to_string())).await?;
    let run = prover.run(entry, seed, &|line| eprintln!("{line}")).await;
    close(prover).await;
    Ok(run)
}

async fn open(app: &App, state: &Path) -> anyhow::Result<Prover> {
    let config = Config {
        state: state.to_owned(),
        database: None,
        ..app.config.clone()
    };
    let mut own = App::open(config, true).await?;
    own.environments = PythonEnvironments::new(&app.state.path);
    let labs = own.labs()?;
    Ok(Prover {
        labs,
        store: own.store.clone(),
        driver: own.driver.clone(),
        environments: own.environments.clone(),
        clock: Clock::system(),
        random: Random::system(),
        scratch: state.join("scratch"),
    })
}

async fn close(prover: Prover) {
    prover.labs.stop().await;
    prover.store.close().await;
}

/// What building an environment says.
struct Lines;

impl StepLog for Lines {
    fn line(&self, text: &str) {
        eprintln!("{text}");
    }
}
