//! From what was written to questions that can be asked, and everything that is wrong on the way.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::super::diagnostic::{Diagnostic, Severity};
use super::super::raw::{RawChoice, RawItem, RawKind, RawQuestion, RawQuiz};
use super::super::source::Source;
use super::super::yaml::{self, At};
use crate::model::quiz::grade::{is_near, normal};
use crate::model::quiz::{Accept, Choice, Form, Item, LONGEST_ANSWER, Near, Question, Quiz};

/// Most questions, choices or items: more than any lesson needs, and a page can still be read.
const MOST_QUESTIONS: usize = 12;
const MOST_CHOICES: usize = 8;

/// Reads a file; `None` where it has an error.
pub(in super::super) fn read(source: Source) -> (Option<Quiz>, Vec<Diagnostic>) {
    let raw: RawQuiz = match yaml::parse(&source) {
        Ok(raw) => raw,
        Err(diagnostic) => return (None, vec![*diagnostic]),
    };
    let mut reader = Reader {
        source,
        found: Vec::new(),
    };
    let quiz = reader.quiz(&raw);
    (reader.found.is_empty().then_some(quiz), reader.found)
}

struct Reader {
    source: Source,
    found: Vec<Diagnostic>,
}

impl Reader {
    fn error<T>(&mut self, at: &At<T>, message: impl Into<String>, help: impl Into<String>) {
        let mut diagnostic = Diagnostic::about("quiz", Severity::Error, self.source.file.clone(), message).help(help);
        if let Some(span) = at.span.clone() {
            // Of a value over many lines, the first.
            let text = self.source.text.get(span.clone()).unwrap_or_default();
            let first = text.lines().next().unwrap_or_default().trim_end().len().max(1);
            diagnostic = diagnostic.at(&self.source.text, span.start..span.start + first);
        }
        self.found.push(diagnostic);
    }

    fn text(&mut self, at: &At<String>) -> String {
        if at.trim().is_empty() {
            self.error(at, "this text is empty", "write something");
        }
        at.value.clone()
    }

    fn quiz(&mut self, raw: &RawQuiz) -> Quiz {
        let count = raw.questions.len();
        if count == 0 || count > MOST_QUESTIONS {
            let message = format!("{count} questions are no quiz");
            self.error(&raw.questions, message, "ask 3 to 5 questions");
        }
        let mut ids = BTreeSet::new();
        let mut questions = Vec::with_capacity(count);
        for question in &raw.questions.value {
            if !super::super::build::is_id(&question.id) {
                let message = format!("`{}` is no id", question.id.value);
                self.error(
                    &question.id,
                    message,
                    "lower-case letters, digits and hyphens, at most 48, beginning with a letter",
                );
            } else if !ids.insert(question.id.value.clone()) {
                let message = format!("`{}` stands here twice", question.id.value);
                self.error(&question.id, message, "give each question an id of its own");
            }
            questions.extend(self.question(question));
        }
        Quiz { questions }
    }

    fn question(&mut self, raw: &At<RawQuestion>) -> Option<Question> {
        self.foreign(raw);
        let ask = self.text(&raw.ask);
        let form = match raw.kind.value {
            RawKind::Single => Form::Single {
                choices: self.choices(raw, true)?,
            },
            RawKind::Multiple => Form::Multiple {
                choices: self.choices(raw, false)?,
            },
            RawKind::Order => self.order(raw)?,
            RawKind::Short => self.short(raw)?,
            RawKind::Loop => self.place(raw)?,
        };
        Some(Question {
            id: raw.id.value.clone(),
            hash: hash(&ask, &form),
            ask,
            form,
        })
    }

