//! A question of each kind, for tests.

use super::{Accept, Choice, Form, Item, Near, Question, Stage};

fn question(id: &str, form: Form) -> Question {
    Question {
        id: id.into(),
        ask: "Which?".into(),
        form,
        hash: format!("hash-of-{id}"),
    }
}

pub fn choices(right: &[bool]) -> Vec<Choice> {
    right
        .iter()
        .enumerate()
        .map(|(at, right)| Choice {
            key: format!("c{at}"),
            text: format!("choice {at}"),
            why: format!("why {at}"),
            right: *right,
        })
        .collect()
}

pub fn single() -> Question {
    let choices = choices(&[false, true, false]);
    question("single", Form::Single { choices })
}

pub fn multiple(right: &[bool]) -> Question {
    let choices = choices(right);
    question("multiple", Form::Multiple { choices })
}

pub fn order(count: usize) -> Question {
    let items = (0..count)
        .map(|at| Item {
            key: format!("i{at}"),
            text: format!("item {at}"),
            why: format!("why {at}"),
        })
        .collect();
    let why = Some("usually from haste".into());
    question("order", Form::Order { items, why })
}

pub fn short(accept: Accept) -> Question {
    let near = vec![Near {
        text: "0.96".into(),
        why: "that is the leaky one".into(),
    }];
    let why = "by patient".into();
    question("short", Form::Short { accept, near, why })
}

pub fn place() -> Question {
    question(
        "place",
        Form::Loop {
            stage: Stage::Validate,
            why: "before it ships".into(),
            others: [(Stage::Monitor, "too late".into())].into(),
        },
    )
}
