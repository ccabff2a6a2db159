//! Three to five questions in a file of their own; what there is to choose is alike in length, and the right choice is
//! not always the longest.

use super::Subject;
use crate::content::diagnostic::{Diagnostic, Severity};
use crate::model::quiz::{Choice, Form};

/// How much longer than the shortest choice the longest may be, in percent.
const LONGEST: usize = 160;
/// Choices of so few characters are alike however long they are.
const SHORT: usize = 20;

pub(super) fn check(subject: &mut Subject<'_>) {
    let (entry, catalogue, text) = (subject.entry, subject.catalogue, subject.text);
    let slug = entry.lesson.slug.as_str();
    for question in &text.questions {
        let help = format!("move it to `{slug}.quiz.yaml`, beside the lesson");
        subject.error("quiz", Some(question.clone()), "a question in the text", help);
    }
    if let Some(second) = text.quizzes.get(1) {
        subject.error(
            "quiz",
            Some(second.clone()),
            "a second place for the quiz",
            "remove one of them",
        );
    }
    let Some(quiz) = catalogue.quiz(entry.week, slug) else {
        if !catalogue.broken_quizzes.contains(&(entry.week, slug.to_owned())) {
            let help = format!("write three to five in `{slug}.quiz.yaml`, beside the lesson");
            subject.error("quiz", None, "the lesson asks no questions", help);
        }
        return;
    };
    let count = quiz.quiz.questions.len();
    let found = &mut subject.found;
    let mut said = |severity, id: &str, message: String, help: &str| {
        let mut diagnostic = Diagnostic::about("quiz", severity, quiz.source.clone(), message).help(help);
        // Where the question's id stands; a question that is written otherwise is told by its name.
        let line = format!("id: {id}");
        if let Some(at) = quiz.text.find(&line).filter(|_| !id.is_empty()) {
            diagnostic = diagnostic.at(&quiz.text, at..at + line.len());
        }
        found.push(diagnostic);
    };
    if !(3..=5).contains(&count) {
        said(
            Severity::Error,
            "",
            format!("{count} questions"),
            "a lesson asks three to five",
        );
    }
    let mut singles = 0;
    let mut longest_is_right = 0;
    for question in &quiz.quiz.questions {
        let choices: &[Choice] = match &question.form {
            Form::Single { choices } | Form::Multiple { choices } => choices,
            _ => continue,
        };
        let length = |choice: &Choice| choice.text.chars().count();
        let shortest = choices.iter().map(length).min().unwrap_or(0);
        let longest = choices.iter().map(length).max().unwrap_or(0);
        if longest > SHORT && longest * 100 > shortest * LONGEST {
            said(
                Severity::Warning,
                &question.id,
                format!(
                    "the choices of `{}` have {shortest} to {longest} characters",
                    question.id
                ),
                "make them alike: the odd one out is guessed",
            );
        }
        if matches!(question.form, Form::Single { .. }) {
            singles += 1;
            let right = choices
                .iter()
                .filter(|choice| choice.right)
                .map(length)
                .max()
                .unwrap_or(0);
            let wrong = choices
                .iter()
                .filter(|choice| !choice.right)
                .map(length)
                .max()
                .unwrap_or(0);
            longest_is_right += usize::from(right > wrong);
        }
    }
    if singles > 1 && longest_is_right == singles {
        said(
            Severity::Warning,
            "",
            "the right choice is the longest each time".into(),
            "cut a right one, or say more in a wrong one",
        );
    }
}
