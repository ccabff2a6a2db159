//! What the template of a quiz shows: questions that are open, with what was typed, and those that are answered, with
//! the result and the reason beside each choice.

use std::collections::BTreeMap;

use serde::Serialize;

use super::asked::Asked;
use super::fields::Fields;
use super::read::place_of;
use crate::content::Catalogue;
use crate::model::Stage;
use crate::model::quiz::{Fit, Form, LONGEST_ANSWER, Marked, Next, Part, Tried, next};
use crate::store::QuizTry;
use crate::web::pages::curriculum::week_name;
use crate::web::pages::mark::Mark;
use crate::web::pages::time::{Moment, Times};
use crate::web::templates::{SafeHtml, View};

/// The questions of a page as one form.
#[derive(Clone, Debug, Serialize)]
pub struct QuizView {
    pub title: String,
    /// Where the form goes.
    pub action: String,
    /// `4 questions, 3 answered, 2 of them right. `
    pub state: String,
    /// When the last answer was saved.
    pub saved: Option<Moment>,
    /// What is wrong with what was just sent, with the question that it is about.
    pub problems: Vec<Link>,
    /// Questions that were answered and not rightly.
    pub misses: Vec<Link>,
    /// Opens all misses again.
    pub retry_all: Option<String>,
    pub questions: Vec<QuestionView>,
    /// How many are open.
    pub open: usize,
    /// Words of the button.
    pub verb: String,
}

impl View for QuizView {
    const TEMPLATE: &'static str = "parts/quiz.html";
}

/// A link to a question, or words alone.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    pub href: Option<String>,
    pub text: String,
}

/// A question.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionView {
    /// On the page.
    pub id: String,
    /// Of its field.
    pub name: String,
    /// `Question 2 of 4`.
    pub number: String,
    /// The lesson that it comes back from.
    pub from: Option<Link>,
    pub ask: SafeHtml,
    /// `single`, `multiple`, `order`, `short`, `loop`.
    pub kind: &'static str,
    /// What is wrong with what was just sent.
    pub problem: Option<String>,
    /// About answers to an earlier version of the question.
    pub changed: Option<String>,
    /// Choices, items or stages, open or marked.
    pub lines: Vec<Line>,
    /// What was typed, or the answer that was given.
    pub typed: String,
    pub longest: usize,
    /// The result; `None` while it is open.
    pub result: Option<ResultView>,
}

/// A choice, an item or a stage.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Value of the field; of an item its own field's name.
    pub key: String,
    pub text: SafeHtml,
    /// Chosen and not yet sent, or chosen in the answer.
    pub chosen: bool,
    /// Place that an item was given and was not yet sent, or 0.
    pub place: usize,
    pub mark: Option<Mark>,
    /// What the mark means.
    pub word: Option<String>,
    pub why: Option<SafeHtml>,
}

/// How an answer is.
#[derive(Clone, Debug, Serialize)]
pub struct ResultView {
    pub mark: Mark,
    /// `Right`, `Not right yet`.
    pub word: &'static str,
    pub at: Moment,
    /// `answered twice`; empty for the first time.
    pub tries: String,
    /// The right short answer, where another was given.
    pub expected: Option<String>,
    /// Explanations of the whole.
    pub notes: Vec<SafeHtml>,
    /// Opens the question again.
    pub retry: String,
    /// When it comes back.
    pub back: Option<String>,
}

/// What a page says of its quiz.
#[derive(Clone, Copy, Debug)]
pub struct Page<'p> {
    pub title: &'p str,
    /// Of the page, without its query.
    pub href: &'p str,
    /// Where the form goes.
    pub action: &'p str,
    /// Names of the questions that are to be open again.
    pub retry: &'p [String],
    /// What was sent and could not be taken.
    pub sent: Option<Sent<'p>>,
    /// Whether questions come back.
    pub review: bool,
}

/// A form that could not be taken.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'p> {
    pub fields: &'p Fields,
    /// By the question's name; the empty name is about the form as a whole.
    pub problems: &'p BTreeMap<String, String>,
}

