//! A database that cannot be opened, is locked, or is on a full disk.

use halfway::base::{PersonId, Timestamp};
use halfway::model::{Person, PersonRole};
use halfway::store::{DatabaseAddress, Store, StoreError};
use uuid::Uuid;

fn somebody(number: u128) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(number)),
        name: "n".repeat(1000),
        role: PersonRole::Learner,
        created: Timestamp(1),
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("halfway.db");
    std::fs::write(
        &path,
        "certainly no database, but long enough to be looked at as one".repeat(40),
    )
    .unwrap();
    let error = Store::open(&DatabaseAddress::Sqlite(path.clone())).await.unwrap_err();
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_directory_that_is_missing_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let error = Store::open(&DatabaseAddress::Sqlite(directory.path().join("none/halfway.db")))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_without_its_password() {
    let address = DatabaseAddress::parse("postgres://ana:hush@127.0.0.1:1/halfway");
    let error = Store::open(&address).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1") && !error.contains("hush"), "{error}");
}

#[tokio::test]
async fn a_locked_database_is_busy_and_works_again() {
    let fresh = super::sqlite().await;
    let path = fresh.directory.path().join("halfway.db");
    let other = Store::open(&DatabaseAddress::Sqlite(path)).await.unwrap();
    other.execute_script("begin immediate").await.unwrap();
    let error = fresh.store.add_person(&somebody(1)).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Busy { .. }) && error.is_passing(),
        "{error}"
    );
    other.execute_script("rollback").await.unwrap();
    fresh.store.add_person(&somebody(1)).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let fresh = super::sqlite().await;
    fresh.store.add_person(&somebody(1)).await.unwrap();
    // The page limit stands for the disk: SQLite answers both with SQLITE_FULL.
    fresh.store.execute_script("pragma max_page_count = 1").await.unwrap();
    let mut number = 1;
    let error = loop {
        number += 1;
        match fresh.store.add_person(&somebody(number)).await {
            Ok(()) => assert!(number < 10_000, "the limit does not bite"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(
        fresh
            .store
            .person(PersonId(Uuid::from_u128(1)))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        fresh
            .store
            .person(PersonId(Uuid::from_u128(number - 1)))
            .await
            .unwrap()
            .is_some()
    );
}
