//! Archives of workspaces that new sessions can start from.

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{PersonId, SessionId, Timestamp};
use crate::model::LabId;

/// An archive in the state directory's `exports/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The file's name.
    pub name: String,
    pub person: PersonId,
    pub session: SessionId,
    pub lab: LabId,
    pub created: Timestamp,
    pub bytes: u64,
}

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    person: String,
    session: String,
    lab: String,
    created: i64,
    bytes: i64,
}

impl Row {
    fn export(self) -> Result<Export, StoreError> {
        let bad = |what: String| StoreError::unreadable("reading an export", what);
        Ok(Export {
            person: self.person.parse().map_err(|e| bad(format!("person: {e}")))?,
            session: self.session.parse().map_err(|e| bad(format!("session: {e}")))?,
            name: self.name,
            lab: LabId(self.lab),
            created: Timestamp(self.created),
            bytes: u64::try_from(self.bytes).unwrap_or(0),
        })
    }
}

impl Store {
    /// Writes down an export whose file is complete.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_export(&self, export: &Export) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::INSERT_EXPORT)
            .bind(&export.name)
            .bind(export.person.to_string())
            .bind(export.session.to_string())
            .bind(&export.lab.0)
            .bind(export.created.0)
            .bind(i64::try_from(export.bytes).unwrap_or(i64::MAX))
            .execute(pool)
            .await
            .map(drop))
        .doing("adding an export")
    }

    /// The export of that name, if it belongs to the person.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn export(&self, person: PersonId, name: &str) -> Result<Option<Export>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::EXPORT)
            .bind(name)
            .bind(person.to_string())
            .fetch_optional(pool)
            .await)
        .doing("reading an export")?
        .map(Row::export)
        .transpose()
    }

    /// A person's exports, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn exports_of(&self, person: PersonId) -> Result<Vec<Export>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::EXPORTS_OF)
            .bind(person.to_string())
            .fetch_all(pool)
            .await)
        .doing("reading exports")?
        .into_iter()
        .map(Row::export)
        .collect()
    }

    /// Everybody's exports, by name.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn all_exports(&self) -> Result<Vec<Export>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::ALL_EXPORTS)
            .fetch_all(pool)
            .await)
        .doing("reading exports")?
        .into_iter()
        .map(Row::export)
        .collect()
    }

    /// Strikes an export of a person's off; the file is the caller's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove_export(&self, person: PersonId, name: &str) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::DELETE_EXPORT)
            .bind(name)
            .bind(person.to_string())
            .execute(pool)
            .await
            .map(drop))
        .doing("removing an export")
    }
}
