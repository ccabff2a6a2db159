//! Every migration, applied to a database that the migrations before it have filled.

use halfway::model::Answer;
use halfway::store::{DatabaseAddress, Store, StoreError, migrations};

/// Rows that a database may hold after the migration of that number; a new migration brings its own.
pub const FILLED: &[(i64, &str)] = &[
    (1, include_str!("filled/0001.sql")),
    (2, include_str!("filled/0002.sql")),
    (3, include_str!("filled/0003.sql")),
    (4, include_str!("filled/0004.sql")),
];

#[test]
fn both_engines_have_the_same_migrations() {
    let [sqlite, postgres] = migrations();
    assert_eq!(sqlite, postgres);
    let numbers: Vec<i64> = sqlite.iter().map(|(number, _)| *number).collect();
    assert_eq!(
        numbers,
        FILLED.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
        "a migration has no filled/*.sql"
    );
}

async fn climb(address: &DatabaseAddress) {
    let store = Store::open_unmigrated(address).await.unwrap();
    for (number, rows) in FILLED {
        store.migrate(Some(*number)).await.unwrap();
        store.execute_script(rows).await.unwrap();
    }
    store.close().await;

    // The rows of the first migration are read by this version as they were written.
    let store = Store::open(address).await.unwrap();
    let sessions = store.live_sessions().await.unwrap();
    assert_eq!(sessions.len(), 1);
    let grading = store.grading(sessions[0].id).await.unwrap();
    assert_eq!((grading.levels.len(), grading.awards.len()), (1, 1));
    assert_eq!(store.steps(sessions[0].id).await.unwrap().len(), 1);
    assert_eq!(store.lessons_of(sessions[0].person).await.unwrap().len(), 1);
    let tries = store.quiz_tries(sessions[0].person).await.unwrap();
    assert_eq!(tries[0].answer, Some(Answer::One("c1".to_owned())));
    assert!(!store.review_enabled(sessions[0].person).await.unwrap());

    // A database of the future is refused, not guessed at.
    store
        .execute_script(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'later', true, '', 0)",
        )
        .await
        .unwrap();
    store.close().await;
    let refused = Store::open(address).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Unusable { .. }) && refused.to_string().contains("newer Halfway"),
        "{refused}"
    );
}

#[tokio::test]
async fn sqlite_keeps_its_rows() {
    let directory = tempfile::tempdir().unwrap();
    climb(&DatabaseAddress::Sqlite(directory.path().join("halfway.db"))).await;
}

#[tokio::test]
async fn postgres_keeps_its_rows() {
    crate::require!(
        "postgresql",
        crate::support::postgres::present(),
        crate::support::postgres::FIX
    );
    let address = tokio::task::spawn_blocking(crate::support::postgres::fresh_database)
        .await
        .unwrap();
    climb(&address).await;
}
