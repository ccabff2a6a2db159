//! No points rest on `command` alone: a learner of the same user can trace what runs in their sandbox.

use super::Subject;
use crate::model::{Act, Probe, TaskWork};

pub(super) fn check(subject: &mut Subject<'_>) {
    let built = subject.built;
    for task in &built.lab.tasks {
        let only_commands = match &task.work {
            TaskWork::Checks(checks) => {
                !checks.is_empty() && checks.iter().all(|check| matches!(check.probe, Probe::Command(_)))
            }
            TaskWork::Trial(trial) => {
                let mut observed = trial
                    .act
                    .iter()
                    .filter_map(|act| match act {
                        Act::Command { bind: Some(_), .. } => Some(true),
                        Act::Referee { .. } | Act::Http { .. } => Some(false),
                        _ => None,
                    })
                    .chain(trial.watch.values().map(|probe| matches!(probe, Probe::Command(_))))
                    .peekable();
                observed.peek().is_some() && observed.all(|command| command)
            }
        };
        if only_commands && let Some(raw) = built.raw.tasks.iter().find(|raw| raw.id.value == task.id.0) {
            let message = format!("the points of `{}` rest on what a command prints", task.id);
            let help = "a learner can make a command print anything: add a `file`, `http` or `referee` check";
            subject.error("command-alone", &raw.id, message, help);
        }
    }
}
