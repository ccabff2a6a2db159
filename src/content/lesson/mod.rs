//! Reads a lesson: its front matter, its Markdown, its blocks of code. What is wrong is told with file, line and caret;
//! a lesson whose front matter cannot be read has no body.

pub(super) mod blocks;
pub(super) mod console;
pub(super) mod info;

use std::ops::Range;

use serde::de::DeserializeOwned;

use super::diagnostic::{Diagnostic, Severity};
use super::raw::{RawFrontMatter, RawObjective};
use super::source::Source;
use super::yaml::{self, At};
use crate::model::lesson::{CheckedVersion, LessonBody, Objective, Practice, SourceLink};
use crate::model::{LabId, TaskId};

/// Where a lesson's parts stand in its file.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub source: Source,
    /// The byte at which the Markdown begins.
    pub from: usize,
}

/// A lesson's front matter with the places of its values in the lesson's file, and the byte at which its Markdown begins.
pub(super) fn front(source: &Source) -> Result<(RawFrontMatter, usize), Box<Diagnostic>> {
    front_of(source, "minutes and objectives")
}

/// As [`front`], of another kind of file; `what` must stand in it.
pub(super) fn front_of<T: DeserializeOwned>(source: &Source, what: &str) -> Result<(T, usize), Box<Diagnostic>> {
    let Some(inner) = front_matter(&source.text) else {
        return Err(Box::new(
            Diagnostic::about(
                "curriculum",
                Severity::Error,
                source.file.clone(),
                "there is no front matter",
            )
            .at(&source.text, 0..1)
            .help(format!("begin with a line `---`, then {what}, then a line `---`")),
        ));
    };
    // The first line is made a comment and the rest of the file is left out, so that places stay as they are.
    let padded = Source {
        file: source.file.clone(),
        text: format!("#--{}", &source.text[3..inner.end]).into(),
    };
    match yaml::parse(&padded) {
        Ok(raw) => Ok((raw, inner.end + "---\n".len())),
        Err(mut diagnostic) => {
            if let Some(span) = diagnostic.span.clone() {
                *diagnostic = (*diagnostic).at(&source.text, span);
            }
            Err(diagnostic)
        }
    }
}

/// Reads a lesson.
pub(super) fn read(source: Source) -> (Option<(LessonBody, Written)>, Vec<Diagnostic>) {
    let (raw, from) = match front(&source) {
        Ok(read) => read,
        Err(diagnostic) => return (None, vec![*diagnostic]),
    };
    let mut found = Vec::new();
    let mut error = |at: Option<Range<usize>>, message: String, help: &str| {
        let mut diagnostic = Diagnostic::about("curriculum", Severity::Error, source.file.clone(), message).help(help);
        if let Some(span) = at {
            diagnostic = diagnostic.at(&source.text, span);
        }
        found.push(diagnostic);
    };
    for version in &raw.versions {
        if !is_date(&version.checked) {
            let message = format!("`{}` is no date", version.checked.value);
            error(version.checked.span.clone(), message, "write it as 2026-11-20");
        }
    }
    for link in &raw.sources {
        if !(link.url.starts_with("https://") || link.url.starts_with("http://"))
            || link.url.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            let message = format!("`{}` is no address of a page", link.url.value);
            error(link.url.span.clone(), message, "write it as https://example.org/page");
        }
    }
    let mut objectives = Vec::new();
    for objective in raw.objectives.iter() {
        match built(objective) {
            Ok(objective) => objectives.push(objective),
            Err(at) => {
                let message = format!("`{}` is no place to practise", at.value);
                let help = "name a task as `lab/task`, or write `example` for the lesson's own exercise";
                error(at.span.clone(), message, help);
            }
        }
    }
    let (blocks, wrong) = blocks::blocks(&source, from);
    found.extend(wrong);
    let body = LessonBody {
        minutes: raw.minutes.value,
        objectives,
        prerequisites: raw.prerequisites.iter().map(|text| text.value.clone()).collect(),
        environment: raw.environment.as_ref().map(|lab| LabId(lab.value.clone())),
        versions: raw
            .versions
            .iter()
            .map(|version| CheckedVersion {
                tool: version.tool.value.clone(),
                version: version.version.value.clone(),
                checked: version.checked.value.clone(),
            })
            .collect(),
        sources: raw
            .sources
            .iter()
            .map(|link| SourceLink {
                title: link.title.value.clone(),
                url: link.url.value.clone(),
            })
            .collect(),
        markdown: source.text[from..].to_owned(),
        blocks,
        source: source.file.clone(),
    };
    (Some((body, Written { source, from })), found)
}

