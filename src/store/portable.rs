//! Everything of one person, as it stands in the tables: to take to another machine, or to delete.
//!
//! A row is kept as an object of its columns, text and whole numbers as in the table, so that nothing is lost on the
//! way. What is not a person's own (intents of the platform, the engine's memory of a running session, output of
//! set-up steps) stays behind: [`LEFT_OUT`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::{ColumnIndex, Decode, Row, Type};

use super::db::{Db, Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{PersonId, SessionId};
use crate::model::Person;

/// A row by its columns.
pub type PortableRow = Map<String, Value>;

/// A person and the rows that are theirs, by table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortablePerson {
    pub person: Person,
    pub tables: BTreeMap<String, Vec<PortableRow>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
}
use Kind::{Number, Text};

struct Table {
    name: &'static str,
    /// In the order in which `insert` takes them.
    columns: &'static [(&'static str, Kind)],
    /// Gives a person's rows.
    select: &'static str,
    insert: &'static str,
    /// Removes a person's rows; none where they go with their session.
    delete: Option<&'static str>,
}

/// Tables in an order in which rows can be inserted: what is referred to comes first.
const TABLES: &[Table] = &[
    Table {
        name: "lab_sessions",
        columns: &[
            ("id", Text),
            ("person", Text),
            ("workshop", Text),
            ("lab", Text),
            ("lab_hash", Text),
            ("state", Text),
            ("reason", Text),
            ("seed", Text),
            ("parameters", Text),
            ("driver", Text),
            ("created", Number),
            ("ready", Number),
            ("ended", Number),
            ("deadline", Number),
            ("time_left", Number),
            ("extensions", Number),
            ("from_export", Text),
            ("revision", Number),
        ],
        select: sql::PORTABLE_SESSIONS,
        insert: sql::INSERT_SESSION,
        delete: Some(sql::DELETE_SESSIONS_OF),
    },
    Table {
        name: "task_levels",
        columns: &[
            ("session", Text),
            ("task", Text),
            ("verdict", Text),
            ("since", Number),
            ("findings", Text),
            ("waits_for", Text),
        ],
        select: sql::PORTABLE_LEVELS,
        insert: sql::SAVE_LEVEL,
        delete: None,
    },
    Table {
        name: "awards",
        columns: &[
            ("session", Text),
            ("task", Text),
            ("at", Number),
            ("points", Number),
            ("evidence", Text),
        ],
        select: sql::PORTABLE_AWARDS,
        insert: sql::INSERT_AWARD,
        delete: None,
    },
    Table {
        name: "hints_taken",
        columns: &[("session", Text), ("task", Text), ("number", Number), ("at", Number)],
        select: sql::PORTABLE_HINTS,
        insert: sql::TAKE_HINT,
        delete: None,
    },
    Table {
        name: "trial_runs",
        columns: &[
            ("id", Text),
            ("session", Text),
            ("task", Text),
            ("started", Number),
            ("finished", Number),
            ("outcome", Text),
        ],
        select: sql::PORTABLE_TRIALS,
        insert: sql::INSERT_WHOLE_TRIAL,
        delete: None,
    },
    Table {
        name: "exports",
        columns: &[
            ("name", Text),
            ("person", Text),
            ("session", Text),
            ("lab", Text),
            ("created", Number),
            ("bytes", Number),
        ],
        select: sql::PORTABLE_EXPORTS,
        insert: sql::INSERT_EXPORT,
        delete: Some(sql::DELETE_EXPORTS_OF),
    },
    Table {
        name: "lesson_reads",
        columns: &[
            ("person", Text),
            ("lesson", Text),
            ("opened", Number),
            ("finished", Number),
        ],
        select: sql::PORTABLE_LESSONS,
        insert: sql::INSERT_WHOLE_LESSON,
        delete: Some(sql::DELETE_LESSONS_OF),
    },
    Table {
        name: "quiz_tries",
        columns: &[
            ("person", Text),
            ("lesson", Text),
            ("question", Text),
            ("submission", Text),
            ("at", Number),
            ("hash", Text),
            ("answer", Text),
            ("correct", Number),
            ("place", Text),
        ],
        select: sql::PORTABLE_QUIZ_TRIES,
        insert: sql::INSERT_QUIZ_TRY,
        delete: Some(sql::DELETE_QUIZ_TRIES_OF),
    },
    Table {
        name: "review_settings",
        columns: &[("person", Text), ("enabled", Number), ("changed", Number)],
        select: sql::PORTABLE_REVIEW_SETTINGS,
        insert: sql::INSERT_REVIEW_SETTING,
        delete: Some(sql::DELETE_REVIEW_SETTINGS_OF),
    },
];

