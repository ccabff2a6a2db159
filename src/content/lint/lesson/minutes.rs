//! The minutes are those of reading and of running, rounded up to five: 230 words a minute, text, code and questions
//! alike, and what `lesson test` measured. A machine that is half or twice as fast changes nothing; where nothing was
//! measured, the words alone are the least.

use std::time::Duration;

use super::Subject;
use crate::model::quiz::{Form, Quiz};

/// Words that are read in a minute.
const WORDS: f64 = 230.0;
/// Minutes come in steps of this.
const STEP: u32 = 5;

pub(super) fn check(subject: &mut Subject<'_>) {
    let (raw, text) = (subject.raw, subject.text);
    let quiz = subject
        .catalogue
        .quiz(subject.entry.week, &subject.entry.lesson.slug)
        .map_or(0, |entry| words_of(&entry.quiz));
    let words = text.words + text.code_words + quiz;
    let said = raw.minutes.value;
    let at = raw.minutes.span.clone();
    let least = minutes(words, Duration::ZERO);
    match (subject.facts.took)(subject.entry) {
        Some(took) => {
            let right = minutes(words, took);
            if !(minutes(words, took / 2)..=minutes(words, took * 2)).contains(&said) {
                let message = format!(
                    "{said} minutes, and {words} words at {WORDS} a minute with {:.0} s of commands make {right}",
                    took.as_secs_f64()
                );
                subject.error("minutes", at, message, format!("write `minutes: {right}`"));
            }
        }
        None if said < least => {
            let message = format!("{said} minutes, and {words} words at {WORDS} a minute make {least}");
            subject.error("minutes", at, message, format!("write `minutes: {least}`"));
        }
        None if said % STEP != 0 => {
            subject.error("minutes", at, format!("{said} minutes"), "round up to the next five");
        }
        None => {}
    }
}

/// Rounded up to the next five, and never none.
fn minutes(words: usize, took: Duration) -> u32 {
    let words = f64::from(u32::try_from(words).unwrap_or(u32::MAX));
    let steps = ((words / WORDS + took.as_secs_f64() / 60.0) / f64::from(STEP))
        .ceil()
        .max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least one, and a cast saturates"
    )]
    let steps = steps as u32;
    steps.saturating_mul(STEP)
}

/// Words that everybody reads: what is asked and what there is to choose.
fn words_of(quiz: &Quiz) -> usize {
    let count = |text: &str| text.split_whitespace().count();
    quiz.questions
        .iter()
        .map(|question| {
            let choices: usize = match &question.form {
                Form::Single { choices } | Form::Multiple { choices } => {
                    choices.iter().map(|choice| count(&choice.text)).sum()
                }
                Form::Order { items, .. } => items.iter().map(|item| count(&item.text)).sum(),
                Form::Short { .. } | Form::Loop { .. } => 0,
            };
            count(&question.ask) + choices
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_rounded_up_to_five() {
        for (words, seconds, expected) in [
            (0, 0, 5),
            (230 * 5, 0, 5),
            (230 * 5 + 1, 0, 10),
            (230 * 9, 59, 10),
            (230 * 9, 61, 15),
        ] {
            assert_eq!(
                minutes(words, Duration::from_secs(seconds)),
                expected,
                "{words} {seconds}"
            );
        }
    }
}
