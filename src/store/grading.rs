//! What grading found: levels, awards, the engine's memory, hints that were taken.

use super::db::{Store, on};
use super::error::{Doing, StoreError};
use super::sql;
use crate::base::{PersonId, SessionId, Timestamp};
use crate::model::{Award, LabId, TaskId, TaskLevel, Verdict};

/// All that is stored of a session's grading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grading {
    pub levels: Vec<TaskLevel>,
    pub awards: Vec<Award>,
    /// As the engine wrote it.
    pub memory: Option<String>,
}

/// A hint that a learner took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintTaken {
    pub task: TaskId,
    /// From 0.
    pub number: u32,
    pub at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct LevelRow {
    task: String,
    verdict: String,
    since: i64,
    findings: String,
    waits_for: String,
}

#[derive(sqlx::FromRow)]
struct AwardRow {
    task: String,
    at: i64,
    points: i64,
    evidence: String,
}

const VERDICTS: [(Verdict, &str); 6] = [
    (Verdict::Pass, "pass"),
    (Verdict::Fail, "fail"),
    (Verdict::Pending, "pending"),
    (Verdict::Blocked, "blocked"),
    (Verdict::Error, "error"),
    (Verdict::Waiting, "waiting"),
];

fn word(verdict: Verdict) -> &'static str {
    VERDICTS
        .iter()
        .find(|(known, _)| *known == verdict)
        .map_or("pending", |(_, word)| word)
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::unreadable("writing what grading found", e))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::unreadable("reading what grading found", e))
}

impl Store {
    /// Writes levels, new awards and the engine's memory in one transaction, and gives the tasks that had no award before.
    ///
    /// # Errors
    /// Where the database fails; then nothing was written.
    pub async fn record_grading(
        &self,
        session: SessionId,
        levels: &[TaskLevel],
        awards: &[Award],
        memory: Option<&str>,
    ) -> Result<Vec<TaskId>, StoreError> {
        let level_rows = levels
            .iter()
            .map(|level| Ok((level, json(&level.findings)?, json(&level.waits_for)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let award_rows = awards
            .iter()
            .map(|award| Ok((award, json(&award.evidence)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        on!(self, write, |pool| async {
            let mut transaction = pool.begin().await?;
            for (level, findings, waits_for) in &level_rows {
                sqlx::query(sql::SAVE_LEVEL)
                    .bind(session.to_string())
                    .bind(&level.task.0)
                    .bind(word(level.verdict))
                    .bind(level.since.0)
                    .bind(findings)
                    .bind(waits_for)
                    .execute(&mut *transaction)
                    .await?;
            }
            let mut first = Vec::new();
            for (award, evidence) in &award_rows {
                let added = sqlx::query(sql::INSERT_AWARD)
                    .bind(session.to_string())
                    .bind(&award.task.0)
                    .bind(award.at.0)
                    .bind(i64::from(award.points))
                    .bind(evidence)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                if added == 1 {
                    first.push(award.task.clone());
                }
            }
            if let Some(memory) = memory {
                sqlx::query(sql::SAVE_MEMORY)
                    .bind(session.to_string())
                    .bind(memory)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(first)
        }
        .await)
        .doing("writing what grading found")
    }

    /// All that is stored of a session's grading.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn grading(&self, session: SessionId) -> Result<Grading, StoreError> {
        let doing = "reading what grading found";
        let (levels, awards, memory) = on!(self, read, |pool| async {
            let levels = sqlx::query_as::<_, LevelRow>(sql::LEVELS)
                .bind(session.to_string())
                .fetch_all(pool)
                .await?;
            let awards = sqlx::query_as::<_, AwardRow>(sql::AWARDS)
                .bind(session.to_string())
                .fetch_all(pool)
                .await?;
            let memory: Option<String> = sqlx::query_scalar(sql::MEMORY)
                .bind(session.to_string())
                .fetch_optional(pool)
                .await?;
            Ok((levels, awards, memory))
        }
        .await)
        .doing(doing)?;
        Ok(Grading {
            levels: levels
                .into_iter()
                .map(|row| {
                    let (verdict, _) = VERDICTS
                        .iter()
                        .find(|(_, word)| *word == row.verdict)
                        .ok_or_else(|| StoreError::unreadable(doing, format!("verdict '{}'", row.verdict)))?;
                    Ok(TaskLevel {
                        task: TaskId(row.task),
                        verdict: *verdict,
                        since: Timestamp(row.since),
                        findings: from_json(&row.findings)?,
                        waits_for: from_json(&row.waits_for)?,
                    })
                })
                .collect::<Result<_, StoreError>>()?,
            awards: awards
                .into_iter()
                .map(|row| {
                    Ok(Award {
                        task: TaskId(row.task),
                        at: Timestamp(row.at),
                        points: u32::try_from(row.points).unwrap_or(0),
                        evidence: from_json(&row.evidence)?,
                    })
                })
                .collect::<Result<_, StoreError>>()?,
            memory,
        })
    }

    /// Forgets levels and memory of a session, as after a reset; awards stay.
    ///
    /// # Errors
    /// Where the database fails; then nothing was forgotten.
    pub async fn forget_levels(&self, session: SessionId) -> Result<(), StoreError> {
        on!(self, write, |pool| async {
            let mut transaction = pool.begin().await?;
            for statement in [sql::DELETE_LEVELS, sql::DELETE_MEMORY] {
                sqlx::query(statement)
                    .bind(session.to_string())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        }
        .await)
        .doing("forgetting levels")
    }

    /// Every task that a person ever achieved, with the first time, over all attempts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn achieved(&self, person: PersonId) -> Result<Vec<(LabId, TaskId, Timestamp)>, StoreError> {
        let rows: Vec<(String, String, i64)> = on!(self, read, |pool| sqlx::query_as(sql::AWARDED_TASKS)
            .bind(person.to_string())
            .fetch_all(pool)
            .await)
        .doing("reading achievements")?;
        Ok(rows
            .into_iter()
            .map(|(lab, task, at)| (LabId(lab), TaskId(task), Timestamp(at)))
            .collect())
    }

    /// Writes down that a hint was taken; a second time changes nothing.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_hint(&self, session: SessionId, hint: &HintTaken) -> Result<(), StoreError> {
        on!(self, write, |pool| sqlx::query(sql::TAKE_HINT)
            .bind(session.to_string())
            .bind(&hint.task.0)
            .bind(i64::from(hint.number))
            .bind(hint.at.0)
            .execute(pool)
            .await
            .map(drop))
        .doing("taking a hint")
    }

    /// The hints that were taken, by task and number.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hints(&self, session: SessionId) -> Result<Vec<HintTaken>, StoreError> {
        let rows: Vec<(String, i64, i64)> = on!(self, read, |pool| sqlx::query_as(sql::HINTS)
            .bind(session.to_string())
            .fetch_all(pool)
            .await)
        .doing("reading hints")?;
        Ok(rows
            .into_iter()
            .map(|(task, number, at)| HintTaken {
                task: TaskId(task),
                number: u32::try_from(number).unwrap_or(0),
                at: Timestamp(at),
            })
            .collect())
    }
}
