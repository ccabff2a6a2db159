//! What grading found, on its way to whoever looks and to the store.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::cycle::Loop;
use crate::grading::Change;
use crate::lab::error::LabError;
use crate::lab::events::EventKind;
use crate::lab::labs::lock;
use crate::lab::metrics;
use crate::model::{Award, TaskLevel};
use crate::store::StoreError;

/// Findings that changed without a verdict are stored this late at most.
const LAZY: Duration = Duration::from_secs(2);

impl Loop {
    /// Tells of changes, and stores what must not be lost.
    pub(super) async fn take(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let before = lock(&self.shared).status.clone();
        let mut now = false;
        let mut told = Vec::new();
        for change in changes {
            match change {
                Change::Level(level) => {
                    let edge = before
                        .iter()
                        .find(|status| status.level.task == level.task)
                        .is_none_or(|status| status.level.verdict != level.verdict);
                    now |= edge;
                    let mut data = json!(level);
                    data["edge"] = json!(edge);
                    told.push(data);
                    if edge {
                        tracing::debug!(session = %self.row.id, task = %level.task, verdict = ?level.verdict, "a verdict changed");
                    }
                    self.unsaved.levels.insert(level.task.clone(), level);
                }
                Change::Awarded(award) => {
                    metrics::awarded();
                    tracing::info!(session = %self.row.id, lab = %self.lab.id, task = %award.task, points = award.points, "a task was achieved");
                    now = true;
                    self.unsaved.awards.push(award);
                }
                Change::Fault { check, why } => {
                    metrics::fault();
                    tracing::error!(session = %self.row.id, lab = %self.lab.id, %check, why, "a check could not be done; it costs nothing");
                }
            }
        }
        // Seen first, then told: who looks at the word sees it.
        self.show();
        for data in told {
            self.engine.emit(&self.row, EventKind::Task, data);
        }
        if now {
            self.save().await;
        } else {
            self.unsaved.due.get_or_insert_with(|| Instant::now() + LAZY);
        }
    }

    /// Lets others see how tasks stand. An award is seen once it is stored: from then on nothing takes it away.
    pub(super) fn show(&self) {
        let mut status = self.grading.status();
        for task in &mut status {
            let is_unsaved = |award: &Award| self.unsaved.awards.iter().any(|unsaved| unsaved.task == award.task);
            if task.award.as_ref().is_some_and(is_unsaved) {
                task.award = None;
            }
        }
        lock(&self.shared).status = status;
    }

    /// Stores what is new; what cannot be stored now is kept and tried again.
    pub(super) async fn save(&mut self) {
        self.unsaved.due = None;
        if self.unsaved.levels.is_empty() && self.unsaved.awards.is_empty() {
            return;
        }
        let levels: Vec<TaskLevel> = self.unsaved.levels.values().cloned().collect();
        let memory = serde_json::to_string(&self.grading.memory()).ok();
        match self
            .engine
            .store
            .record_grading(self.row.id, &levels, &self.unsaved.awards, memory.as_deref())
            .await
        {
            Ok(first) => {
                self.unsaved.levels.clear();
                let stored = std::mem::take(&mut self.unsaved.awards);
                self.show();
                for award in stored.into_iter().filter(|award| first.contains(&award.task)) {
                    self.engine.emit(&self.row, EventKind::Award, json!(award));
                }
            }
            Err(error) => {
                tracing::error!(session = %self.row.id, %error, "what grading found could not be stored; it is tried again");
                if matches!(error, StoreError::Full { .. }) {
                    self.engine.notice(&self.row, "failure", &LabError::Full.message());
                }
                self.unsaved.due = Some(Instant::now() + Duration::from_secs(1));
            }
        }
    }
}
