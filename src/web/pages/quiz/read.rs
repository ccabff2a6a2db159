//! From the fields of a form to an answer, or to words that tell what is wrong with it. Pure.

use std::collections::BTreeSet;

use super::fields::Fields;
use crate::model::quiz::{Choice, Form, Item, LONGEST_ANSWER};
use crate::model::{Answer, Question};

const CHANGED: &str = "This question was changed after the page was loaded: here it is anew.";
const TWICE: &str = "Two answers came where one is asked: choose one.";

/// The names of the fields that a question has.
#[must_use]
pub fn names(question: &Question, name: &str) -> Vec<String> {
    match &question.form {
        Form::Order { items, .. } => items.iter().map(|item| place_of(name, item)).collect(),
        _ => vec![name.to_owned()],
    }
}

/// The field that holds the place of an item.
#[must_use]
pub fn place_of(name: &str, item: &Item) -> String {
    format!("{name}.{}", item.key)
}

/// The answer to a question; `None` where there is none yet.
///
/// # Errors
/// What is wrong, in words for the person.
pub fn answer(question: &Question, name: &str, fields: &Fields) -> Result<Option<Answer>, String> {
    match &question.form {
        Form::Single { choices } => {
            let Some(key) = one(fields, name)? else { return Ok(None) };
            known(choices, key)?;
            Ok(Some(Answer::One(key.to_owned())))
        }
        Form::Multiple { choices } => {
            let keys: BTreeSet<String> = fields
                .all(name)
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect();
            for key in &keys {
                known(choices, key)?;
            }
            Ok((!keys.is_empty()).then_some(Answer::Several(keys)))
        }
        Form::Order { items, .. } => order(items, name, fields),
        Form::Short { .. } => {
            let Some(text) = one(fields, name)? else {
                return Ok(None);
            };
            let count = text.chars().count();
            if count > LONGEST_ANSWER {
                return Err(format!(
                    "This has {count} characters, and at most {LONGEST_ANSWER} are read: make it shorter."
                ));
            }
            if text.chars().any(char::is_control) {
                return Err("This has characters that cannot be seen: type it again.".into());
            }
            Ok(Some(Answer::Words(text.to_owned())))
        }
        Form::Loop { .. } => {
            let Some(word) = one(fields, name)? else {
                return Ok(None);
            };
            let stage = word.parse().map_err(|()| CHANGED.to_owned())?;
            Ok(Some(Answer::Place(stage)))
        }
    }
}

/// The one value that is there and not empty.
fn one<'f>(fields: &'f Fields, name: &'f str) -> Result<Option<&'f str>, String> {
    let mut values = fields.all(name).map(str::trim).filter(|value| !value.is_empty());
    let first = values.next();
    if values.next().is_some() {
        return Err(TWICE.into());
    }
    Ok(first)
}

fn known(choices: &[Choice], key: &str) -> Result<(), String> {
    if choices.iter().any(|choice| choice.key == key) {
        Ok(())
    } else {
        Err(CHANGED.into())
    }
}

fn order(items: &[Item], name: &str, fields: &Fields) -> Result<Option<Answer>, String> {
    let mut sequence: Vec<Option<&str>> = vec![None; items.len()];
    let mut placed = 0;
    for item in items {
        let field = place_of(name, item);
        let Some(word) = one(fields, &field)? else { continue };
        let place = word
            .parse::<usize>()
            .ok()
            .and_then(|place| place.checked_sub(1))
            .filter(|place| *place < items.len())
            .ok_or(CHANGED)?;
        if sequence[place].replace(&item.key).is_some() {
            return Err(format!("Two steps have the place {}: give each its own.", place + 1));
        }
        placed += 1;
    }
    if placed == 0 {
        return Ok(None);
    }
    let missing = items.len() - placed;
    if missing > 0 {
        let steps = if missing == 1 {
            "One step has"
        } else {
            "Some steps have"
        };
        return Err(format!("{steps} no place yet: give each its own."));
    }
    Ok(Some(Answer::Sequence(
        sequence.into_iter().flatten().map(str::to_owned).collect(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stage;
    use crate::model::quiz::{Accept, samples};

    fn read(question: &Question, body: &str) -> Result<Option<Answer>, String> {
        answer(question, "q", &Fields::read(body.as_bytes()).unwrap())
    }

    #[test]
    fn each_kind_is_read() {
        assert_eq!(read(&samples::single(), "q=c1"), Ok(Some(Answer::One("c1".into()))));
        let several = Answer::Several(["c0".to_owned(), "c1".to_owned()].into());
        let multiple = samples::multiple(&[true, true, false]);
        assert_eq!(read(&multiple, "q=c1&q=c0&q=c1"), Ok(Some(several)));
        let sequence = Answer::Sequence(vec!["i2".into(), "i0".into(), "i1".into()]);
        assert_eq!(read(&samples::order(3), "q.i0=2&q.i1=3&q.i2=1"), Ok(Some(sequence)));
        let short = samples::short(Accept::Words(vec!["x".into()]));
        assert_eq!(read(&short, "q=+0.82+"), Ok(Some(Answer::Words("0.82".into()))));
        assert_eq!(
            read(&samples::place(), "q=monitor"),
            Ok(Some(Answer::Place(Stage::Monitor)))
        );
    }

    #[test]
    fn nothing_is_no_answer() {
        let short = samples::short(Accept::Words(vec!["x".into()]));
        for question in [
            samples::single(),
            samples::multiple(&[true]),
            samples::order(3),
            short,
            samples::place(),
        ] {
            for body in ["", "q=", "other=c1", "q.i0=&q.i1=&q.i2="] {
                assert_eq!(read(&question, body), Ok(None), "{} {body}", question.id);
            }
        }
    }

    #[test]
    fn what_cannot_be_an_answer_is_said() {
        let short = samples::short(Accept::Words(vec!["x".into()]));
        let long = format!("q={}", "ü".repeat(LONGEST_ANSWER + 1));
        for (question, body, words) in [
            (&samples::single(), "q=gone", "changed"),
            (&samples::single(), "q=<script>", "changed"),
            (&samples::single(), "q=c0&q=c1", "choose one"),
            (&samples::multiple(&[true]), "q=c0&q=gone", "changed"),
            (&samples::order(3), "q.i0=1&q.i1=1&q.i2=2", "Two steps have the place 1"),
            (&samples::order(3), "q.i0=1&q.i1=2", "One step has no place"),
            (&samples::order(3), "q.i0=0&q.i1=1&q.i2=2", "changed"),
            (&samples::order(3), "q.i0=4&q.i1=1&q.i2=2", "changed"),
            (&samples::order(3), "q.i0=-1", "changed"),
            (&samples::order(3), "q.i0=99999999999999999999", "changed"),
            (&short, &long, "201 characters"),
            (&short, "q=a%00b", "cannot be seen"),
            (&samples::place(), "q=Monitor", "changed"),
        ] {
            let told = read(question, body).unwrap_err();
            assert!(told.contains(words), "{body}: {told}");
        }
    }
}
