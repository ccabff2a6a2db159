//! Which lessons a person has opened and finished, kept in memory so that a lesson is served without the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::{PersonId, Timestamp};
use crate::store::{LessonRead, Store, StoreError};

/// People that are kept; beyond that all are forgotten and read again.
const MOST: usize = 10_000;

/// The cache; the store has the truth.
#[derive(Debug, Default)]
pub struct Reading(Mutex<HashMap<PersonId, Arc<Vec<LessonRead>>>>);

/// The key of a lesson: `<week>/<slug>`.
#[must_use]
pub fn key(week: u8, slug: &str) -> String {
    format!("{week}/{slug}")
}

impl Reading {
    /// What a person has read, in the order in which it was opened.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, store: &Store, person: PersonId) -> Result<Arc<Vec<LessonRead>>, StoreError> {
        if let Some(known) = self.lock().get(&person) {
            return Ok(known.clone());
        }
        let read = Arc::new(store.lessons_of(person).await?);
        self.keep(person, read.clone());
        Ok(read)
    }

    /// Writes down that a lesson was opened, and with it that those in `before` are finished.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(
        &self,
        store: &Store,
        person: PersonId,
        lesson: Option<&str>,
        before: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = self.of(store, person).await?;
        let find = |key: &str| known.iter().find(|read| read.lesson == key);
        let mut changed = false;
        if let Some(lesson) = lesson
            && find(lesson).is_none()
        {
            store.open_lesson(person, lesson, now).await?;
            changed = true;
        }
        for key in before {
            if find(key).is_some_and(|read| read.finished.is_none()) {
                store.finish_lesson(person, key, now).await?;
                changed = true;
            }
        }
        if changed {
            let read = Arc::new(store.lessons_of(person).await?);
            self.keep(person, read);
        }
        Ok(())
    }

    /// Forgets what is in memory of a person whose rows were changed by something else.
    pub fn forget(&self, person: PersonId) {
        self.lock().remove(&person);
    }

    fn keep(&self, person: PersonId, read: Arc<Vec<LessonRead>>) {
        let mut people = self.lock();
        if people.len() >= MOST {
            people.clear();
        }
        people.insert(person, read);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PersonId, Arc<Vec<LessonRead>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
