//! Lab sessions.

use std::time::Duration;

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{PersonId, SessionId, Timestamp, WorkshopId};
use crate::model::{LabId, LabSession, SessionState, Step};

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    person: String,
    workshop: Option<String>,
    lab: String,
    lab_hash: String,
    state: String,
    reason: Option<String>,
    seed: String,
    parameters: String,
    driver: String,
    created: i64,
    ready: Option<i64>,
    ended: Option<i64>,
    deadline: Option<i64>,
    time_left: Option<i64>,
    extensions: i64,
    from_export: Option<String>,
    revision: i64,
}

impl Row {
    fn session(self) -> Result<LabSession, StoreError> {
        let bad = |what: String| StoreError::unreadable("reading a session", what);
        Ok(LabSession {
            id: self.id.parse().map_err(|e| bad(format!("id: {e}")))?,
            person: self.person.parse().map_err(|e| bad(format!("person: {e}")))?,
            workshop: self
                .workshop
                .map(|id| id.parse::<WorkshopId>().map_err(|e| bad(format!("workshop: {e}"))))
                .transpose()?,
            lab: LabId(self.lab),
            lab_hash: self.lab_hash,
            state: SessionState::from_word(&self.state).ok_or_else(|| bad(format!("state '{}'", self.state)))?,
            reason: self.reason,
            seed: self.seed.parse().map_err(|e| bad(format!("seed: {e}")))?,
            parameters: serde_json::from_str(&self.parameters).map_err(|e| bad(format!("parameters: {e}")))?,
            driver: self.driver,
            created: Timestamp(self.created),
            ready: self.ready.map(Timestamp),
            ended: self.ended.map(Timestamp),
            deadline: self.deadline.map(Timestamp),
            left: self
                .time_left
                .map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0))),
            extensions: u32::try_from(self.extensions).unwrap_or(0),
            from_export: self.from_export,
            revision: self.revision,
        })
    }
}

/// What came of creating a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    /// This one was made.
    New,
    /// The person has this one at the lab already.
    Existing(Box<LabSession>),
}

fn micros(duration: Option<Duration>) -> Option<i64> {
    duration.map(|d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}

impl Store {
    /// Makes a session with its steps, unless the person has one at that lab that has not ended.
    ///
    /// # Errors
    /// Where the database fails; then nothing was made.
    pub async fn create_session(&self, session: &LabSession, steps: &[Step]) -> Result<Created, StoreError> {
        let doing = "creating a session";
        let parameters = serde_json::to_string(&session.parameters).map_err(|e| StoreError::unreadable(doing, e))?;
        let made = on!(self, write, |pool| async {
            let mut transaction = pool.begin().await?;
            let made = sqlx::query(sql::INSERT_SESSION)
                .bind(session.id.to_string())
                .bind(session.person.to_string())
                .bind(session.workshop.map(|id| id.to_string()))
                .bind(&session.lab.0)
                .bind(&session.lab_hash)
                .bind(session.state.word())
                .bind(&session.reason)
                .bind(session.seed.to_string())
                .bind(&parameters)
                .bind(&session.driver)
                .bind(session.created.0)
                .bind(session.ready.map(|t| t.0))
                .bind(session.ended.map(|t| t.0))
                .bind(session.deadline.map(|t| t.0))
                .bind(micros(session.left))
                .bind(i64::from(session.extensions))
                .bind(&session.from_export)
                .bind(session.revision)
                .execute(&mut *transaction)
                .await?
                .rows_affected()
                == 1;
            if made {
                for step in steps {
                    super::steps::bind_step(sqlx::query(sql::SAVE_STEP), session.id, step)
                        .execute(&mut *transaction)
                        .await?;
                }
            }
            transaction.commit().await?;
            Ok(made)
        }
        .await)
        .doing(doing)?;
        if made {
            return Ok(Created::New);
        }
        match self.live_session(session.person, &session.lab).await? {
            Some(existing) => Ok(Created::Existing(Box::new(existing))),
            None => Err(StoreError::Conflict { doing }),
        }
    }

    /// Writes back a session that was read, and gives it as it stands now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the row has changed since it was read.
    pub async fn save_session(&self, session: &LabSession) -> Result<LabSession, StoreError> {
        let doing = "saving a session";
        let saved = on!(self, write, |pool| sqlx::query(sql::SAVE_SESSION)
            .bind(session.id.to_string())
            .bind(session.revision)
            .bind(&session.lab_hash)
            .bind(session.state.word())
            .bind(&session.reason)
            .bind(&session.driver)
            .bind(session.ready.map(|t| t.0))
            .bind(session.ended.map(|t| t.0))
            .bind(session.deadline.map(|t| t.0))
            .bind(micros(session.left))
            .bind(i64::from(session.extensions))
            .bind(&session.from_export)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))
        .doing(doing)?;
        if saved == 0 {
            return Err(StoreError::Conflict { doing });
        }
        Ok(LabSession {
            revision: session.revision + 1,
            ..session.clone()
        })
    }

    /// The session of that id, whoever it belongs to.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn session(&self, id: SessionId) -> Result<Option<LabSession>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::SESSION)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)
        .doing("reading a session")?
        .map(Row::session)
        .transpose()
    }

    /// The session that a person has at a lab and that has not ended.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn live_session(&self, person: PersonId, lab: &LabId) -> Result<Option<LabSession>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::LIVE_SESSION)
            .bind(person.to_string())
            .bind(&lab.0)
            .fetch_optional(pool)
            .await)
        .doing("reading a session")?
        .map(Row::session)
        .transpose()
    }

    /// Every session that has not ended, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn live_sessions(&self) -> Result<Vec<LabSession>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::LIVE_SESSIONS)
            .fetch_all(pool)
            .await)
        .doing("reading sessions")?
        .into_iter()
        .map(Row::session)
        .collect()
    }

    /// The newest sessions of a person, newest first, at most `limit`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sessions_of(&self, person: PersonId, limit: u32) -> Result<Vec<LabSession>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::SESSIONS_OF)
            .bind(person.to_string())
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
        .doing("reading sessions")?
        .into_iter()
        .map(Row::session)
        .collect()
    }

    /// How long a lab usually takes from Start to ready: the median of the last twenty.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn usual_wait(&self, lab: &LabId) -> Result<Option<Duration>, StoreError> {
        let mut waits: Vec<i64> = on!(self, read, |pool| sqlx::query_scalar(sql::USUAL_WAIT)
            .bind(&lab.0)
            .fetch_all(pool)
            .await)
        .doing("reading how long a lab takes to start")?;
        waits.sort_unstable();
        Ok(waits
            .get(waits.len() / 2)
            .map(|micros| Duration::from_micros(u64::try_from(*micros).unwrap_or(0))))
    }
}
