//! Makes views of sessions from rows and from what the grader sees.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::LabError;
use super::events::Subscription;
use super::grader::stored_status;
use super::labs::{Engine, Labs};
use super::time;
use super::trials;
use super::view::{Actions, Attempt, Definition, ExportView, HintsView, Score, SessionView, TaskView, TimeView};
use crate::base::{PersonId, SessionId, Timestamp};
use crate::grading::engine::TaskStatus;
use crate::model::{Lab, LabId, LabSession, SessionState, TaskId, TaskWork, Verdict};

/// Attempts that the history shows at most.
const HISTORY: u32 = 200;

impl Labs {
    /// A session as its page shows it.
    ///
    /// # Errors
    /// [`LabError::NotFound`] where there is none, or it is another person's.
    pub async fn view(&self, person: PersonId, session: SessionId) -> Result<SessionView, LabError> {
        let engine = &self.0;
        let row = engine.own(person, session).await?;
        let steps = engine.store.steps(session).await?;
        let usual = engine.store.usual_wait(&row.lab).await?;
        let exports = exports_by_session(engine.exports_of(person).await?)
            .remove(&session)
            .unwrap_or_default();
        let lab = engine.lab_of(&row);
        let tasks = match &lab {
            Some(lab) => engine.task_views(&row, lab).await?,
            None => Vec::new(),
        };
        Ok(SessionView {
            title: lab
                .as_ref()
                .map_or_else(|| row.lab.to_string(), |lab| lab.title.clone()),
            story: lab.as_ref().map(|lab| lab.story.clone()).unwrap_or_default(),
            minutes: lab.as_ref().map_or(0, |lab| lab.minutes),
            definition: match &lab {
                None => Definition::Gone,
                Some(lab) if lab.hash == row.lab_hash => Definition::Same,
                Some(_) => Definition::Changed,
            },
            services: lab.as_ref().map(|lab| lab.services.clone()).unwrap_or_default(),
            score: score_of(&tasks),
            time: engine.time_view(&row),
            may: engine.actions(&row),
            steps,
            usual,
            exports,
            tasks,
            session: row,
        })
    }

    /// A person's sessions that have not ended, newest first.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn live(&self, person: PersonId) -> Result<Vec<Attempt>, LabError> {
        self.attempts(person, |row| row.state.is_live()).await
    }

    /// All of a person's sessions, newest first.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn history(&self, person: PersonId) -> Result<Vec<Attempt>, LabError> {
        self.attempts(person, |_| true).await
    }

    /// The session that a person has at a lab and that has not ended.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn live_at(&self, person: PersonId, lab: &LabId) -> Result<Option<LabSession>, LabError> {
        Ok(self.0.store.live_session(person, lab).await?)
    }

    /// Every task that a person ever achieved, over all attempts.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn achieved(&self, person: PersonId) -> Result<Vec<(LabId, TaskId, Timestamp)>, LabError> {
        Ok(self.0.store.achieved(person).await?)
    }

    /// What happens to a person's sessions from the event `after` on; see [`super::Events::subscribe`]. While somebody
    /// is subscribed, the servers that learners run are asked how they are.
    #[must_use]
    pub fn subscribe(&self, person: PersonId, after: Option<i64>) -> Subscription {
        let subscription = self.0.events.subscribe(person, after);
        for live in self.0.lives() {
            if let Some(grader) = live.grader() {
                grader.nudge();
            }
        }
        subscription
    }

    async fn attempts(
        &self,
        person: PersonId,
        wanted: impl Fn(&LabSession) -> bool + Send,
    ) -> Result<Vec<Attempt>, LabError> {
        let engine = &self.0;
        let mut exports = exports_by_session(engine.exports_of(person).await?);
        let mut attempts = Vec::new();
        for row in engine.store.sessions_of(person, HISTORY).await? {
            if !wanted(&row) {
                continue;
            }
            let lab = engine.source.lab(&row.lab);
            let stored = engine.store.grading(row.id).await?;
            let awards = stored.awards.clone();
            let statuses = match (&lab, engine.live_if_any(row.id).and_then(|live| live.grader())) {
                (_, Some(grader)) => grader.status(),
                (Some(lab), None) => stored_status(lab, &stored),
                (None, None) => Vec::new(),
            };
            attempts.push(Attempt {
                session: row.id,
                title: lab
                    .as_ref()
                    .map_or_else(|| row.lab.to_string(), |lab| lab.title.clone()),
                score: Score {
                    tasks: statuses.len(),
                    passing: statuses
                        .iter()
                        .filter(|status| status.level.verdict == Verdict::Pass)
                        .count(),
                    achieved: awards.len(),
                    points: lab.as_ref().map_or(0, |lab| lab.points()),
                    earned: awards.iter().map(|award| award.points).sum(),
                },
                left: time::left(&row, engine.now()),
                used: lab
                    .as_ref()
                    .and_then(|lab| time::used(&row, lab.limits.time, engine.settings.extension, engine.now())),
                exports: exports.remove(&row.id).unwrap_or_default(),
                lab: row.lab,
                state: row.state,
                reason: row.reason,
                created: row.created,
                ended: row.ended,
                awards,
            });
        }
        Ok(attempts)
    }
}