impl QuizView {
    /// The questions of a page; `None` where there are none.
    #[must_use]
    pub fn new(catalogue: &Catalogue, asked: &[Asked<'_>], page: Page<'_>, times: &Times) -> Option<Self> {
        if asked.is_empty() {
            return None;
        }
        let questions: Vec<QuestionView> = asked
            .iter()
            .enumerate()
            .map(|(at, one)| question(catalogue, one, (at, asked.len()), page, times))
            .collect();
        let answered: Vec<_> = asked.iter().filter_map(Asked::shown).collect();
        let right = answered.iter().filter(|(one, _)| one.right).count();
        let saved = answered.iter().map(|(one, _)| one.at).max();
        let misses: Vec<Link> = questions
            .iter()
            .filter(|one| one.result.as_ref().is_some_and(|result| result.mark == Mark::NotYet))
            .map(|one| Link {
                href: Some(format!("#{}", one.id)),
                text: one.number.clone(),
            })
            .collect();
        let retry_all = (misses.len() > 1).then(|| {
            let names = asked
                .iter()
                .zip(&questions)
                .filter(|(_, view)| view.result.as_ref().is_some_and(|result| result.mark == Mark::NotYet))
                .map(|(one, _)| one.name.as_str());
            retry(page.href, names, "quiz")
        });
        let open = questions.iter().filter(|one| one.result.is_none()).count();
        let problems = page.sent.map_or_else(Vec::new, |sent| {
            let of = |name: &str| asked.iter().zip(&questions).find(|(one, _)| one.name == name);
            sent.problems
                .iter()
                .map(|(name, text)| match of(name) {
                    Some((_, view)) => Link {
                        href: Some(format!("#{}", view.id)),
                        text: format!("{}: {text}", view.number),
                    },
                    None => Link {
                        href: None,
                        text: text.clone(),
                    },
                })
                .collect()
        });
        Some(Self {
            title: page.title.to_owned(),
            action: page.action.to_owned(),
            state: state(asked.len(), answered.len(), right),
            saved: saved.map(|at| times.moment(at)),
            problems,
            misses,
            retry_all,
            verb: if open == 1 {
                "Check the answer".into()
            } else {
                "Check the answers".into()
            },
            open,
            questions,
        })
    }
}

fn state(all: usize, answered: usize, right: usize) -> String {
    let questions = if all == 1 {
        "1 question".to_owned()
    } else {
        format!("{all} questions")
    };
    match answered {
        0 => format!("{questions}, none answered yet"),
        _ => format!("{answered} of {questions} answered, {right} right"),
    }
}

/// The page with questions open again.
fn retry<'n>(href: &str, names: impl Iterator<Item = &'n str>, anchor: &str) -> String {
    let query: Vec<String> = names.map(|name| format!("retry={name}")).collect();
    format!("{href}?{}#{anchor}", query.join("&"))
}

fn question(
    catalogue: &Catalogue,
    asked: &Asked<'_>,
    (at, of): (usize, usize),
    page: Page<'_>,
    times: &Times,
) -> QuestionView {
    let sent = page
        .sent
        .filter(|sent| sent.fields.names().any(|name| is_of(name, &asked.name)));
    let again = sent.is_some() || page.retry.contains(&asked.name);
    let current = asked.shown().filter(|_| !again);
    let id = asked.id();
    let fields = page.sent.map(|sent| sent.fields);
    let typed = match &current {
        Some((last, _)) => typed_words(last),
        None => fields
            .and_then(|fields| fields.first(&asked.name))
            .unwrap_or_default()
            .to_owned(),
    };
    QuestionView {
        number: if of == 1 {
            "Question".into()
        } else {
            format!("Question {} of {of}", at + 1)
        },
        from: asked.visiting.then(|| from(catalogue, asked)),
        ask: SafeHtml::rendered(asked.question.ask.clone()),
        kind: asked.question.form.word(),
        problem: page.sent.and_then(|sent| sent.problems.get(&asked.name).cloned()),
        changed: asked.outdated().map(|last| {
            let how = if last.right { "right" } else { "not right" };
            format!(
                "The question was changed since: your answer to its earlier version was {how}, {}.",
                times.day(last.at).text
            )
        }),
        lines: match &current {
            Some((_, marked)) => marked_lines(asked, marked),
            None => open_lines(asked, fields),
        },
        typed,
        longest: LONGEST_ANSWER,
        result: current.map(|(last, marked)| result(asked, last, &marked, page, times)),
        name: asked.name.clone(),
        id,
    }
}

fn is_of(field: &str, name: &str) -> bool {
    field == name || field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
}

fn typed_words(last: &QuizTry) -> String {
    match &last.answer {
        Some(crate::model::Answer::Words(text)) => text.clone(),
        _ => String::new(),
    }
}

fn from(catalogue: &Catalogue, asked: &Asked<'_>) -> Link {
    let (week, slug) = (asked.entry.week, &asked.entry.slug);
    let title = catalogue
        .lesson(week, slug)
        .map_or(slug.as_str(), |entry| entry.lesson.title.as_str());
    Link {
        href: Some(format!("/weeks/{week}/{slug}")),
        text: format!("{}, {title}", week_name(week)),
    }
}

fn html(text: &str) -> SafeHtml {
    SafeHtml::rendered(text.to_owned())
}

pub(super) fn open_line(key: String, text: SafeHtml) -> Line {
    Line {
        key,
        text,
        chosen: false,
        place: 0,
        mark: None,
        word: None,
        why: None,
    }
}