    /// Keys that belong to another kind.
    fn foreign(&mut self, raw: &RawQuestion) {
        let kind = raw.kind.value;
        let spans = [
            ("choices", raw.choices.as_ref().map(|at| at.span.clone())),
            ("items", raw.items.as_ref().map(|at| at.span.clone())),
            ("accept", raw.accept.as_ref().map(|at| at.span.clone())),
            ("number", raw.number.as_ref().map(|at| at.span.clone())),
            ("near", raw.near.as_ref().map(|at| at.span.clone())),
            ("stage", raw.stage.as_ref().map(|at| at.span.clone())),
            ("others", raw.others.as_ref().map(|at| at.span.clone())),
            ("why", raw.why.as_ref().map(|at| at.span.clone())),
        ];
        let (name, own): (_, &[&str]) = match kind {
            RawKind::Single => ("single", &["choices"]),
            RawKind::Multiple => ("multiple", &["choices"]),
            RawKind::Order => ("order", &["items", "why"]),
            RawKind::Short => ("short", &["accept", "number", "near", "why"]),
            RawKind::Loop => ("loop", &["stage", "others", "why"]),
        };
        for (key, span) in spans {
            if let Some(span) = span
                && !own.contains(&key)
            {
                let help = format!("of this kind are: {}", own.join(", "));
                self.error(
                    &At { value: (), span },
                    format!("`{key}` is nothing of a question of kind `{name}`"),
                    help,
                );
            }
        }
    }

    fn missing(&mut self, raw: &At<RawQuestion>, key: &str, help: &str) {
        let id = &raw.id.value;
        self.error(&raw.kind, format!("`{key}` of the question `{id}` is missing"), help);
    }

    fn count<T>(&mut self, list: &At<Vec<T>>, least: usize, what: &str) {
        let count = list.len();
        if count < least {
            self.error(
                list,
                format!("{count} {what} are too few"),
                format!("give at least {least}"),
            );
        } else if count > MOST_CHOICES {
            let help = format!("keep the {MOST_CHOICES} that teach most");
            self.error(list, format!("{count} {what} are too many"), help);
        }
    }

    fn choices(&mut self, raw: &At<RawQuestion>, single: bool) -> Option<Vec<Choice>> {
        let Some(list) = &raw.choices else {
            self.missing(
                raw,
                "choices",
                "add `choices:`, each with `text` and `why`, the right with `right: true`",
            );
            return None;
        };
        self.count(list, 2, "choices");
        let right = list.iter().filter(|choice| choice.right).count();
        if single && right != 1 {
            let message = format!("{right} choices are right, and exactly one must be");
            self.error(
                &raw.kind,
                message,
                "mark one with `right: true`, or make it `kind: multiple`",
            );
        } else if right == 0 {
            self.error(&raw.kind, "no choice is right", "mark at least one with `right: true`");
        }
        let mut keys = BTreeSet::new();
        Some(
            list.iter()
                .map(|choice| {
                    let RawChoice { text, why, right } = &choice.value;
                    Choice {
                        key: self.key(text, &mut keys),
                        text: self.text(text),
                        why: self.why(text, why.as_ref()),
                        right: *right,
                    }
                })
                .collect(),
        )
    }

    /// Every choice and item is explained.
    fn why(&mut self, text: &At<String>, why: Option<&At<String>>) -> String {
        if let Some(why) = why {
            return self.text(why);
        }
        let help = "add `why:` and name what is right about it, or the misconception";
        self.error(text, "this is not explained", help);
        String::new()
    }

    /// Eight hexadecimal digits of the text's SHA-256: the same wherever the text stands.
    fn key(&mut self, text: &At<String>, keys: &mut BTreeSet<String>) -> String {
        let key = hex(text.value.trim(), 8);
        if !keys.insert(key.clone()) {
            self.error(text, "this stands here twice", "write each once");
        }
        key
    }

    fn order(&mut self, raw: &At<RawQuestion>) -> Option<Form> {
        let Some(list) = &raw.items else {
            self.missing(
                raw,
                "items",
                "add `items:` in the right order, each with `text` and `why`",
            );
            return None;
        };
        self.count(list, 3, "items");
        let mut keys = BTreeSet::new();
        let items = list
            .iter()
            .map(|item| {
                let RawItem { text, why } = &item.value;
                Item {
                    key: self.key(text, &mut keys),
                    text: self.text(text),
                    why: self.why(text, why.as_ref()),
                }
            })
            .collect();
        let why = raw.why.as_ref().map(|why| self.text(why));
        Some(Form::Order { items, why })
    }

