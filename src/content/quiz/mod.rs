//! Reads the questions of a lesson, `<lesson>.quiz.yaml`, and holds each against the rules of its kind.

mod build;

use std::sync::{Arc, OnceLock};

pub(super) use build::read;

use super::markdown;
use super::source::Source;
use crate::model::quiz::{Form, Quiz};

/// How the file's name ends, after the lesson's slug.
pub(super) const ENDING: &str = ".quiz.yaml";

/// The questions of a lesson, without errors.
#[derive(Debug)]
pub struct QuizEntry {
    pub week: u8,
    /// The lesson's.
    pub slug: String,
    /// As authors wrote them, in Markdown.
    pub quiz: Quiz,
    /// Relative path of the file, for messages to authors.
    pub source: String,
    /// The file's text.
    pub(super) text: Arc<str>,
    html: OnceLock<Quiz>,
}

impl QuizEntry {
    pub(super) fn new(week: u8, slug: &str, quiz: Quiz, source: Source) -> Self {
        Self {
            week,
            slug: slug.to_owned(),
            quiz,
            source: source.file,
            text: source.text,
            html: OnceLock::new(),
        }
    }

    /// The same questions with safe HTML in place of Markdown: blocks for what is asked, one line for all else. Keys,
    /// hashes and accepted answers are the same, so marking either gives the same. Made the first time and kept.
    #[must_use]
    pub fn html(&self) -> &Quiz {
        self.html.get_or_init(|| {
            let figures = format!("/weeks/{}/figures/", self.week);
            let mut quiz = self.quiz.clone();
            for question in &mut quiz.questions {
                question.ask = markdown::fragment(&question.ask, Some(&figures));
                for text in texts(&mut question.form) {
                    *text = markdown::inline(text);
                }
            }
            quiz
        })
    }
}

/// Everything in a form that is Markdown.
fn texts(form: &mut Form) -> Vec<&mut String> {
    match form {
        Form::Single { choices } | Form::Multiple { choices } => choices
            .iter_mut()
            .flat_map(|choice| [&mut choice.text, &mut choice.why])
            .collect(),
        Form::Order { items, why } => items
            .iter_mut()
            .flat_map(|item| [&mut item.text, &mut item.why])
            .chain(why)
            .collect(),
        Form::Short { near, why, .. } => near.iter_mut().map(|near| &mut near.why).chain([why]).collect(),
        Form::Loop { why, others, .. } => others.values_mut().chain([why]).collect(),
    }
}

#[cfg(test)]
mod tests;
