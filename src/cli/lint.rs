//! `halfway lint`: every rule for all content, or for what lies in some folders.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::app::config::Config;
use crate::base::Clock;
use crate::content::{Diagnostic, Library, LintFacts, Roots, Severity, lint_all, report};
use crate::proof::lesson::Measurements;

/// Check all content: labs, weeks, lessons with their questions and pictures, the glossary.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Folders or files of labs or of the curriculum, or folders that hold `labs/` and `curriculum/`; without one, all
    #[arg(id = "DIR")]
    folders: Vec<PathBuf>,
    /// As JSON, a list of what is wrong
    #[arg(long)]
    json: bool,
}

impl Lint {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let roots = Roots {
            labs: config.labs.clone(),
            curriculum: config.curriculum.clone(),
        };
        let mut found = Vec::new();
        if self.folders.is_empty() {
            found = all(&roots, &config.state);
        }
        // Those beneath the same roots are read once.
        let mut beneath = Vec::new();
        for folder in &self.folders {
            let path = folder
                .canonicalize()
                .with_context(|| format!("cannot find {}", folder.display()))?;
            match place(&path, &roots) {
                Some(prefix) => beneath.push(prefix),
                None if path.join("curriculum").is_dir() || path.join("labs").is_dir() => {
                    found.extend(all(&Roots::beneath(&path), &config.state));
                }
                None => bail!(
                    "{} lies neither in {} nor in {}; other folders of content are named with --labs and --curriculum",
                    folder.display(),
                    roots.labs.display(),
                    roots.curriculum.display()
                ),
            }
        }
        if !beneath.is_empty() {
            let of_these = all(&roots, &config.state)
                .into_iter()
                .filter(|one| beneath.iter().any(|prefix| lies_in(&one.file, prefix)));
            found.extend(of_these);
        }
        told(&found, self.json)
    }
}

/// Prints what was found; a failure where an error is among it.
pub(super) fn told(found: &[Diagnostic], json: bool) -> anyhow::Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(found)?);
    } else {
        println!("{}", report::text(found, std::io::stdout().is_terminal()));
    }
    let failed = found.iter().any(|one| one.severity == Severity::Error);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn all(roots: &Roots, state: &Path) -> Vec<Diagnostic> {
    let library = Library::open(roots.clone());
    let catalogue = library.catalogue();
    let measurements = Measurements::load(state);
    lint_all(
        &catalogue,
        &LintFacts {
            today: Clock::system().now().date(),
            took: &|entry| measurements.of(entry.week, &entry.lesson.slug, &entry.hash()),
        },
    )
}

/// How messages name what lies at a path, where it lies beneath the roots.
fn place(path: &Path, roots: &Roots) -> Option<String> {
    [&roots.labs, &roots.curriculum].into_iter().find_map(|root| {
        let root = root.canonicalize().ok()?;
        let name = root.file_name()?.to_string_lossy().into_owned();
        let rest = path.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
        Some(if rest.is_empty() {
            name
        } else {
            format!("{name}/{rest}")
        })
    })
}

/// Whether a file is the folder, lies in it, or belongs to the lesson of that name.
fn lies_in(file: &str, folder: &str) -> bool {
    file == folder
        || file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        || folder
            .strip_suffix(".md")
            .is_some_and(|lesson| file.strip_prefix(lesson).is_some_and(|rest| rest == ".quiz.yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_brings_its_questions_along() {
        assert!(lies_in("curriculum/w01-a/b.md", "curriculum/w01-a"));
        assert!(lies_in("curriculum/w01-a/b.md", "curriculum/w01-a/b.md"));
        assert!(lies_in("curriculum/w01-a/b.quiz.yaml", "curriculum/w01-a/b.md"));
        assert!(!lies_in("curriculum/w01-ab/b.md", "curriculum/w01-a"));
        assert!(!lies_in("curriculum/w01-a/bc.md", "curriculum/w01-a/b.md"));
    }

    #[test]
    fn a_place_is_named_as_messages_name_it() {
        let folder = tempfile::tempdir().unwrap();
        let roots = Roots::beneath(folder.path());
        std::fs::create_dir_all(roots.curriculum.join("w01-a")).unwrap();
        let path = roots.curriculum.join("w01-a").canonicalize().unwrap();
        assert_eq!(place(&path, &roots).as_deref(), Some("curriculum/w01-a"));
        assert_eq!(place(folder.path(), &roots), None);
    }
}
