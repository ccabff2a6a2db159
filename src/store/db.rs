//! Opening a database: SQLite by default, PostgreSQL where the configuration says so; migrations.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

use super::error::StoreError;
use crate::base::Secret;

static SQLITE: Migrator = sqlx::migrate!("src/store/migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// How long a write waits for another process that holds the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the rows are kept.
#[derive(Clone, Debug)]
pub enum DatabaseAddress {
    /// A file, made where it is missing.
    Sqlite(PathBuf),
    /// `postgres://…`
    Postgres(Secret),
}

impl DatabaseAddress {
    /// The address that a configuration's text means: a `postgres://` address, or the path of a file.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::Postgres(Secret::new(text.to_owned()))
        } else {
            Self::Sqlite(PathBuf::from(text.strip_prefix("sqlite:").unwrap_or(text)))
        }
    }
}

/// The database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) db: Db,
}

#[derive(Clone, Debug)]
pub(super) enum Db {
    Sqlite(Lite),
    Postgres(PgPool),
}

/// SQLite takes one writer at a time: one connection writes, so that writers queue here and not in busy loops.
#[derive(Clone, Debug)]
pub(super) struct Lite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Lite {
    pub(super) fn write(&self) -> &SqlitePool {
        &self.writer
    }

    pub(super) fn read(&self) -> &SqlitePool {
        &self.readers
    }
}

/// Runs an expression on the pool of whichever engine is in use.
macro_rules! on {
    ($store:expr, read, |$pool:ident| $body:expr) => {
        match &$store.db {
            $crate::store::db::Db::Sqlite(lite) => {
                let $pool = lite.read();
                $body
            }
            $crate::store::db::Db::Postgres($pool) => $body,
        }
    };
    ($store:expr, write, |$pool:ident| $body:expr) => {
        match &$store.db {
            $crate::store::db::Db::Sqlite(lite) => {
                let $pool = lite.write();
                $body
            }
            $crate::store::db::Db::Postgres($pool) => $body,
        }
    };
}
pub(super) use on;

impl Store {
    /// Opens the database, and brings its tables to this version.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] in words for the operator: cannot be opened or reached, made by a newer version, no rights.
    pub async fn open(address: &DatabaseAddress) -> Result<Self, StoreError> {
        let store = Self::open_unmigrated(address).await?;
        store.migrate(None).await?;
        Ok(store)
    }

    /// Opens the database and leaves its tables as they are.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_unmigrated(address: &DatabaseAddress) -> Result<Self, StoreError> {
        let db = match address {
            DatabaseAddress::Sqlite(path) => Db::Sqlite(open_sqlite(path).await?),
            DatabaseAddress::Postgres(url) => Db::Postgres(open_postgres(url).await?),
        };
        Ok(Self { db })
    }

    /// Applies the migrations up to number `last`, or all of them.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where one fails or the database was made by a newer version.
    pub async fn migrate(&self, last: Option<i64>) -> Result<(), StoreError> {
        let applied = match &self.db {
            Db::Sqlite(lite) => apply(&SQLITE, last, lite.write()).await,
            Db::Postgres(pool) => apply(&POSTGRES, last, pool).await,
        };
        applied.map_err(|error| StoreError::Unusable {
            what: match error {
                sqlx::migrate::MigrateError::VersionMissing(version) => format!(
                    "the database was made by a newer Halfway (it has migration {version}): start that version, or use another state directory"
                ),
                other => format!("the database's tables could not be brought to this version: {other}"),
            },
        })
    }

    /// Runs statements as they are; for tests that fill a database.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn execute_script(&self, script: &'static str) -> Result<(), StoreError> {
        match &self.db {
            Db::Sqlite(lite) => sqlx::raw_sql(script).execute(lite.write()).await.map(drop),
            Db::Postgres(pool) => sqlx::raw_sql(script).execute(pool).await.map(drop),
        }
        .map_err(|source| StoreError::of("running a script", source))
    }

    /// Prepares one statement without running it.
    ///
    /// # Errors
    /// Whatever the database says of it.
    pub async fn prepare(&self, statement: &'static str) -> Result<(), StoreError> {
        use sqlx::{Executor, SqlSafeStr};
        match &self.db {
            Db::Sqlite(lite) => lite.write().prepare(statement.into_sql_str()).await.map(drop),
            Db::Postgres(pool) => pool.prepare(statement.into_sql_str()).await.map(drop),
        }
        .map_err(|source| StoreError::of("preparing a statement", source))
    }

    /// Waits for what is being written and closes the database.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite(lite) => {
                lite.readers.close().await;
                lite.writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

/// The numbers and names of the migrations of SQLite and of PostgreSQL, in order.
#[must_use]
pub fn migrations() -> [Vec<(i64, String)>; 2] {
    [&SQLITE, &POSTGRES].map(|migrator| {
        migrator
            .iter()
            .map(|m| (m.version, m.description.to_string()))
            .collect()
    })
}

async fn apply<'a, A>(migrator: &Migrator, last: Option<i64>, to: A) -> Result<(), sqlx::migrate::MigrateError>
where
    A: sqlx::Acquire<'a>,
    <A::Connection as std::ops::Deref>::Target: Migrate,
{
    match last {
        Some(version) => migrator.run_to(version, to).await,
        None => migrator.run(to).await,
    }
}

async fn open_sqlite(path: &Path) -> Result<Lite, StoreError> {
    let unusable = |error: sqlx::Error| StoreError::Unusable {
        what: format!(
            "the database file {} cannot be opened ({error}): is its directory there, writable, and not full?",
            path.display()
        ),
    };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With WAL, a crash of the machine may lose the last transactions but never corrupts (sqlite.org/pragma.html#pragma_synchronous);
        // a crash of the server loses nothing.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(PATIENCE)
        .foreign_keys(true);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await
        .map_err(unusable)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await
        .map_err(unusable)?;
    Ok(Lite { writer, readers })
}

async fn open_postgres(url: &Secret) -> Result<PgPool, StoreError> {
    let options: PgConnectOptions = url.expose().parse().map_err(|error| StoreError::Unusable {
        what: format!("the address of the PostgreSQL database cannot be read ({error}): it looks like postgres://user:password@host:5432/name"),
    })?;
    let place = format!("{}:{}", options.get_host(), options.get_port());
    PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::Unusable {
            what: format!(
                "PostgreSQL at {place} does not let us in ({error}): is it running, and are name and password right?"
            ),
        })
}
