//! What is known of one task and of each of its checks, and what that comes to.

use super::CheckMemory;
use super::assess::{Assessment, Judge};
use crate::base::Timestamp;
use crate::model::{Award, Finding, Task, TaskId, TaskLevel, TaskWork, Verdict};

#[derive(Clone, Debug)]
pub(super) struct TaskState {
    pub id: TaskId,
    pub points: u32,
    pub needs: Vec<TaskId>,
    pub checks: Vec<CheckState>,
    pub level: TaskLevel,
    pub award: Option<Award>,
}

#[derive(Clone, Debug)]
pub(super) struct CheckState {
    /// `None` for a trial, whose outcome comes judged.
    pub judge: Option<Judge>,
    pub stable_for: Option<std::time::Duration>,
    pub latest: Option<Assessment>,
    pub holds_since: Option<Timestamp>,
    /// Has held for `stable_for`, without a break until now.
    pub held: bool,
    /// Looked at since this engine was made.
    pub fresh: bool,
}

impl TaskState {
    pub fn new(task: &Task, levels: &[TaskLevel], awards: &[Award], remembered: Option<&Vec<CheckMemory>>) -> Self {
        let mut checks: Vec<CheckState> = match &task.work {
            TaskWork::Checks(checks) => checks
                .iter()
                .map(|check| CheckState::new(Some(Judge::new(check)), check.stable_for))
                .collect(),
            TaskWork::Trial(_) => vec![CheckState::new(None, None)],
        };
        for (check, memory) in checks.iter_mut().zip(remembered.into_iter().flatten()) {
            check.latest.clone_from(&memory.latest);
            check.holds_since = memory.holds_since;
            check.held = memory.held;
            // A trial runs only when it is asked to, so its outcome is as good as it was.
            check.fresh = check.judge.is_none() && check.latest.is_some();
        }
        Self {
            id: task.id.clone(),
            points: task.points,
            needs: task.needs.clone(),
            checks,
            level: levels
                .iter()
                .find(|level| level.task == task.id)
                .cloned()
                .unwrap_or(TaskLevel {
                    task: task.id.clone(),
                    verdict: Verdict::Pending,
                    since: Timestamp(0),
                    findings: Vec::new(),
                    waits_for: Vec::new(),
                }),
            award: awards.iter().find(|award| award.task == task.id).cloned(),
        }
    }

    /// What the checks come to together, needs left aside.
    pub fn combined(&self) -> (Verdict, Vec<Finding>) {
        let checks: Vec<(Verdict, Vec<Finding>)> = self.checks.iter().map(CheckState::now).collect();
        let verdict = [Verdict::Error, Verdict::Blocked, Verdict::Fail, Verdict::Pending]
            .into_iter()
            .find(|verdict| checks.iter().any(|(check, _)| check == verdict))
            // A task without checks cannot be passed.
            .unwrap_or(if checks.is_empty() {
                Verdict::Error
            } else {
                Verdict::Pass
            });
        let findings = checks.into_iter().flat_map(|(_, findings)| findings).collect();
        (verdict, findings)
    }
}

impl CheckState {
    pub fn new(judge: Option<Judge>, stable_for: Option<std::time::Duration>) -> Self {
        Self {
            judge,
            stable_for: stable_for.filter(|duration| !duration.is_zero()),
            latest: None,
            holds_since: None,
            held: false,
            fresh: false,
        }
    }

    pub fn has_held(&self, now: Timestamp) -> bool {
        match (self.stable_for, self.holds_since) {
            (Some(stable_for), Some(since)) => since.after(stable_for) <= now,
            _ => false,
        }
    }

    pub fn now(&self) -> (Verdict, Vec<Finding>) {
        let Some(latest) = &self.latest else {
            let finding = self.judge.as_ref().map_or_else(
                || Finding {
                    expected: "the trial is survived".to_owned(),
                    seen: "not run yet".to_owned(),
                    place: "trial".to_owned(),
                    say: None,
                },
                Judge::unseen,
            );
            return (Verdict::Pending, vec![finding]);
        };
        match (latest.verdict, self.stable_for, &self.judge) {
            (Verdict::Pass, Some(stable_for), Some(judge)) if !self.held => {
                (Verdict::Pending, vec![judge.settling(stable_for)])
            }
            (verdict, _, _) => (verdict, latest.findings.clone()),
        }
    }

    pub fn evidence(&self) -> Vec<String> {
        self.latest
            .as_ref()
            .map(|latest| latest.evidence.clone())
            .unwrap_or_default()
    }
}
