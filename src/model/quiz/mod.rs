//! The questions of a lesson: what is asked, what a person answers, how that is marked ([`grade`]) and when it comes
//! back ([`review`]). All of it is pure; `content` makes questions of what authors wrote, `store` keeps the answers.

pub mod grade;
pub mod review;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::Random;

pub use grade::{Fit, Marked, Part, grade};
pub use review::{Next, Tried, next};

/// Most characters of a short answer.
pub const LONGEST_ANSWER: usize = 200;

/// The questions of one lesson, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quiz {
    pub questions: Vec<Question>,
}

impl Quiz {
    /// The question of that id.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Unique in its lesson; lower-case letters, digits and hyphens.
    pub id: String,
    /// Markdown.
    pub ask: String,
    pub form: Form,
    /// Of everything that makes an answer right or wrong, and of what is asked: another hash is another question.
    /// Explanations are left out, so that mending one forgets no answer.
    pub hash: String,
}

/// What is asked for. Texts of choices, items and explanations are Markdown of one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Form {
    /// One of several; exactly one is right.
    Single { choices: Vec<Choice> },
    /// Any of several; at least one is right.
    Multiple { choices: Vec<Choice> },
    /// Steps, which stand here in the right order.
    Order { items: Vec<Item>, why: Option<String> },
    /// A word, a phrase or a number.
    Short {
        accept: Accept,
        near: Vec<Near>,
        why: String,
    },
    /// A place on the loop.
    Loop {
        stage: Stage,
        why: String,
        others: BTreeMap<Stage, String>,
    },
}

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Stands for the choice in forms and stored answers; made of its text, so that it does not hang on its place.
    pub key: String,
    pub text: String,
    /// Why it is right, or which misconception it is.
    pub why: String,
    pub right: bool,
}

/// A step to be put in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// As [`Choice::key`].
    pub key: String,
    pub text: String,
    /// Why it stands where it does.
    pub why: String,
}

/// Which short answers are right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accept {
    /// Any of these, compared without case and without outer and doubled spaces. The first is the one that is shown.
    Words(Vec<String>),
    /// A number no further than `within` from `value`.
    Number { value: f64, within: f64 },
}

/// A frequent wrong answer and what it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    pub text: String,
    pub why: String,
}

/// A place on the loop of a model's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Data,
    Train,
    Validate,
    Package,
    Deploy,
    Monitor,
    Retrain,
}

impl Stage {
    /// The loop, in its order.
    pub const ALL: [Self; 7] = [
        Self::Data,
        Self::Train,
        Self::Validate,
        Self::Package,
        Self::Deploy,
        Self::Monitor,
        Self::Retrain,
    ];

    /// In files and forms.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Train => "train",
            Self::Validate => "validate",
            Self::Package => "package",
            Self::Deploy => "deploy",
            Self::Monitor => "monitor",
            Self::Retrain => "retrain",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.word() == text).ok_or(())
    }
}

/// What a person answered, by keys of choices and items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "answer", rename_all = "kebab-case")]
pub enum Answer {
    One(String),
    Several(BTreeSet<String>),
    Sequence(Vec<String>),
    Words(String),
    Place(Stage),
}

impl Form {
    /// The word that files use for the kind.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Single { .. } => "single",
            Self::Multiple { .. } => "multiple",
            Self::Order { .. } => "order",
            Self::Short { .. } => "short",
            Self::Loop { .. } => "loop",
        }
    }
}

impl Question {
    /// The places of an order's items as they are shown: never in the right order, the same for the same `tries`, which
    /// are the answers that a person has given before. Without items it is empty.
    #[must_use]
    pub fn shuffled(&self, tries: usize) -> Vec<usize> {
        let count = match &self.form {
            Form::Order { items, .. } => items.len(),
            _ => 0,
        };
        let mut places: Vec<usize> = (0..count).collect();
        let seed = self.hash.bytes().fold(tries as u64, |seed, byte| {
            // FNV-1a: any spread will do.
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let random = Random::seeded(seed);
        for last in (1..count).rev() {
            let drawn = random.integer(0, i64::try_from(last).unwrap_or(0));
            places.swap(last, usize::try_from(drawn).unwrap_or(0));
        }
        if count > 1 && places.is_sorted() {
            places.rotate_left(1);
        }
        places
    }
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stages_are_read_as_they_are_written() {
        for stage in Stage::ALL {
            assert_eq!(stage.word().parse(), Ok(stage));
            assert_eq!(serde_json::to_string(&stage).unwrap(), format!("\"{stage}\""));
        }
        assert_eq!("Data".parse::<Stage>(), Err(()));
    }

    #[test]
    fn answers_are_kept_as_json() {
        for answer in [
            Answer::One("a1".into()),
            Answer::Several(["a1".to_owned(), "b2".to_owned()].into()),
            Answer::Sequence(vec!["b2".into(), "a1".into()]),
            Answer::Words("<b>\0".into()),
            Answer::Place(Stage::Monitor),
        ] {
            let text = serde_json::to_string(&answer).unwrap();
            assert!(!text.contains('\0'), "PostgreSQL takes no NUL in texts: {text}");
            assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
        }
    }

    proptest! {
        #[test]
        fn a_shuffle_is_never_the_answer(count in 2_usize..9, tries in 0_usize..50, hash in "[0-9a-f]{12}") {
            let mut question = samples::order(count);
            question.hash = hash;
            let shown = question.shuffled(tries);
            prop_assert!(!shown.is_sorted());
            let mut sorted = shown.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            prop_assert_eq!(question.shuffled(tries), shown);
        }
    }
}
