//! The store, on SQLite and on a real PostgreSQL: the same tests on both.

mod faults;
mod migrations;
mod portable;
mod quiz;
mod rows;

use halfway::store::Store;
use tempfile::TempDir;

use crate::support::database::Database;

/// A fresh database in a directory of its own.
pub struct Fresh {
    pub store: Store,
    pub directory: TempDir,
}

/// A fresh SQLite database.
pub async fn sqlite() -> Fresh {
    fresh(Database::Sqlite).await
}

/// A fresh PostgreSQL database.
pub async fn postgres() -> Fresh {
    fresh(Database::Postgres).await
}

async fn fresh(database: Database) -> Fresh {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&database.fresh(directory.path()).await).await.unwrap();
    Fresh { store, directory }
}

/// Makes a test for each engine of functions that take a [`Store`].
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                let fresh = super::super::sqlite().await;
                super::$name(fresh.store).await;
            }

            #[tokio::test]
            async fn postgres() {
                crate::require!("postgresql", crate::support::postgres::present(), crate::support::postgres::FIX);
                let fresh = super::super::postgres().await;
                super::$name(fresh.store).await;
            }
        }
    )*};
}
use on_both;
