//! The two databases that everything must work on.

use std::path::Path;

use halfway::store::DatabaseAddress;

/// A kind of database.
#[derive(Clone, Copy, Debug)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// The address of a fresh, empty one; a file of it lies in `directory`.
    ///
    /// # Panics
    /// Where PostgreSQL is asked for and does not start: see [`super::postgres::present`].
    pub async fn fresh(self, directory: &Path) -> DatabaseAddress {
        match self {
            Self::Sqlite => DatabaseAddress::Sqlite(directory.join("halfway.db")),
            Self::Postgres => tokio::task::spawn_blocking(super::postgres::fresh_database)
                .await
                .unwrap(),
        }
    }
}
