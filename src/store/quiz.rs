//! What people answered to the questions of lessons, and whether questions come back to them.

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{PersonId, Timestamp};
use crate::model::Answer;

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuizTry {
    /// `<week>/<slug>` of the lesson that the question is of.
    pub lesson: String,
    /// The question's id in that lesson.
    pub question: String,
    pub at: Timestamp,
    /// Of the question as it was when it was answered.
    pub hash: String,
    /// `None` where it was written by a version that knew other kinds.
    pub answer: Option<Answer>,
    /// As it was marked when it was given.
    pub right: bool,
    /// Where it was asked: `<week>/<slug>` of a lesson, or `review`.
    pub place: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    lesson: String,
    question: String,
    at: i64,
    hash: String,
    answer: String,
    correct: i64,
    place: String,
}

impl Store {
    /// Keeps the answers of one form, all or none. A form that is sent again under the same `submission` adds nothing.
    /// Tells how many were added.
    ///
    /// # Errors
    /// Where the database fails; then nothing was written.
    pub async fn add_quiz_tries(
        &self,
        person: PersonId,
        submission: &str,
        tries: &[QuizTry],
    ) -> Result<u64, StoreError> {
        let rows = tries
            .iter()
            .map(|one| Ok((one, serde_json::to_string(&one.answer)?)))
            .collect::<Result<Vec<_>, serde_json::Error>>()
            .map_err(|error| StoreError::unreadable("writing an answer", error))?;
        on!(self, write, |pool| async {
            let mut transaction = pool.begin().await?;
            let mut added = 0;
            for (one, answer) in &rows {
                added += sqlx::query(sql::INSERT_QUIZ_TRY)
                    .bind(person.to_string())
                    .bind(&one.lesson)
                    .bind(&one.question)
                    .bind(submission)
                    .bind(one.at.0)
                    .bind(&one.hash)
                    .bind(answer)
                    .bind(i64::from(one.right))
                    .bind(&one.place)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
            }
            transaction.commit().await?;
            Ok(added)
        }
        .await)
        .doing("keeping answers")
    }

    /// All answers of a person, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn quiz_tries(&self, person: PersonId) -> Result<Vec<QuizTry>, StoreError> {
        let rows: Vec<Row> = on!(self, read, |pool| sqlx::query_as(sql::QUIZ_TRIES)
            .bind(person.to_string())
            .fetch_all(pool)
            .await)
        .doing("reading answers")?;
        Ok(rows
            .into_iter()
            .map(|row| QuizTry {
                lesson: row.lesson,
                question: row.question,
                at: Timestamp(row.at),
                hash: row.hash,
                answer: serde_json::from_str(&row.answer).ok(),
                right: row.correct != 0,
                place: row.place,
            })
            .collect())
    }

    /// Whether questions come back to a person; they do until the person says otherwise.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn review_enabled(&self, person: PersonId) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = on!(self, read, |pool| sqlx::query_as(sql::REVIEW_ENABLED)
            .bind(person.to_string())
            .fetch_optional(pool)
            .await)
        .doing("reading whether questions come back")?;
        Ok(row.is_none_or(|(enabled,)| enabled != 0))
    }

    /// Switches the coming back of questions on or off.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn enable_review(&self, person: PersonId, enabled: bool, at: Timestamp) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::ENABLE_REVIEW)
            .bind(person.to_string())
            .bind(i64::from(enabled))
            .bind(at.0)
            .execute(pool)
            .await
            .map(drop))
        .doing("saying whether questions come back")
    }
}
