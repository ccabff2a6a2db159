//! Everything of a person, taken along and deleted.

use std::collections::BTreeMap;

use halfway::base::{PersonId, Timestamp};
use halfway::model::{Person, PersonRole};
use halfway::store::portable::{LEFT_OUT, portable_tables};
use halfway::store::{Store, StoreError};

use super::on_both;

on_both! {
    every_table_is_taken_along_or_left_out_for_a_reason
    what_was_taken_along_is_the_same_elsewhere
    what_is_not_the_persons_is_refused
    a_person_with_a_running_lab_is_not_forgotten
}

const ANA: &str = "0192f0c1-2d3e-7000-8000-000000000001";

fn ana() -> PersonId {
    ANA.parse().unwrap()
}

/// A database in which Ana has a row in every table.
async fn fill(store: &Store) {
    for (_, rows) in super::migrations::FILLED {
        store.execute_script(rows).await.unwrap();
    }
    store
        .execute_script(
            "update lab_sessions set state = 'ended', ended = 1700000000000009;
             update trial_runs set finished = 1700000000000005, outcome = '{}';",
        )
        .await
        .unwrap();
}

async fn add(store: &Store, name: &str) -> PersonId {
    let id = "0192f0c1-2d3e-7000-8000-0000000000aa".parse().unwrap();
    let person = Person {
        id,
        name: name.to_owned(),
        role: PersonRole::Operator,
        created: Timestamp(1),
    };
    store.add_person(&person).await.unwrap();
    id
}

async fn every_table_is_taken_along_or_left_out_for_a_reason(store: Store) {
    let mut real: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, column) in store.real_tables().await.unwrap() {
        real.entry(table).or_default().push(column);
    }
    let mut known: BTreeMap<String, Vec<String>> = portable_tables()
        .map(|(name, columns)| (name.to_owned(), columns.into_iter().map(str::to_owned).collect()))
        .collect();
    for (name, _) in LEFT_OUT {
        let columns = real.get(*name).unwrap_or_else(|| panic!("there is no table {name}"));
        known.insert((*name).to_owned(), columns.clone());
    }
    for columns in real.values_mut().chain(known.values_mut()) {
        columns.sort();
    }
    assert_eq!(
        real, known,
        "src/store/portable.rs does not know every table and column"
    );
}

async fn what_was_taken_along_is_the_same_elsewhere(store: Store) {
    fill(&store).await;
    let all = store.portable(ana()).await.unwrap();
    for (name, rows) in &all.tables {
        assert!(!rows.is_empty(), "tests/it/store/filled has no row of {name}");
    }
    // Through text, as on the way to another machine.
    let text = serde_json::to_string(&all).unwrap();
    store.forget_rows_of(ana()).await.unwrap();
    assert!(store.portable(ana()).await.unwrap().tables.values().all(Vec::is_empty));
    let other = add(&store, "Ana elsewhere").await;
    for _twice in 0..2 {
        store
            .take_in(other, &serde_json::from_str(&text).unwrap())
            .await
            .unwrap();
        let mut again = store.portable(other).await.unwrap();
        for row in again.tables.values_mut().flatten() {
            if let Some(person) = row.get_mut("person") {
                *person = ANA.into();
            }
        }
        assert_eq!(again.tables, all.tables);
    }
}

async fn what_is_not_the_persons_is_refused(store: Store) {
    fill(&store).await;
    let all = store.portable(ana()).await.unwrap();
    let other = add(&store, "Ben").await;
    let refused = store.take_in(other, &all).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Unreadable { what, .. } if what.contains("another person's")),
        "{refused}"
    );
    let mut stray = all.clone();
    stray.tables.remove("lab_sessions");
    let refused = store.take_in(ana(), &stray).await.unwrap_err();
    assert!(refused.to_string().contains("no session of the import"), "{refused}");
    let mut wrong = all.clone();
    wrong.tables.get_mut("lab_sessions").unwrap()[0].insert("created".to_owned(), "soon".into());
    let refused = store.take_in(ana(), &wrong).await.unwrap_err();
    assert!(refused.to_string().contains("lab_sessions.created"), "{refused}");
    let mut later = all.clone();
    later.tables.insert("certificates".to_owned(), Vec::new());
    let refused = store.take_in(ana(), &later).await.unwrap_err();
    assert!(refused.to_string().contains("certificates"), "{refused}");
    assert_eq!(store.portable(ana()).await.unwrap(), all);
    assert!(store.portable(other).await.unwrap().tables.values().all(Vec::is_empty));
}

async fn a_person_with_a_running_lab_is_not_forgotten(store: Store) {
    fill(&store).await;
    store
        .execute_script("update lab_sessions set state = 'ready'")
        .await
        .unwrap();
    let before = store.portable(ana()).await.unwrap();
    let refused = store.forget_rows_of(ana()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(store.portable(ana()).await.unwrap(), before);
}
