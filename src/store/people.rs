//! People.

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{PersonId, Timestamp};
use crate::model::{Person, PersonRole};

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    role: String,
    created: i64,
}

impl Row {
    fn person(self) -> Result<Person, StoreError> {
        let doing = "reading a person";
        Ok(Person {
            id: self.id.parse().map_err(|e| StoreError::unreadable(doing, e))?,
            name: self.name,
            role: role_of(&self.role).ok_or_else(|| StoreError::unreadable(doing, format!("role '{}'", self.role)))?,
            created: Timestamp(self.created),
        })
    }
}

fn word(role: PersonRole) -> &'static str {
    match role {
        PersonRole::Learner => "learner",
        PersonRole::Instructor => "instructor",
        PersonRole::Operator => "operator",
    }
}

fn role_of(word_of_row: &str) -> Option<PersonRole> {
    [PersonRole::Learner, PersonRole::Instructor, PersonRole::Operator]
        .into_iter()
        .find(|role| word(*role) == word_of_row)
}

impl Store {
    /// Adds a person; one who is there already stays as they are.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_person(&self, person: &Person) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::INSERT_PERSON)
            .bind(person.id.to_string())
            .bind(&person.name)
            .bind(word(person.role))
            .bind(person.created.0)
            .execute(pool)
            .await
            .map(drop))
        .doing("adding a person")
    }

    /// The person of that id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::PERSON)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)
        .doing("reading a person")?
        .map(Row::person)
        .transpose()
    }

    /// Who was first given that role: the one person of an installation without accounts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn first_of_role(&self, role: PersonRole) -> Result<Option<Person>, StoreError> {
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::FIRST_OF_ROLE)
            .bind(word(role))
            .fetch_optional(pool)
            .await)
        .doing("reading a person")?
        .map(Row::person)
        .transpose()
    }

    /// Gives a person another name.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rename_person(&self, id: PersonId, name: &str) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::RENAME_PERSON)
            .bind(id.to_string())
            .bind(name)
            .execute(pool)
            .await
            .map(drop))
        .doing("renaming a person")
    }
}
