//! A quiz with one of everything, so that its template is rendered in a test.

use super::view::{Line, Link, QuestionView, QuizView, ResultView, open_line};
use crate::base::Timestamp;
use crate::model::Stage;
use crate::model::quiz::LONGEST_ANSWER;
use crate::web::pages::mark::Mark;
use crate::web::pages::time::Times;
use crate::web::templates::SafeHtml;

impl QuizView {
    /// A quiz with one of everything.
    #[must_use]
    pub fn sample() -> Self {
        let line = |key: &str, mark: Option<Mark>, word: Option<&str>| Line {
            chosen: mark == Some(Mark::NotYet),
            mark,
            word: word.map(str::to_owned),
            why: word.map(|_| SafeHtml::text("Honest features have it, too.")),
            ..open_line(key.to_owned(), SafeHtml::text(key))
        };
        let open = |kind: &'static str, lines: Vec<Line>| QuestionView {
            id: format!("q-{kind}"),
            name: kind.into(),
            number: "Question 1 of 6".into(),
            from: (kind == "loop").then(|| Link {
                href: Some("/weeks/1/metrics-and-thresholds".into()),
                text: "Week 1, Metrics and thresholds".into(),
            }),
            ask: SafeHtml::rendered("<p>Which finds the leak?</p>".into()),
            kind,
            problem: (kind == "order").then(|| "Two steps have the place 1: give each its own.".into()),
            changed: (kind == "short").then(|| "The question was changed since.".into()),
            lines,
            typed: String::new(),
            longest: LONGEST_ANSWER,
            result: None,
        };
        let stages = || Stage::ALL.map(|stage| line(stage.word(), None, None)).to_vec();
        let keys = || ["a1", "b2", "c3"].map(|key| line(key, None, None)).to_vec();
        let marked = || {
            vec![
                line("a1", Some(Mark::NotYet), Some("your answer, not right")),
                line("b2", Some(Mark::Passed), Some("the right one")),
                line("c3", None, None),
            ]
        };
        let result = |expected: Option<String>| ResultView {
            mark: Mark::NotYet,
            word: "Not right yet",
            at: Times::utc(Timestamp(0)).moment(Timestamp(0)),
            tries: "answered twice".into(),
            expected,
            notes: vec![SafeHtml::text("By patient.")],
            retry: "/weeks/1/a?retry=single#q-single".into(),
            back: Some("comes back on 29 November 2026".into()),
        };
        let mut questions: Vec<QuestionView> = ["single", "multiple", "order"].map(|kind| open(kind, keys())).to_vec();
        questions.extend([open("short", Vec::new()), open("loop", stages())]);
        for kind in ["single", "multiple", "order"] {
            questions.push(QuestionView {
                id: format!("q-marked-{kind}"),
                result: Some(result(None)),
                ..open(kind, marked())
            });
        }
        questions.push(QuestionView {
            id: "q-marked-short".into(),
            typed: "0.96".into(),
            result: Some(result(Some("0.82".into()))),
            ..open("short", Vec::new())
        });
        questions.push(QuestionView {
            id: "q-marked-loop".into(),
            result: Some(result(None)),
            ..open("loop", stages())
        });
        Self {
            title: "Check yourself".into(),
            action: "/weeks/1/a/quiz".into(),
            state: "3 of 6 questions answered, 1 right".into(),
            saved: Some(Times::utc(Timestamp(0)).moment(Timestamp(0))),
            problems: vec![
                Link {
                    href: Some("#q-order".into()),
                    text: "Question 3 of 6: Two steps have the place 1: give each its own.".into(),
                },
                Link {
                    href: None,
                    text: "Nothing was answered yet.".into(),
                },
            ],
            misses: vec![Link {
                href: Some("#q-marked-single".into()),
                text: "Question 1 of 6".into(),
            }],
            retry_all: Some("/weeks/1/a?retry=single&retry=short#quiz".into()),
            questions,
            open: 5,
            verb: "Check the answers".into(),
        }
    }
}