/// Tables that hold nothing that a person takes along, with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("people", "the person stands beside the tables"),
    ("session_steps", "what this machine did to bring a session up"),
    ("intents", "what this machine has begun and not finished"),
    ("grading_memory", "what the engine knows of a running session"),
    ("_sqlx_migrations", "the tables' own version"),
];

/// Names of the tables that are taken along, with their columns.
pub fn portable_tables() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TABLES
        .iter()
        .map(|table| (table.name, table.columns.iter().map(|(name, _)| *name).collect()))
}

fn value<'r, R>(row: &'r R, name: &'static str, kind: Kind) -> Result<Value, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(match kind {
        Text => row.try_get::<Option<String>, _>(name)?.into(),
        Number => row.try_get::<Option<i64>, _>(name)?.into(),
    })
}

/// One of an import's values, as a statement takes it.
enum Bound {
    Text(Option<String>),
    Number(Option<i64>),
}

fn bound(table: &Table, row: &PortableRow, (name, kind): (&str, Kind)) -> Result<Bound, StoreError> {
    let wrong = || {
        StoreError::unreadable(
            "reading an import",
            format!("{}.{name} has a value of a wrong kind", table.name),
        )
    };
    match (kind, row.get(name).unwrap_or(&Value::Null)) {
        (Text, Value::Null) => Ok(Bound::Text(None)),
        (Text, Value::String(text)) => Ok(Bound::Text(Some(text.clone()))),
        (Number, Value::Null) => Ok(Bound::Number(None)),
        (Number, Value::Number(number)) => number
            .as_i64()
            .map(|number| Bound::Number(Some(number)))
            .ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// Binds a row's values in the order of the table's columns and runs the statement.
macro_rules! insert {
    ($transaction:expr, $table:expr, $values:expr) => {{
        let mut query = sqlx::query($table.insert);
        for value in $values {
            query = match value {
                Bound::Text(text) => query.bind(text),
                Bound::Number(number) => query.bind(number),
            };
        }
        query.execute(&mut *$transaction).await
    }};
}

impl Store {
    /// Everything of a person.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such person; otherwise where the database fails.
    pub async fn portable(&self, id: PersonId) -> Result<PortablePerson, StoreError> {
        let doing = "reading all that a person has";
        let person = self.person(id).await?.ok_or(StoreError::NotFound { doing })?;
        let mut tables = BTreeMap::new();
        for table in TABLES {
            let rows: Result<Vec<PortableRow>, sqlx::Error> = on!(self, read, |pool| async {
                sqlx::query(table.select)
                    .bind(id.to_string())
                    .fetch_all(pool)
                    .await?
                    .iter()
                    .map(|row| {
                        table
                            .columns
                            .iter()
                            .map(|(name, kind)| Ok(((*name).to_owned(), value(row, name, *kind)?)))
                            .collect()
                    })
                    .collect()
            }
            .await);
            tables.insert(table.name.to_owned(), rows.doing(doing)?);
        }
        Ok(PortablePerson { person, tables })
    }

    /// Gives all those rows to the person `to`, who is there already. What is there stays as it is, so that doing it
    /// twice changes nothing. Sessions must have ended.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] where a row is not as the table wants it, belongs to no session of the import, or
    /// to one that is another person's here; nothing was changed then.
    pub async fn take_in(&self, to: PersonId, import: &PortablePerson) -> Result<(), StoreError> {
        let doing = "taking in an import";
        let bad = |what: String| StoreError::unreadable(doing, what);
        if let Some(unknown) = import
            .tables
            .keys()
            .find(|name| TABLES.iter().all(|table| table.name != **name))
        {
            return Err(bad(format!(
                "there is no table {unknown}: it comes from another version of Halfway"
            )));
        }
        let rows_of = |name: &str| import.tables.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut sessions = Vec::new();
        for row in rows_of("lab_sessions") {
            let text = row.get("id").and_then(Value::as_str).unwrap_or_default();
            let id: SessionId = text
                .parse()
                .map_err(|_| bad(format!("{text:?} is no id of a session")))?;
            if row.get("state").and_then(Value::as_str) != Some("ended") {
                return Err(bad(format!("session {id} has not ended")));
            }
            if self.session(id).await?.is_some_and(|there| there.person != to) {
                return Err(bad(format!("session {id} is another person's here")));
            }
            sessions.push(id.to_string());
        }
        let mut inserts = Vec::new();
        for table in TABLES {
            for row in rows_of(table.name) {
                if let Some(session) = row.get("session")
                    && !sessions.iter().any(|id| session == id.as_str())
                {
                    return Err(bad(format!(
                        "a row of {} belongs to no session of the import",
                        table.name
                    )));
                }
                if let Some(name) = row.get("name").and_then(Value::as_str)
                    && table.name == "exports"
                    && self
                        .owner_of_export(name)
                        .await?
                        .is_some_and(|there| there != to.to_string())
                {
                    return Err(bad(format!("export {name} is another person's here")));
                }
                let mut row = row.clone();
                if table.columns.iter().any(|(name, _)| *name == "person") {
                    row.insert("person".to_owned(), to.to_string().into());
                }
                let values = table.columns.iter().map(|column| bound(table, &row, *column));
                inserts.push((table, values.collect::<Result<Vec<_>, _>>()?));
            }
        }
        on!(self, write, |pool| async {
            let mut transaction = pool.begin().await?;
            for (table, values) in inserts {
                insert!(transaction, table, values)?;
            }
            transaction.commit().await
        }
        .await)
        .doing(doing)
    }

    async fn owner_of_export(&self, name: &str) -> Result<Option<String>, StoreError> {
        on!(self, read, |pool| sqlx::query_scalar::<_, String>(sql::EXPORT_OWNER)
            .bind(name)
            .fetch_optional(pool)
            .await)
        .doing("reading whose an export is")
    }

    /// Deletes everything that a person has; the person stays, as a name without anything.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a session has not ended: something of the machine would be left; nothing was
    /// deleted then.
    pub async fn forget_rows_of(&self, id: PersonId) -> Result<(), StoreError> {
        let doing = "deleting all that a person has";
        let done = on!(self, write, |pool| async {
            let mut transaction = pool.begin().await?;
            let live = sqlx::query(sql::LIVE_SESSIONS_OF)
                .bind(id.to_string())
                .fetch_optional(&mut *transaction)
                .await?;
            if live.is_some() {
                return Ok(false);
            }
            for statement in TABLES.iter().rev().filter_map(|table| table.delete) {
                sqlx::query(statement)
                    .bind(id.to_string())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(true)
        }
        .await)
        .doing(doing)?;
        if done {
            Ok(())
        } else {
            Err(StoreError::Conflict { doing })
        }
    }

    /// The tables that the database really has, with their columns; for tests that look whether something is missing.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn real_tables(&self) -> Result<Vec<(String, String)>, StoreError> {
        match &self.db {
            Db::Sqlite(lite) => {
                sqlx::query_as(
                    "select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c
                     where m.type = 'table' order by m.name, c.cid",
                )
                .fetch_all(lite.read())
                .await
            }
            Db::Postgres(pool) => {
                sqlx::query_as(
                    "select table_name::text, column_name::text from information_schema.columns
                     where table_schema = current_schema() order by table_name, ordinal_position",
                )
                .fetch_all(pool)
                .await
            }
        }
        .doing("reading the names of tables")
    }
}
