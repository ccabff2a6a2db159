//! Runs of trials.

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{SessionId, Timestamp, TrialId};
use crate::model::TaskId;

/// One run of a trial. It is open until its files are put back: an open one found at start is restored first.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRun {
    pub id: TrialId,
    pub session: SessionId,
    pub task: TaskId,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    /// What came of it, as `grading` wrote it.
    pub outcome: Option<serde_json::Value>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    session: String,
    task: String,
    started: i64,
    finished: Option<i64>,
    outcome: Option<String>,
}

impl Row {
    fn run(self) -> Result<TrialRun, StoreError> {
        let bad = |what: String| StoreError::unreadable("reading a trial", what);
        Ok(TrialRun {
            id: self.id.parse().map_err(|e| bad(format!("id: {e}")))?,
            session: self.session.parse().map_err(|e| bad(format!("session: {e}")))?,
            task: TaskId(self.task),
            started: Timestamp(self.started),
            finished: self.finished.map(Timestamp),
            outcome: self
                .outcome
                .map(|text| serde_json::from_str(&text).map_err(|e| bad(format!("outcome: {e}"))))
                .transpose()?,
        })
    }
}

impl Store {
    /// Writes down that a trial begins, before its first act.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn start_trial(
        &self,
        id: TrialId,
        session: SessionId,
        task: &TaskId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::INSERT_TRIAL)
            .bind(id.to_string())
            .bind(session.to_string())
            .bind(&task.0)
            .bind(at.0)
            .execute(pool)
            .await
            .map(drop))
        .doing("starting a trial")
    }

    /// Writes down what came of a trial, once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it is finished already.
    pub async fn finish_trial(
        &self,
        id: TrialId,
        at: Timestamp,
        outcome: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let doing = "finishing a trial";
        let changed = on!(self, write, |pool| sqlx::query(sql::FINISH_TRIAL)
            .bind(id.to_string())
            .bind(at.0)
            .bind(outcome.to_string())
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))
        .doing(doing)?;
        if changed == 0 {
            return Err(StoreError::Conflict { doing });
        }
        Ok(())
    }

    /// The trials of a session, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn trials(&self, session: SessionId) -> Result<Vec<TrialRun>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::TRIALS)
            .bind(session.to_string())
            .fetch_all(pool)
            .await)
        .doing("reading trials")?
        .into_iter()
        .map(Row::run)
        .collect()
    }

    /// Every trial that has begun and not finished, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn open_trials(&self) -> Result<Vec<TrialRun>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::OPEN_TRIALS)
            .fetch_all(pool)
            .await)
        .doing("reading trials")?
        .into_iter()
        .map(Row::run)
        .collect()
    }
}
