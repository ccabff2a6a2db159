//! Lab sessions on a real database of each kind, with engines that are killed and replaced.

mod crashes;
mod exports;
mod faults;
mod life;
mod process;
mod world;

/// Makes a test on each database of functions that take which.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            use crate::support::{self, database::Database, postgres};

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                crate::require!("agent", support::has_agent(), "make agent");
                super::$name(Database::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                crate::require!("agent", support::has_agent(), "make agent");
                crate::require!("postgresql", postgres::present(), postgres::FIX);
                super::$name(Database::Postgres).await;
            }
        }
    )*};
}
use on_both;