    fn short(&mut self, raw: &At<RawQuestion>) -> Option<Form> {
        let accept = match (&raw.accept, &raw.number) {
            (Some(words), None) => {
                if words.is_empty() {
                    self.error(words, "no answer is accepted", "give at least one");
                }
                for word in &words.value {
                    self.text(word);
                    if word.chars().count() > LONGEST_ANSWER {
                        let message =
                            format!("nobody can give this answer: it has more than {LONGEST_ANSWER} characters");
                        self.error(word, message, "ask for less");
                    }
                }
                Accept::Words(words.iter().map(|word| word.trim().to_owned()).collect())
            }
            (None, Some(number)) => {
                let (value, within) = (*number.value.value, *number.within);
                if !value.is_finite() {
                    self.error(
                        &number.value.value,
                        "this is no number that can be reached",
                        "give a finite one",
                    );
                }
                if !(within.is_finite() && within >= 0.0) {
                    self.error(&number.within, "this is no distance", "give 0 or more");
                }
                Accept::Number { value, within }
            }
            (None, None) => {
                self.missing(
                    raw,
                    "accept",
                    "add `accept: [\"…\"]` for words, or `number: { value: 1, within: 0 }`",
                );
                return None;
            }
            (Some(words), Some(_)) => {
                self.error(words, "`accept` and `number` stand here both", "keep one of them");
                return None;
            }
        };
        let Some(why) = &raw.why else {
            self.missing(raw, "why", "add `why:` and explain the right answer");
            return None;
        };
        let why = self.text(why);
        let mut near = Vec::new();
        for one in raw.near.iter().flat_map(|near| &near.value) {
            let is_right = match &accept {
                Accept::Words(words) => words.iter().any(|word| normal(word) == normal(&one.text)),
                Accept::Number { value, within } => value.is_finite() && is_near(&one.text, *value, *within),
            };
            if is_right {
                self.error(&one.text, "this is near, and right as well", "take it out of `near`");
            }
            near.push(Near {
                text: self.text(&one.text),
                why: self.text(&one.why),
            });
        }
        Some(Form::Short { accept, near, why })
    }

    fn place(&mut self, raw: &At<RawQuestion>) -> Option<Form> {
        let Some(stage) = &raw.stage else {
            self.missing(raw, "stage", "add `stage:`, such as `stage: validate`");
            return None;
        };
        let Some(why) = &raw.why else {
            self.missing(raw, "why", "add `why:` and say why it belongs there");
            return None;
        };
        let why = self.text(why);
        let mut others = std::collections::BTreeMap::new();
        for (other, text) in raw.others.iter().flat_map(|others| &others.value) {
            if *other == stage.value {
                let message = format!("`{other}` is the right stage");
                self.error(text, message, "explain it in `why`");
            }
            others.insert(*other, self.text(text));
        }
        Some(Form::Loop {
            stage: stage.value,
            why,
            others,
        })
    }
}

/// Of what is asked and of what is right.
fn hash(ask: &str, form: &Form) -> String {
    let mut text = format!("{}\n{}\n", form.word(), ask.trim());
    // Writing to a text cannot fail.
    let _ = match form {
        Form::Single { choices } | Form::Multiple { choices } => {
            let mut choices: Vec<_> = choices.iter().map(|choice| (&choice.key, choice.right)).collect();
            choices.sort();
            write!(text, "{choices:?}")
        }
        Form::Order { items, .. } => write!(text, "{:?}", items.iter().map(|item| &item.key).collect::<Vec<_>>()),
        Form::Short { accept, .. } => write!(text, "{accept:?}"),
        Form::Loop { stage, .. } => write!(text, "{stage}"),
    };
    hex(&text, 16)
}

fn hex(text: &str, digits: usize) -> String {
    let mut hex: String = Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    hex.truncate(digits);
    hex
}
