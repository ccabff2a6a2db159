//! Which lessons a person has opened and finished.

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{PersonId, Timestamp};

/// A lesson that a person opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonRead {
    /// `<week>/<slug>`
    pub lesson: String,
    pub opened: Timestamp,
    pub finished: Option<Timestamp>,
}

impl Store {
    /// Writes down that a lesson was opened; the first time counts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn open_lesson(&self, person: PersonId, lesson: &str, at: Timestamp) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::OPEN_LESSON)
            .bind(person.to_string())
            .bind(lesson)
            .bind(at.0)
            .execute(pool)
            .await
            .map(drop))
        .doing("opening a lesson")
    }

    /// Writes down that a lesson was finished; the first time counts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish_lesson(&self, person: PersonId, lesson: &str, at: Timestamp) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::FINISH_LESSON)
            .bind(person.to_string())
            .bind(lesson)
            .bind(at.0)
            .execute(pool)
            .await
            .map(drop))
        .doing("finishing a lesson")
    }

    /// The lessons that a person opened, in the order in which they did.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn lessons_of(&self, person: PersonId) -> Result<Vec<LessonRead>, StoreError> {
        let rows: Vec<(String, i64, Option<i64>)> = on!(self, read, |pool| sqlx::query_as(sql::LESSONS_OF)
            .bind(person.to_string())
            .fetch_all(pool)
            .await)
        .doing("reading lessons")?;
        Ok(rows
            .into_iter()
            .map(|(lesson, opened, finished)| LessonRead {
                lesson,
                opened: Timestamp(opened),
                finished: finished.map(Timestamp),
            })
            .collect())
    }
}
