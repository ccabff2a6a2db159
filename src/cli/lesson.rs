//! `halfway lesson …`: for authors of lessons.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use crate::app::App;
use crate::app::config::Config;
use crate::base::{Clock, Random};
use crate::content::{Catalogue, LessonEntry};
use crate::model::LabId;
use crate::model::lesson::LessonBody;
use crate::proof::RunFolder;
use crate::proof::lesson::{self, LessonProver, Limits, Measurements};
use crate::sandbox::{PythonEnvironment, StepLog};

/// For authors of lessons.
#[derive(Debug, Subcommand)]
pub(super) enum Lesson {
    /// Run every block of code in a sandbox, and hold what it prints against what the lesson shows
    Test(Test),
}

impl Lesson {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Test(command) => command.run(config).await,
        }
    }
}

/// Run every block of code in a sandbox, and hold what it prints against what the lesson shows.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Lessons as `1/slug`, or their files; without one, all
    #[arg(id = "WEEK/SLUG")]
    lessons: Vec<String>,
    /// Write what was printed into the lesson, in place of what it shows; nothing else changes
    #[arg(long)]
    update: bool,
}

impl Test {
    async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, false).await?;
        let catalogue = app.library.catalogue();
        let chosen = self.chosen(&catalogue)?;
        let mut measurements = Measurements::load(&app.state.path);
        let mut environments: BTreeMap<LabId, PythonEnvironment> = BTreeMap::new();
        let folder = RunFolder::make(&app.state.path)
            .with_context(|| format!("cannot write in {}", app.state.path.display()))?;
        // A state directory of its own bears another installation's id: a server that runs meanwhile neither sees nor
        // sweeps it.
        let own = App::open(
            Config {
                state: folder.path().join("lessons"),
                database: None,
                ..app.config.clone()
            },
            true,
        )
        .await?;
        let mut all_hold = true;
        for entry in chosen {
            let Some(body) = &entry.lesson.body else { continue };
            all_hold &= self
                .lesson(&app, &own, &entry, body, &mut environments, &mut measurements)
                .await?;
        }
        own.store.close().await;
        app.store.close().await;
        measurements
            .save(&app.state.path)
            .with_context(|| format!("cannot write in {}", app.state.path.display()))?;
        Ok(if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn chosen(&self, catalogue: &Catalogue) -> anyhow::Result<Vec<Arc<LessonEntry>>> {
        if self.lessons.is_empty() {
            return Ok(catalogue.lessons.values().cloned().collect());
        }
        let mut chosen = Vec::new();
        for name in &self.lessons {
            let (week, slug) = parts(name);
            let found: Vec<_> = catalogue
                .lessons
                .iter()
                .filter(|((number, lesson), _)| *lesson == slug && week.is_none_or(|week| week == *number))
                .map(|(_, entry)| Arc::clone(entry))
                .collect();
            if found.is_empty() {
                bail!("{}", unknown(catalogue, name, week, slug));
            }
            chosen.extend(found);
        }
        Ok(chosen)
    }

    async fn lesson(
        &self,
        app: &App,
        own: &App,
        entry: &LessonEntry,
        body: &LessonBody,
        environments: &mut BTreeMap<LabId, PythonEnvironment>,
        measurements: &mut Measurements,
    ) -> anyhow::Result<bool> {
        let (environment, limits) = match &body.environment {
            None => (None, Limits::default()),
            Some(id) => {
                let (environment, limits) = environment(app, body, id, environments).await?;
                (Some(environment), limits)
            }
        };
        let prover = LessonProver {
            driver: own.driver.clone(),
            clock: Clock::system(),
            random: Random::system(),
            limits,
        };
        let report = prover
            .prove(body, environment.as_ref())
            .await
            .with_context(|| format!("cannot try {}", body.source))?;
        println!("{}", lesson::table(&report));
        let told = lesson::complaints(&report);
        if !told.is_empty() {
            eprintln!("{told}");
        }
        if self.update && report.edits().next().is_some() {
            let file = app
                .config
                .curriculum
                .join(&entry.folder)
                .join(format!("{}.md", entry.lesson.slug));
            update(&file, entry.text(), &lesson::apply(entry.text(), report.edits()))?;
            eprintln!(
                "{}: what was printed is written; read it, and run this again",
                body.source
            );
        }
        if report.holds() {
            measurements.note(entry.week, &entry.lesson.slug, entry.hash(), report.took());
        }
        Ok(report.holds())
    }
}

