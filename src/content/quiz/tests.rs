//! What an author of questions is told, as it looks in a terminal.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::diagnostic::Diagnostic;
use super::super::source::Source;
use super::*;
use crate::model::quiz::{Accept, Answer, grade};

const QUIZ: &str = r#"questions:
  - id: late-column
    kind: single
    ask: |
      Which finds the *leak*?

      ```yaml
      a: 1
      ```
    choices:
      - { text: "Its `correlation`", why: "Honest features have it, too." }
      - { text: "The job that fills it", why: "Only time decides.", right: true }
  - id: several
    kind: multiple
    ask: Which?
    choices:
      - text: A
        why: a
        right: true
      - text: B
        why: b
  - id: order-of-work
    kind: order
    ask: Put them in order.
    items:
      - { text: First, why: 1 }
      - { text: Second, why: 2 }
      - { text: Third, why: 3 }
    why: Haste.
  - id: how-many
    kind: short
    ask: How many?
    number: { value: 0.82, within: 0.01 }
    near: [{ text: 0.96, why: That is the leaky one. }]
    why: By patient.
  - id: in-a-word
    kind: short
    ask: What is it?
    accept: [leak, data leakage]
    why: Because.
  - id: where
    kind: loop
    ask: Where?
    stage: validate
    why: Before it ships.
    others: { monitor: Too late. }
"#;

fn told(text: impl Into<String>) -> (Option<Quiz>, String) {
    let source = Source {
        file: "curriculum/w01-a/b.quiz.yaml".into(),
        text: text.into().into(),
    };
    let (quiz, found) = read(source);
    let told: Vec<String> = found
        .iter()
        .map(|found: &Diagnostic| found.render(false).trim_end().to_owned())
        .collect();
    (quiz, told.join("\n\n"))
}

fn entry(text: &str) -> QuizEntry {
    let (quiz, told) = told(text);
    let source = Source {
        file: "b.quiz.yaml".into(),
        text: text.into(),
    };
    QuizEntry::new(1, "b", quiz.expect(&told), source)
}

#[test]
fn every_kind_is_read() {
    let entry = entry(QUIZ);
    let words: Vec<_> = entry
        .quiz
        .questions
        .iter()
        .map(|question| question.form.word())
        .collect();
    assert_eq!(words, ["single", "multiple", "order", "short", "short", "loop"]);
    let Form::Short { accept, .. } = &entry.quiz.questions[3].form else {
        panic!("{:?}", entry.quiz.questions[3]);
    };
    assert_eq!(
        *accept,
        Accept::Number {
            value: 0.82,
            within: 0.01
        }
    );
}

#[test]
fn what_is_shown_is_html_and_marked_alike() {
    let entry = entry(QUIZ);
    let (plain, shown) = (&entry.quiz.questions[0], &entry.html().questions[0]);
    assert!(
        shown.ask.contains("<em>leak</em>") && shown.ask.contains("<pre"),
        "{}",
        shown.ask
    );
    let (Form::Single { choices: plain_choices }, Form::Single { choices }) = (&plain.form, &shown.form) else {
        panic!("{shown:?}");
    };
    assert_eq!(choices[0].text, "Its <code>correlation</code>");
    assert_eq!((&choices[0].key, &plain.hash), (&plain_choices[0].key, &shown.hash));
    let answer = Answer::One(choices[1].key.clone());
    assert!(grade(plain, &answer).unwrap().right && grade(shown, &answer).unwrap().right);
}

#[test]
fn a_mended_explanation_leaves_the_question_the_same() {
    let before = entry(QUIZ).quiz;
    let same = entry(&QUIZ.replace("Only time decides.", "Only the time of writing decides.")).quiz;
    assert_eq!(before.questions[0].hash, same.questions[0].hash);
    for (from, to) in [
        ("The job that fills it", "The job that writes it"),
        ("Which finds", "Which shows"),
        ("why: b", "why: b\n        right: true"),
        ("within: 0.01", "within: 0.02"),
        ("stage: validate", "stage: train"),
    ] {
        let other = entry(&QUIZ.replace(from, to)).quiz;
        let changed = |quiz: &Quiz| {
            quiz.questions
                .iter()
                .map(|question| question.hash.clone())
                .collect::<Vec<_>>()
        };
        assert_ne!(changed(&before), changed(&other), "{to}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let mut all = String::new();
    for (from, to) in [
        ("why: \"Only time decides.\", right: true", "right: true"),
        (", right: true }", " }"),
        ("why: \"Honest features have it, too.\"", "why: x, right: true"),
        ("        right: true\n", ""),
        ("id: several", "id: late-column"),
        ("id: several", "id: Several ones"),
        ("      - { text: Third, why: 3 }\n", ""),
        ("text: Second", "text: First"),
        ("    number: { value: 0.82, within: 0.01 }\n", ""),
        ("within: 0.01", "within: -1"),
        ("value: 0.82", "value: .inf"),
        ("text: 0.96", "text: 0.825"),
        ("accept: [leak, data leakage]", "accept: []"),
        (
            "    accept: [leak",
            "    number: { value: 1, within: 0 }\n    accept: [leak",
        ),
        ("    why: By patient.\n", ""),
        ("stage: validate", "stage: validation"),
        ("    stage: validate\n", "    choices: []\n"),
        ("{ monitor: Too late. }", "{ validate: Here. }"),
        ("kind: multiple", "kind: many"),
        ("ask: Which?", "ask: ' '"),
        ("    choices:\n      - text: A", "    choice:\n      - text: A"),
        ("    ask: Which?\n", ""),
    ] {
        assert!(QUIZ.contains(from), "{from}");
        let (quiz, told) = told(QUIZ.replacen(from, to, 1));
        assert!(quiz.is_none(), "{to} is taken");
        writeln!(all, "==== {} -> {}\n{told}\n", from.trim(), to.trim()).unwrap();
    }
    for text in ["", "questions: []\n", "- a\n", "questions:\n  - {}\n"] {
        writeln!(all, "==== {text:?}\n{}\n", told(text).1).unwrap();
    }
    insta::assert_snapshot!(all);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn no_quiz_panics(at in 0..QUIZ.len(), junk in "[\\[\\]{}:\"'&*!|>%@`#,\n\t a-z0-9$.-]{0,6}", cut in 0_usize..40) {
        let (start, end) = (at, (at + cut).min(QUIZ.len()));
        let (quiz, told) = told(format!("{}{junk}{}", &QUIZ[..start], &QUIZ[end..]));
        prop_assert_eq!(quiz.is_none(), !told.is_empty());
    }
}
