//! Intents: what is about to be done outside the database.

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{SessionId, Timestamp};

/// A side effect that has begun, or is about to.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    pub session: SessionId,
    /// One of a kind a session: `provision`, `destroy`, `reset`, `export`…
    pub kind: String,
    pub payload: serde_json::Value,
    pub created: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    session: String,
    kind: String,
    payload: String,
    created: i64,
}

impl Row {
    fn intent(self) -> Result<Intent, StoreError> {
        let bad = |what: String| StoreError::unreadable("reading an intent", what);
        Ok(Intent {
            session: self.session.parse().map_err(|e| bad(format!("session: {e}")))?,
            kind: self.kind,
            payload: serde_json::from_str(&self.payload).map_err(|e| bad(format!("payload: {e}")))?,
            created: Timestamp(self.created),
        })
    }
}

impl Store {
    /// Writes down an intent; one of the same kind gives way to it.
    ///
    /// # Errors
    /// Where the database fails: then the side effect must not begin.
    pub async fn intend(&self, intent: &Intent) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::SAVE_INTENT)
            .bind(intent.session.to_string())
            .bind(&intent.kind)
            .bind(intent.payload.to_string())
            .bind(intent.created.0)
            .execute(pool)
            .await
            .map(drop))
        .doing("writing an intent")
    }

    /// Strikes an intent off, as it is done.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn fulfil(&self, session: SessionId, kind: &str) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::DELETE_INTENT)
            .bind(session.to_string())
            .bind(kind)
            .execute(pool)
            .await
            .map(drop))
        .doing("striking off an intent")
    }

    /// All intents, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::INTENTS)
            .fetch_all(pool)
            .await)
        .doing("reading intents")?
        .into_iter()
        .map(Row::intent)
        .collect()
    }

    /// The intents of one session, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn intents_of(&self, session: SessionId) -> Result<Vec<Intent>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::INTENTS_OF)
            .bind(session.to_string())
            .fetch_all(pool)
            .await)
        .doing("reading intents")?
        .into_iter()
        .map(Row::intent)
        .collect()
    }
}
