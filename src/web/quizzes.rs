//! What people answered to questions, kept in memory so that a lesson is served without the database, and what follows
//! from it: how far a quiz is, and what is due.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::reading::key;
use crate::base::{PersonId, Timestamp};
use crate::content::{Catalogue, QuizEntry};
use crate::model::Question;
use crate::model::quiz::{Next, Tried, next};
use crate::store::{QuizTry, Store, StoreError};

/// People that are kept; beyond that all are forgotten and read again.
const MOST: usize = 10_000;

/// The cache; the store has the truth.
#[derive(Debug, Default)]
pub struct Quizzes {
    people: Mutex<HashMap<PersonId, Arc<Answered>>>,
    /// Held while rows are read and kept, so that what was read earlier never replaces what was read later.
    reading: tokio::sync::Mutex<()>,
}

/// What one person answered.
#[derive(Debug)]
pub struct Answered {
    /// By lesson and question, oldest first.
    tries: BTreeMap<String, BTreeMap<String, Vec<QuizTry>>>,
    /// Whether questions come back.
    pub review: bool,
}

/// How far a quiz is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Questions with an answer, as they are asked now.
    pub answered: usize,
    /// Of these, those whose last answer is right.
    pub right: usize,
    pub of: usize,
}

/// A question that will come back, or has come back often enough.
#[derive(Clone, Debug)]
pub struct Scheduled<'c> {
    pub entry: &'c Arc<QuizEntry>,
    pub question: &'c Question,
    pub next: Next,
}

impl Score {
    /// `answered 3 of 4`; empty where nothing was answered.
    #[must_use]
    pub fn words(self) -> String {
        match self.answered {
            0 => String::new(),
            answered => format!("answered {answered} of {}", self.of),
        }
    }
}

impl Scheduled<'_> {
    /// When it is due; `None` where it is not coming back.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.next {
            Next::Due { at, .. } => Some(at),
            Next::Settled => None,
        }
    }
}

impl Quizzes {
    /// What a person answered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, store: &Store, person: PersonId) -> Result<Arc<Answered>, StoreError> {
        match self.known(person) {
            Some(known) => Ok(known),
            None => self.read(store, person).await,
        }
    }

    /// Keeps the answers of one form, and gives all that there are now.
    ///
    /// # Errors
    /// When the database fails; then no answer was kept.
    pub async fn add(
        &self,
        store: &Store,
        person: PersonId,
        submission: &str,
        tries: &[QuizTry],
    ) -> Result<Arc<Answered>, StoreError> {
        store.add_quiz_tries(person, submission, tries).await?;
        self.read(store, person).await
    }

    /// Switches the coming back of questions on or off.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enable_review(
        &self,
        store: &Store,
        person: PersonId,
        enabled: bool,
        now: Timestamp,
    ) -> Result<Arc<Answered>, StoreError> {
        store.enable_review(person, enabled, now).await?;
        self.read(store, person).await
    }

    /// Forgets what is in memory of a person whose rows were changed by something else.
    pub fn forget(&self, person: PersonId) {
        self.lock().remove(&person);
    }

    async fn read(&self, store: &Store, person: PersonId) -> Result<Arc<Answered>, StoreError> {
        let _turn = self.reading.lock().await;
        let answered = Arc::new(Answered::new(
            store.quiz_tries(person).await?,
            store.review_enabled(person).await?,
        ));
        let mut people = self.lock();
        if people.len() >= MOST {
            people.clear();
        }
        people.insert(person, answered.clone());
        Ok(answered)
    }

    fn known(&self, person: PersonId) -> Option<Arc<Answered>> {
        self.lock().get(&person).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PersonId, Arc<Answered>>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answered {
    pub(super) fn new(rows: Vec<QuizTry>, review: bool) -> Self {
        let mut tries: BTreeMap<String, BTreeMap<String, Vec<QuizTry>>> = BTreeMap::new();
        for row in rows {
            tries
                .entry(row.lesson.clone())
                .or_default()
                .entry(row.question.clone())
                .or_default()
                .push(row);
        }
        Self { tries, review }
    }

    /// All answers to a question, oldest first.
    #[must_use]
    pub fn tries(&self, week: u8, lesson: &str, question: &str) -> &[QuizTry] {
        self.tries
            .get(&key(week, lesson))
            .and_then(|lesson| lesson.get(question))
            .map_or(&[], Vec::as_slice)
    }

    /// How far a quiz is.
    #[must_use]
    pub fn score(&self, entry: &QuizEntry) -> Score {
        let mut score = Score {
            of: entry.quiz.questions.len(),
            ..Score::default()
        };
        for question in &entry.quiz.questions {
            let tries = self.tries(entry.week, &entry.slug, &question.id);
            if let Some(last) = tries.last().filter(|last| last.hash == question.hash) {
                score.answered += 1;
                score.right += usize::from(last.right);
            }
        }
        score
    }

    /// Every question that was answered and is still asked, the one that is due first at the front, the settled last.
    #[must_use]
    pub fn scheduled<'c>(&self, catalogue: &'c Catalogue) -> Vec<Scheduled<'c>> {
        let mut scheduled: Vec<Scheduled<'c>> = catalogue
            .quizzes
            .values()
            .flat_map(|entry| entry.html().questions.iter().map(move |question| (entry, question)))
            .filter_map(|(entry, question)| {
                let tries: Vec<Tried> = self
                    .tries(entry.week, &entry.slug, &question.id)
                    .iter()
                    .map(|one| Tried {
                        at: one.at,
                        right: one.right,
                    })
                    .collect();
                Some(Scheduled {
                    entry,
                    question,
                    next: next(&tries)?,
                })
            })
            .collect();
        scheduled.sort_by_key(|one| one.due().map_or(i64::MAX, |at| at.0));
        scheduled
    }

    /// `1 question is due`; `None` where none is.
    #[must_use]
    pub fn due_words(&self, catalogue: &Catalogue, now: Timestamp) -> Option<String> {
        match self.due(catalogue, now).len() {
            0 => None,
            1 => Some("1 question is due".into()),
            many => Some(format!("{many} questions are due")),
        }
    }

    /// The questions that are due now, the longest due first; none where they do not come back.
    #[must_use]
    pub fn due<'c>(&self, catalogue: &'c Catalogue, now: Timestamp) -> Vec<Scheduled<'c>> {
        if !self.review {
            return Vec::new();
        }
        let mut due = self.scheduled(catalogue);
        due.retain(|one| one.next.is_due(now));
        due
    }
}
