//! The steps of a session's provisioning.

use sqlx::query::Query;
use sqlx::{Database, Encode, Type};

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{SessionId, Timestamp};
use crate::model::{Step, StepState};

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    title: String,
    state: String,
    started: Option<i64>,
    finished: Option<i64>,
    output: String,
}

const STATES: [(StepState, &str); 4] = [
    (StepState::Waiting, "waiting"),
    (StepState::Running, "running"),
    (StepState::Done, "done"),
    (StepState::Failed, "failed"),
];

fn word(state: StepState) -> &'static str {
    STATES
        .iter()
        .find(|(known, _)| *known == state)
        .map_or("waiting", |(_, word)| word)
}

/// Fills in [`sql::SAVE_STEP`].
pub(super) fn bind_step<'q, D>(
    query: Query<'q, D, D::Arguments>,
    session: SessionId,
    step: &'q Step,
) -> Query<'q, D, D::Arguments>
where
    D: Database,
    String: Encode<'q, D> + Type<D>,
    &'q str: Encode<'q, D> + Type<D>,
    i64: Encode<'q, D> + Type<D>,
    Option<i64>: Encode<'q, D> + Type<D>,
{
    query
        .bind(session.to_string())
        .bind(i64::from(step.number))
        .bind(step.title.as_str())
        .bind(word(step.state))
        .bind(step.started.map(|t| t.0))
        .bind(step.finished.map(|t| t.0))
        .bind(step.output.as_str())
}

impl Store {
    /// The steps, in the order in which they run.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn steps(&self, session: SessionId) -> Result<Vec<Step>, StoreError> {
        let doing = "reading steps";
        on!(self, read, |pool| sqlx::query_as::<_, Row>(sql::STEPS)
            .bind(session.to_string())
            .fetch_all(pool)
            .await)
        .doing(doing)?
        .into_iter()
        .map(|row| {
            let (state, _) = STATES
                .iter()
                .find(|(_, word)| *word == row.state)
                .ok_or_else(|| StoreError::unreadable(doing, format!("state '{}'", row.state)))?;
            Ok(Step {
                number: u32::try_from(row.number).unwrap_or(0),
                title: row.title,
                state: *state,
                started: row.started.map(Timestamp),
                finished: row.finished.map(Timestamp),
                output: row.output,
            })
        })
        .collect()
    }

    /// Writes one step.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn save_step(&self, session: SessionId, step: &Step) -> Result<(), StoreError> {
        on!(self, write, |pool| bind_step(
            sqlx::query(sql::SAVE_STEP),
            session,
            step
        )
        .execute(pool)
        .await
        .map(drop))
        .doing("saving a step")
    }

    /// Puts these steps in the place of all that the session had.
    ///
    /// # Errors
    /// Where the database fails; then the old ones stay.
    pub async fn replace_steps(&self, session: SessionId, steps: &[Step]) -> Result<(), StoreError> {
        on!(self, write, |pool| async {
            let mut transaction = pool.begin().await?;
            sqlx::query(sql::DELETE_STEPS)
                .bind(session.to_string())
                .execute(&mut *transaction)
                .await?;
            for step in steps {
                bind_step(sqlx::query(sql::SAVE_STEP), session, step)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        }
        .await)
        .doing("replacing steps")
    }
}