fn built(raw: &RawObjective) -> Result<Objective, &At<String>> {
    let practised = match &raw.practised {
        None => None,
        Some(at) if at.value == "example" => Some(Practice::Example),
        Some(at) => {
            let (lab, task) = at.split_once('/').ok_or(at)?;
            if !super::build::is_id(lab) || !super::build::is_id(task) {
                return Err(at);
            }
            Some(Practice::Task {
                lab: LabId(lab.to_owned()),
                task: TaskId(task.to_owned()),
            })
        }
    };
    Ok(Objective {
        does: raw.does.value.clone(),
        asked: raw.asked.as_ref().map(|at| at.value.clone()),
        practised,
    })
}

/// The bytes of the YAML between the first two `---` lines.
fn front_matter(text: &str) -> Option<Range<usize>> {
    let inner = text.strip_prefix("---\n")?;
    let end = if inner.starts_with("---\n") {
        0
    } else {
        inner.find("\n---\n")? + 1
    };
    Some(4..4 + end)
}

fn is_date(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_ends_at_its_line() {
        let of = |text: &'static str| front_matter(text).map(|place| &text[place]);
        assert_eq!(of("---\na: 1\n---\ntext\n---\n"), Some("a: 1\n"));
        assert_eq!(of("---\n---\ntext\n"), Some(""));
        assert_eq!(of("text"), None);
        assert_eq!(of("---\na: 1\n"), None);
    }

    const LESSON: &str = "---\nminutes: 10\nobjectives:\n  - does: Mark columns.\n    asked: late\n    practised: lab/task\n  - { does: Split., asked: split, practised: example }\nenvironment: lab\nsources:\n  - { title: T, url: \"https://example.org/a\" }\nversions:\n  - { tool: t, version: \"1.10\", checked: 2026-11-20 }\n---\n## Text\n";

    fn told(from: &str, to: &str) -> String {
        assert!(LESSON.contains(from));
        let (_, found) = read(Source {
            file: "l.md".into(),
            text: LESSON.replacen(from, to, 1).into(),
        });
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].to_string()
    }

    #[test]
    fn a_lesson_is_read() {
        let (read, found) = read(Source {
            file: "l.md".into(),
            text: LESSON.into(),
        });
        assert_eq!(found, []);
        let (body, written) = read.unwrap();
        assert_eq!(body.markdown, "## Text\n");
        assert_eq!(&LESSON[written.from..], "## Text\n");
        assert_eq!(body.objectives[0].asked.as_deref(), Some("late"));
        assert_eq!(
            body.objectives[0].practised,
            Some(Practice::Task {
                lab: LabId("lab".into()),
                task: TaskId("task".into())
            })
        );
        assert_eq!(body.objectives[1].practised, Some(Practice::Example));
        assert_eq!(body.environment, Some(LabId("lab".into())));
        assert_eq!(body.sources[0].url, "https://example.org/a");
    }

    #[test]
    fn what_is_wrong_has_its_place_in_the_lesson() {
        for (from, to, expected) in [
            ("minutes: 10", "minutes: ten", "l.md:2:10: error: a whole number"),
            ("minutes: 10\n", "", "l.md:"),
            (
                "does: Mark",
                "doe: Mark",
                "l.md:4:5: error: there is no `doe` here (did you mean `does`?)",
            ),
            ("lab/task", "lab", "l.md:6:16: error: `lab` is no place to practise"),
            ("lab/task", "lab/../x", "l.md:6:16: error:"),
            ("2026-11-20", "2026-13-20", "l.md:12:42: error: `2026-13-20` is no date"),
            ("https://example.org/a", "javascript:alert(1)", "l.md:10:22: error:"),
            ("---\nminutes", "minutes", "l.md:1:1: error: there is no front matter"),
            (
                "  - does: Mark columns.\n    asked: late\n    practised: lab/task\n",
                "  - Mark columns.\n",
                "l.md:4:5: error: a map stands here",
            ),
        ] {
            let told = told(from, to);
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
