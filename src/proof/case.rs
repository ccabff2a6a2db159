//! What is expected of each task in each case, and whether it came so. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{Lab, TaskId, TaskLevel, Verdict};

/// A state that a workspace is brought into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseKind {
    /// As the learner gets it.
    Untouched,
    Solution,
    /// The solution with this wrong one laid over it, which must fail these tasks.
    Wrong {
        name: String,
        fails: Vec<TaskId>,
    },
    /// The solution with the undo laid over it.
    Undo,
}

impl CaseKind {
    /// How the matrix calls it.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Untouched => "untouched".to_owned(),
            Self::Solution => "solution".to_owned(),
            Self::Wrong { name, .. } => format!("wrong: {name}"),
            Self::Undo => "undo".to_owned(),
        }
    }

    /// What must be found of a task.
    #[must_use]
    pub fn expected(&self, lab: &Lab, task: &TaskId) -> Expected {
        match self {
            Self::Untouched | Self::Undo => Expected::NotPass,
            Self::Solution => Expected::Pass,
            Self::Wrong { fails, .. } => {
                if fails.contains(task) {
                    Expected::Red
                } else if waits_for_one_of(lab, task, fails) {
                    Expected::Waiting
                } else {
                    Expected::Pass
                }
            }
        }
    }
}

/// What must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    Pass,
    /// It fails, or something that it looks at is not there.
    Red,
    Waiting,
    /// Fail, blocked or waiting.
    NotPass,
}

impl Expected {
    /// Whether a verdict is as expected.
    #[must_use]
    pub fn is_met_by(self, verdict: Verdict) -> bool {
        let red = matches!(verdict, Verdict::Fail | Verdict::Blocked);
        match self {
            Self::Pass => verdict == Verdict::Pass,
            Self::Red => red,
            Self::Waiting => verdict == Verdict::Waiting,
            Self::NotPass => red || verdict == Verdict::Waiting,
        }
    }

    /// In words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Red => "fail or blocked",
            Self::Waiting => "waiting",
            Self::NotPass => "fail, blocked or waiting",
        }
    }
}

/// One task in one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    pub task: TaskId,
    pub expected: Expected,
    pub verdict: Verdict,
    /// What was seen, a line a finding.
    pub seen: Vec<String>,
}

impl Cell {
    /// Whether it came as expected.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected.is_met_by(self.verdict)
    }
}

/// All tasks in one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub kind: CaseKind,
    pub cells: Vec<Cell>,
    /// Milliseconds that the case took.
    pub took: u64,
}

impl Case {
    /// Holds levels against what the case expects; a task that has no level is pending.
    #[must_use]
    pub fn new(kind: CaseKind, lab: &Lab, levels: &[TaskLevel], took: u64) -> Self {
        let cells = lab
            .tasks
            .iter()
            .map(|task| {
                let level = levels.iter().find(|level| level.task == task.id);
                Cell {
                    task: task.id.clone(),
                    expected: kind.expected(lab, &task.id),
                    verdict: level.map_or(Verdict::Pending, |level| level.verdict),
                    seen: level.map_or_else(Vec::new, |level| {
                        level.findings.iter().map(|finding| finding.seen.clone()).collect()
                    }),
                }
            })
            .collect();
        Self { kind, cells, took }
    }

    /// Whether every task came as expected.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.cells.iter().all(Cell::holds)
    }
}

/// Whether a task needs one of these, directly or through others.
fn waits_for_one_of(lab: &Lab, task: &TaskId, failing: &[TaskId]) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![task.clone()];
    while let Some(next) = open.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let needs = lab.task(&next).map(|task| task.needs.clone()).unwrap_or_default();
        if needs.iter().any(|need| failing.contains(need)) {
            return true;
        }
        open.extend(needs);
    }
    false
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::base::Timestamp;
    use crate::model::{Egress, LabId, Limits, Needs, Task, TaskWork};

    fn id(name: &str) -> TaskId {
        TaskId(name.to_owned())
    }

    fn lab(tasks: &[(&str, &[&str])]) -> Lab {
        Lab {
            id: LabId("l".to_owned()),
            folder: PathBuf::new(),
            hash: String::new(),
            title: String::new(),
            week: 1,
            minutes: 1,
            summary: String::new(),
            needs: Needs::default(),
            egress: Egress::None,
            limits: Limits::default(),
            parameters: [].into(),
            setup: Vec::new(),
            services: Vec::new(),
            tasks: tasks
                .iter()
                .map(|(name, needs)| Task {
                    id: id(name),
                    title: String::new(),
                    points: 1,
                    needs: needs.iter().map(|need| id(need)).collect(),
                    work: TaskWork::Checks(Vec::new()),
                    hints: Vec::new(),
                    text: String::new(),
                })
                .collect(),
            story: String::new(),
        }
    }

    fn level(task: &str, verdict: Verdict) -> TaskLevel {
        TaskLevel {
            task: id(task),
            verdict,
            since: Timestamp(0),
            findings: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    #[test]
    fn a_wrong_solution_fails_where_it_says_and_nowhere_else() {
        let lab = lab(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &[])]);
        let wrong = CaseKind::Wrong {
            name: "w".to_owned(),
            fails: vec![id("a")],
        };
        let as_it_should = [
            level("a", Verdict::Fail),
            level("b", Verdict::Waiting),
            level("c", Verdict::Waiting),
            level("d", Verdict::Pass),
        ];
        assert!(Case::new(wrong.clone(), &lab, &as_it_should, 0).holds());
        let mut too_much = as_it_should.clone();
        too_much[3].verdict = Verdict::Fail;
        assert!(!Case::new(wrong.clone(), &lab, &too_much, 0).holds());
        let mut too_little = as_it_should;
        too_little[0].verdict = Verdict::Pass;
        assert!(!Case::new(wrong, &lab, &too_little, 0).holds());
    }

    #[test]
    fn our_own_fault_is_never_as_expected() {
        for kind in [CaseKind::Untouched, CaseKind::Solution, CaseKind::Undo] {
            for verdict in [Verdict::Error, Verdict::Pending] {
                let lab = lab(&[("a", &[])]);
                assert!(
                    !Case::new(kind.clone(), &lab, &[level("a", verdict)], 0).holds(),
                    "{kind:?} {verdict:?}"
                );
            }
        }
    }

    #[test]
    fn a_task_without_a_level_is_not_as_expected() {
        let lab = lab(&[("a", &[])]);
        assert!(!Case::new(CaseKind::Untouched, &lab, &[], 0).holds());
    }
}