fn exports_by_session(exports: Vec<ExportView>) -> BTreeMap<SessionId, Vec<ExportView>> {
    let mut by_session: BTreeMap<SessionId, Vec<ExportView>> = BTreeMap::new();
    for export in exports {
        by_session.entry(export.session).or_default().push(export);
    }
    by_session
}

fn score_of(tasks: &[TaskView]) -> Score {
    Score {
        tasks: tasks.len(),
        passing: tasks.iter().filter(|task| task.level.verdict == Verdict::Pass).count(),
        achieved: tasks.iter().filter(|task| task.award.is_some()).count(),
        points: tasks.iter().map(|task| task.points).sum(),
        earned: tasks
            .iter()
            .filter_map(|task| task.award.as_ref())
            .map(|award| award.points)
            .sum(),
    }
}

impl Engine {
    async fn task_views(&self, row: &LabSession, lab: &Lab) -> Result<Vec<TaskView>, LabError> {
        let grader = self.live_if_any(row.id).and_then(|live| live.grader());
        let statuses: Vec<TaskStatus> = match &grader {
            Some(grader) => grader.status(),
            None => stored_status(lab, &self.store.grading(row.id).await?),
        };
        let taken = self.store.hints(row.id).await?;
        let mut trials = trials::latest(&self.store.trials(row.id).await?);
        if let Some(running) = grader.and_then(|grader| grader.trial()) {
            trials.insert(running.task.clone(), running);
        }
        Ok(lab
            .tasks
            .iter()
            .filter_map(|task| {
                let status = statuses.iter().find(|status| status.level.task == task.id)?;
                let shown = taken.iter().filter(|hint| hint.task == task.id).count();
                Some(TaskView {
                    id: task.id.clone(),
                    title: task.title.clone(),
                    text: task.text.clone(),
                    points: task.points,
                    needs: task.needs.clone(),
                    level: status.level.clone(),
                    award: status.award.clone(),
                    hints: HintsView {
                        shown: task.hints.iter().take(shown).cloned().collect(),
                        total: task.hints.len(),
                    },
                    is_trial: matches!(task.work, TaskWork::Trial(_)),
                    trial: trials.remove(&task.id),
                })
            })
            .collect())
    }

    fn time_view(&self, row: &LabSession) -> TimeView {
        let now = self.now();
        TimeView {
            now,
            left: time::left(row, now),
            deadline: row.deadline,
            extensions_left: self.settings.extensions.saturating_sub(row.extensions),
            extension: self.settings.extension,
        }
    }

    fn actions(&self, row: &LabSession) -> Actions {
        use SessionState::{Ended, Ending, Failed, Paused, Provisioning, Queued, Ready};
        let state = row.state;
        let present = matches!(state, Ready | Paused);
        Actions {
            cancel: matches!(state, Queued | Provisioning | Failed),
            retry: state == Failed,
            resume: state == Paused && row.left != Some(Duration::ZERO),
            extend: present && row.extensions < self.settings.extensions,
            reset: present,
            export: present,
            end: !matches!(state, Ending | Ended),
            work: state == Ready,
        }
    }
}
