//! `instructions.md`: the story, then a heading for each task.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag};

use super::super::diagnostic::{Diagnostic, Severity};
use super::super::source::Source;
use super::Builder;
use crate::base::nearest;

/// The parts of the file.
#[derive(Debug, Default)]
pub struct Instructions {
    pub story: String,
    /// By task id.
    pub tasks: BTreeMap<String, String>,
}

impl Builder<'_> {
    /// Reads the file and holds its headings against the tasks.
    pub fn instructions(&mut self, ids: &[String]) -> Instructions {
        let source = match self.folder.read("instructions.md") {
            Ok(source) => source,
            Err(diagnostic) => {
                self.found.push(*diagnostic);
                return Instructions::default();
            }
        };
        let (instructions, headings) = split(&source.text);
        self.check_headings(&source, ids, &headings);
        self.check_texts(&source, &instructions, &headings);
        instructions
    }

    fn check_headings(&mut self, source: &Source, ids: &[String], headings: &[Heading]) {
        for (at, heading) in headings.iter().enumerate() {
            let wrong = |message: String| {
                Diagnostic::about("instructions", Severity::Error, source.file.clone(), message)
                    .at(&source.text, heading.span.clone())
            };
            if headings[..at].iter().any(|other| other.title == heading.title) {
                self.found
                    .push(wrong(format!("`{}` has two headings", heading.title)).help("join them"));
            } else if !ids.contains(&heading.title) {
                let help = match nearest(&heading.title, ids.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `## {near}`?"),
                    None => format!("tasks are: {}; use `###` for headings of your own", ids.join(", ")),
                };
                self.found
                    .push(wrong(format!("no task is called `{}`", heading.title)).help(help));
            }
        }
        for id in ids {
            if !headings.iter().any(|heading| &heading.title == id) {
                let end = source.text.trim_end().len();
                self.found.push(
                    Diagnostic::about(
                        "instructions",
                        Severity::Error,
                        source.file.clone(),
                        format!("task `{id}` has no heading"),
                    )
                    .at(&source.text, end.saturating_sub(1)..end)
                    .help(format!("add `## {id}` and what must be true")),
                );
            }
        }
    }

    fn check_texts(&mut self, source: &Source, instructions: &Instructions, headings: &[Heading]) {
        for (span, message, help) in self.template_errors(&source.text) {
            self.found.push(
                Diagnostic::about("parameters", Severity::Error, source.file.clone(), message)
                    .at(&source.text, span)
                    .help(help),
            );
        }
        if instructions.story.is_empty() {
            self.found.push(
                Diagnostic::about(
                    "instructions",
                    Severity::Error,
                    source.file.clone(),
                    "there is no story",
                )
                .at(&source.text, 0..1)
                .help("say before the first heading what happened and who asks"),
            );
        }
        for heading in headings {
            if instructions.tasks.get(&heading.title).is_some_and(String::is_empty) {
                self.found.push(
                    Diagnostic::about(
                        "instructions",
                        Severity::Error,
                        source.file.clone(),
                        format!("`{}` has no text", heading.title),
                    )
                    .at(&source.text, heading.span.clone())
                    .help("say what must be true"),
                );
            }
        }
    }
}

/// A heading of the second level.
struct Heading {
    title: String,
    /// Of the whole line.
    span: Range<usize>,
}

fn split(text: &str) -> (Instructions, Vec<Heading>) {
    let headings: Vec<Heading> = Parser::new(text)
        .into_offset_iter()
        .filter_map(|(event, span)| match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H2,
                ..
            }) => {
                let line = text[span.clone()].lines().next().unwrap_or_default();
                Some(Heading {
                    title: line.trim().trim_matches('#').trim().to_owned(),
                    span: span.start..span.start + line.len(),
                })
            }
            _ => None,
        })
        .collect();
    let end_of_story = headings.first().map_or(text.len(), |heading| heading.span.start);
    let mut instructions = Instructions {
        story: text[..end_of_story].trim().to_owned(),
        tasks: BTreeMap::new(),
    };
    for (at, heading) in headings.iter().enumerate() {
        let end = headings.get(at + 1).map_or(text.len(), |next| next.span.start);
        let body = text[heading.span.end..end].trim().to_owned();
        instructions.tasks.entry(heading.title.clone()).or_insert(body);
    }
    (instructions, headings)
}
