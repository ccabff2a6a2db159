//! Lessons and quizzes that are ready to be sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::LessonPage;
use crate::base::{PersonId, Timestamp};
use crate::content::Catalogue;
use crate::web::Failure;
use crate::web::pages::ready::Piece;
use crate::web::quizzes::Answered;
use crate::web::templates::{self, View as _};

/// Where the quiz goes; no text has this character.
pub(super) const QUIZ: &str = "\0quiz\0";

/// Lessons that are rendered and compressed, by week, place in it, and what of the week was finished; and the quizzes of
/// persons.
#[derive(Default)]
pub struct LessonCache {
    pages: RwLock<Kept>,
    quizzes: Mutex<HashMap<(PersonId, u8, usize), KeptQuiz>>,
}

type Key = (u8, usize, u64);

#[derive(Default)]
struct Kept {
    /// The content that they were made from: with other content all are made anew.
    from: Option<Arc<Catalogue>>,
    pages: HashMap<Key, Arc<Halves>>,
}

/// A lesson's page before and after its quiz.
pub(super) struct Halves {
    pub before: Piece,
    pub after: Piece,
}

/// A person's quiz, and what it was made from.
struct KeptQuiz {
    from: Arc<Catalogue>,
    answered: Arc<Answered>,
    at: Timestamp,
    piece: Arc<Piece>,
}

/// More than there are lessons; what a person has finished multiplies them.
const MOST_KEPT: usize = 1000;
/// How long a quiz is kept: what is due changes with the time.
const QUIZ_KEPT: Duration = Duration::from_mins(1);

impl LessonCache {
    /// A debug build serves assets from disk, whose addresses change, and a template may: nothing is kept.
    fn keeps() -> bool {
        !cfg!(debug_assertions) && !templates::is_watched()
    }

    pub(super) fn page(
        &self,
        catalogue: &Arc<Catalogue>,
        key: Key,
        make: impl FnOnce() -> LessonPage,
    ) -> Result<Arc<Halves>, Failure> {
        if Self::keeps() {
            let kept = self.pages.read().unwrap_or_else(PoisonError::into_inner);
            if kept.from.as_ref().is_some_and(|from| Arc::ptr_eq(from, catalogue))
                && let Some(page) = kept.pages.get(&key)
            {
                return Ok(page.clone());
            }
        }
        let html = make().render()?;
        let (before, after) = html.split_once(QUIZ).unwrap_or((&html, ""));
        let page = Arc::new(Halves {
            before: Piece::of(before.to_owned())?,
            after: Piece::of(after.to_owned())?,
        });
        if Self::keeps() {
            let mut kept = self.pages.write().unwrap_or_else(PoisonError::into_inner);
            if !kept.from.as_ref().is_some_and(|from| Arc::ptr_eq(from, catalogue)) {
                kept.from = Some(catalogue.clone());
                kept.pages.clear();
            }
            if kept.pages.len() >= MOST_KEPT {
                kept.pages.clear();
            }
            kept.pages.insert(key, page.clone());
        }
        Ok(page)
    }

    pub(super) fn quiz(
        &self,
        key: (PersonId, u8, usize),
        from: &Arc<Catalogue>,
        answered: &Arc<Answered>,
        at: Timestamp,
        make: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<Arc<Piece>, Failure> {
        let lock = || self.quizzes.lock().unwrap_or_else(PoisonError::into_inner);
        if Self::keeps()
            && let Some(kept) = lock().get(&key)
            && Arc::ptr_eq(&kept.from, from)
            && Arc::ptr_eq(&kept.answered, answered)
            && at.since(kept.at) < QUIZ_KEPT
        {
            return Ok(kept.piece.clone());
        }
        let piece = Arc::new(Piece::of(make()?)?);
        if Self::keeps() {
            let mut kept = lock();
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            let (from, answered, piece) = (from.clone(), answered.clone(), piece.clone());
            kept.insert(
                key,
                KeptQuiz {
                    from,
                    answered,
                    at,
                    piece,
                },
            );
        }
        Ok(piece)
    }
}
