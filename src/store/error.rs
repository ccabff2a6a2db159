//! What can go wrong with the database, by what a caller can do about it.

use std::fmt;

/// Why the database did not do as it was told. The texts are for logs; pages say only what a person can do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer holds the database; the same call may succeed later.
    #[error("the database is locked by another writer (while {doing})")]
    Busy { doing: &'static str },
    /// The disk that holds the database is full; nothing was changed.
    #[error("the disk that holds the database is full (while {doing}): free some space and try again")]
    Full { doing: &'static str },
    /// The row has changed since it was read, or exists already.
    #[error("somebody else changed this first (while {doing})")]
    Conflict { doing: &'static str },
    /// There is no such row.
    #[error("no such row (while {doing})")]
    NotFound { doing: &'static str },
    /// A row holds what this version cannot read.
    #[error("a row cannot be read (while {doing}): {what}")]
    Unreadable { doing: &'static str, what: String },
    /// The database cannot be opened, reached or migrated.
    #[error("{what}")]
    Unusable { what: String },
    /// Anything else that the database said.
    #[error("the database failed (while {doing}): {source}")]
    Broken {
        doing: &'static str,
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Sorts what the database said, while `doing` something.
    pub(super) fn of(doing: &'static str, source: sqlx::Error) -> Self {
        match &source {
            sqlx::Error::RowNotFound => Self::NotFound { doing },
            sqlx::Error::PoolTimedOut => Self::Busy { doing },
            sqlx::Error::Database(error) if error.is_unique_violation() => Self::Conflict { doing },
            sqlx::Error::Database(error) => match error.code().as_deref() {
                // SQLITE_BUSY, SQLITE_LOCKED and their extended forms carry 5 and 6 in the low byte (sqlite.org/rescode.html);
                // 40001 and 55P03 are PostgreSQL's serialization_failure and lock_not_available.
                Some("40001" | "40P01" | "55P03") => Self::Busy { doing },
                // disk_full
                Some("53100") => Self::Full { doing },
                Some(code) => match code.parse::<u32>().map(|code| code & 0xff) {
                    Ok(5 | 6) if code.len() < 5 => Self::Busy { doing },
                    Ok(13) if code.len() < 5 => Self::Full { doing },
                    _ => Self::Broken { doing, source },
                },
                None => Self::Broken { doing, source },
            },
            _ => Self::Broken { doing, source },
        }
    }

    /// A stored value that makes no sense to this version.
    pub(super) fn unreadable(doing: &'static str, what: impl fmt::Display) -> Self {
        Self::Unreadable {
            doing,
            what: what.to_string(),
        }
    }

    /// Whether the same call may succeed later without anybody doing something.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

/// Names what was being done when the database failed.
pub trait Doing<T> {
    /// # Errors
    /// The same failure, sorted by what a caller can do.
    fn doing(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::of(what, source))
    }
}