/// The Python environment of a lab, built where it is not there, and what its blocks may use.
async fn environment(
    app: &App,
    body: &LessonBody,
    id: &LabId,
    built: &mut BTreeMap<LabId, PythonEnvironment>,
) -> anyhow::Result<(PythonEnvironment, Limits)> {
    let catalogue = app.library.catalogue();
    let Some(entry) = catalogue.lab(id) else {
        bail!(
            "{} runs in the environment of `{id}`, and there is no such lab",
            body.source
        );
    };
    let lab = &entry.lab;
    let mut limits = Limits::default();
    limits.run.memory = lab.limits.memory;
    limits.run.processes = lab.limits.processes;
    if let Some(environment) = built.get(id) {
        return Ok((environment.clone(), limits));
    }
    let Some(environment) = &lab.needs.environment else {
        bail!(
            "{} runs in the environment of `{id}`, and that lab has none",
            body.source
        );
    };
    let path = lab.folder.join(&environment.requirements);
    let requirements = tokio::fs::read(&path)
        .await
        .with_context(|| format!("cannot read {}", path.display()))?;
    let environment = app
        .environments
        .ensure(&requirements, &Lines)
        .await
        .with_context(|| format!("cannot build the environment of {id}"))?;
    built.insert(id.clone(), environment.clone());
    Ok((environment, limits))
}

/// Writes the lesson, unless somebody has changed it since it was read.
fn update(file: &Path, before: &str, after: &str) -> anyhow::Result<()> {
    let now = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    if now != before.as_bytes() {
        bail!(
            "{} has changed meanwhile, so nothing was written; run this again",
            file.display()
        );
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = || -> std::io::Result<()> {
        let mode = std::fs::metadata(file)?.permissions();
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut new, after.as_bytes())?;
        new.as_file().set_permissions(mode)?;
        new.persist(file).map_err(|error| error.error)?;
        Ok(())
    };
    written().with_context(|| format!("cannot write {}", file.display()))
}

/// Week and slug of `1/slug`, `w01/slug`, `curriculum/w01-name/slug.md`, or `slug`.
fn parts(name: &str) -> (Option<u8>, &str) {
    let name = name.trim_end_matches('/').trim_end_matches(".md");
    let Some((before, slug)) = name.rsplit_once('/') else {
        return (None, name);
    };
    let week = before.rsplit('/').next().unwrap_or_default();
    let digits = week.strip_prefix('w').unwrap_or(week);
    let digits = digits.split('-').next().unwrap_or_default();
    (digits.parse().ok(), slug)
}

fn unknown(catalogue: &Catalogue, name: &str, week: Option<u8>, slug: &str) -> String {
    let file = catalogue
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.file.ends_with(&format!("/{slug}.md")));
    if let Some(diagnostic) = file {
        return format!("the lesson `{name}` cannot be read: {diagnostic}");
    }
    let known: Vec<String> = catalogue
        .lessons
        .keys()
        .filter(|(number, _)| week.is_none_or(|week| week == *number))
        .map(|(number, slug)| format!("`{number}/{slug}`"))
        .collect();
    format!(
        "there is no lesson `{name}` that is written; there is {}",
        if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        }
    )
}

/// What building an environment says.
struct Lines;

impl StepLog for Lines {
    fn line(&self, text: &str) {
        eprintln!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_has_several_names() {
        for (name, week) in [
            ("1/a-b", Some(1)),
            ("w01/a-b", Some(1)),
            ("./curriculum/w12-x-y/a-b.md", Some(12)),
            ("a-b", None),
            ("a-b.md", None),
            ("x/a-b", None),
        ] {
            assert_eq!(parts(name), (week, "a-b"), "{name}");
        }
    }

    #[test]
    fn a_lesson_that_has_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.md");
        std::fs::write(&file, "mine").unwrap();
        assert!(update(&file, "theirs", "new").is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        update(&file, "mine", "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
    }
}