fn open_lines(asked: &Asked<'_>, sent: Option<&Fields>) -> Vec<Line> {
    let name = &asked.name;
    let chosen = |key: &str| sent.is_some_and(|fields| fields.all(name).any(|value| value == key));
    match &asked.question.form {
        Form::Single { choices } | Form::Multiple { choices } => choices
            .iter()
            .map(|choice| Line {
                chosen: chosen(&choice.key),
                ..open_line(choice.key.clone(), html(&choice.text))
            })
            .collect(),
        Form::Order { items, .. } => asked
            .question
            .shuffled(asked.tries.len())
            .into_iter()
            .map(|at| {
                let field = place_of(name, &items[at]);
                let place = sent
                    .and_then(|fields| fields.first(&field))
                    .and_then(|place| place.parse().ok())
                    .unwrap_or(0);
                Line {
                    place,
                    ..open_line(field, html(&items[at].text))
                }
            })
            .collect(),
        Form::Short { .. } => Vec::new(),
        Form::Loop { .. } => Stage::ALL
            .into_iter()
            .map(|stage| Line {
                chosen: chosen(stage.word()),
                ..open_line(stage.word().to_owned(), SafeHtml::text(stage.word()))
            })
            .collect(),
    }
}

fn marked_lines(asked: &Asked<'_>, marked: &Marked) -> Vec<Line> {
    marked
        .parts
        .iter()
        .map(|part| {
            let text = match &asked.question.form {
                Form::Single { choices } | Form::Multiple { choices } => choices
                    .iter()
                    .find(|choice| choice.key == part.key)
                    .map(|choice| html(&choice.text)),
                Form::Order { items, .. } => items
                    .iter()
                    .find(|item| item.key == part.key)
                    .map(|item| html(&item.text)),
                Form::Short { .. } | Form::Loop { .. } => None,
            };
            let (mark, word) = told(&asked.question.form, part);
            Line {
                key: part.key.clone(),
                text: text.unwrap_or_else(|| SafeHtml::text(&part.key)),
                chosen: matches!(part.fit, Fit::Right | Fit::Wrong),
                place: 0,
                mark,
                word: word.map(str::to_owned).or_else(|| {
                    let belongs = part.belongs.filter(|_| part.fit == Fit::Wrong)?;
                    Some(format!("belongs at {belongs}"))
                }),
                why: part.why.as_deref().map(html),
            }
        })
        .collect()
}

/// Shape and word of a part of an answer.
fn told(form: &Form, part: &Part) -> (Option<Mark>, Option<&'static str>) {
    let order = matches!(form, Form::Order { .. });
    let several = matches!(form, Form::Multiple { .. });
    match part.fit {
        Fit::Right if order => (Some(Mark::Passed), Some("at its place")),
        Fit::Right => (Some(Mark::Passed), Some("your answer, right")),
        Fit::Wrong if order => (Some(Mark::NotYet), None),
        Fit::Wrong => (Some(Mark::NotYet), Some("your answer, not right")),
        Fit::Missed if several => (Some(Mark::Passed), Some("right, and not chosen")),
        Fit::Missed => (Some(Mark::Passed), Some("the right one")),
        Fit::Rest if several => (None, Some("rightly left out")),
        Fit::Rest => (None, None),
    }
}

fn result(asked: &Asked<'_>, last: &QuizTry, marked: &Marked, page: Page<'_>, times: &Times) -> ResultView {
    let tries = match asked.tries.len() {
        0 | 1 => String::new(),
        2 => "answered twice".into(),
        many => format!("answered {many} times"),
    };
    ResultView {
        mark: if marked.right { Mark::Passed } else { Mark::NotYet },
        word: if marked.right { "Right" } else { "Not right yet" },
        at: times.moment(last.at),
        tries,
        expected: marked.expected.clone().filter(|_| !marked.right),
        notes: [&marked.said, &marked.why]
            .into_iter()
            .flatten()
            .map(|text| html(text))
            .collect(),
        retry: retry(page.href, std::iter::once(asked.name.as_str()), &asked.id()),
        back: back(asked, page.review, times),
    }
}

/// When a question comes back, in words.
fn back(asked: &Asked<'_>, review: bool, times: &Times) -> Option<String> {
    if !review {
        return None;
    }
    let tries: Vec<Tried> = asked
        .tries
        .iter()
        .map(|one| Tried {
            at: one.at,
            right: one.right,
        })
        .collect();
    Some(match next(&tries)? {
        Next::Due { at, .. } if at <= times.now() => "due again now".into(),
        Next::Due { at, .. } => format!("comes back on {}", times.day(at).text),
        Next::Settled => "settled: it does not come back".into(),
    })
}
