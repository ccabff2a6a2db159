//! A lab out of its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::diagnostic::{Diagnostic, Severity};
use super::super::proof::ProofMaterial;
use super::super::raw::{RawLab, RawLimits, RawParameter, RawTask};
use super::super::source::{Folder, Source};
use super::super::yaml::{self, At};
use super::{Builder, is_id};
use crate::base::nearest;
use crate::model::lab::Environment;
use crate::model::{Lab, LabId, Limits, Needs, ParameterSpec, Service, SetupStep, Task, TaskId, TaskWork};

/// A lab that could be read, whatever is wrong with it.
pub struct Built {
    pub raw: RawLab,
    pub source: Source,
    pub lab: Lab,
    pub proof: ProofMaterial,
}

/// Reads a lab; `None` where lab.yaml has no shape at all.
pub fn lab(folder: &Folder, id: &str) -> (Option<Built>, Vec<Diagnostic>) {
    let mut found = folder.problems.clone();
    if !is_id(id) {
        found.push(
            Diagnostic::about("ids", Severity::Error, folder.name.clone(), format!("`{id}` is no id"))
                .help("rename the folder: lower-case letters, digits and hyphens, a letter first, at most 48"),
        );
    }
    let read = folder
        .read("lab.yaml")
        .and_then(|source| Ok((yaml::parse::<RawLab>(&source)?, source)));
    let (raw, source) = match read {
        Ok(read) => read,
        Err(diagnostic) => {
            found.push(*diagnostic);
            return (None, found);
        }
    };
    let mut builder = Builder::new(folder, source.clone());
    let lab = builder.lab(&raw, id);
    let ids: Vec<String> = lab.tasks.iter().map(|task| task.id.0.clone()).collect();
    let proof = builder.proof(&ids);
    found.append(&mut builder.found);
    let built = Built {
        raw,
        source,
        lab,
        proof,
    };
    (Some(built), found)
}

impl Builder<'_> {
    fn lab(&mut self, raw: &RawLab, id: &str) -> Lab {
        let parameters = self.parameters(&raw.parameters);
        self.parameters = raw.parameters.keys().cloned().collect();
        let needs = self.needs(raw);
        self.python = needs.environment.is_some();
        if !(1..=17).contains(&raw.week.value) {
            self.error(
                "weeks",
                &raw.week,
                format!("there is no week {}", raw.week.value),
                "1 to 16; 17 is the capstone",
            );
        }
        let setup = raw
            .setup
            .iter()
            .map(|step| SetupStep {
                title: self.text(&step.title),
                run: self.argv(&step.run, &["setup", "checks"]),
                timeout: self.duration(step.timeout.as_ref(), Duration::from_mins(1)),
            })
            .collect();
        let services = self.services(raw);
        let tasks = self.tasks(raw);
        let mut ids: Vec<String> = Vec::new();
        for task in raw.tasks.iter().filter(|task| is_id(&task.id)) {
            if !ids.contains(&task.id.value) {
                ids.push(task.id.value.clone());
            }
        }
        let mut instructions = self.instructions(&ids);
        let hash = self.folder.hash().unwrap_or_else(|error| {
            let message = format!("a file cannot be read: {error}");
            self.found.push(
                Diagnostic::about("files", Severity::Error, self.folder.name.clone(), message)
                    .help("check the permissions of the folder's files"),
            );
            String::new()
        });
        Lab {
            id: LabId(id.to_owned()),
            folder: self.folder.path.clone(),
            hash,
            title: self.plain(&raw.title),
            week: raw.week.value,
            minutes: raw.minutes.value,
            summary: self.plain(&raw.summary),
            needs,
            egress: raw.egress,
            limits: self.limits(&raw.limits),
            parameters,
            setup,
            services,
            tasks: tasks
                .into_iter()
                .map(|task| Task {
                    text: instructions.tasks.remove(&task.id.0).unwrap_or_default(),
                    ..task
                })
                .collect(),
            story: instructions.story,
        }
    }

    fn parameters(&mut self, raw: &BTreeMap<String, At<RawParameter>>) -> BTreeMap<String, ParameterSpec> {
        let mut parameters = BTreeMap::new();
        for (name, raw) in raw {
            self.bound_name(name, raw);
            let given = [
                ("integer", raw.integer.is_some()),
                ("words", raw.words.is_some()),
                ("choice", raw.choice.is_some()),
            ];
            if !self.exactly_one(raw, &format!("`{name}` is drawn in one way"), &given) {
                continue;
            }
            let spec = match (&raw.integer, &raw.words, &raw.choice) {
                (Some((low, high)), ..) => {
                    if low > high {
                        let message = format!("nothing lies between {low} and {high}");
                        self.error("parameters", raw, message, format!("write it as `[{high}, {low}]`"));
                    }
                    ParameterSpec::Integer(*low, *high)
                }
                (_, Some(words), _) => {
                    if !(1..=4).contains(words) {
                        self.error(
                            "parameters",
                            raw,
                            format!("{words} words are no name"),
                            "draw 1 to 4 words",
                        );
                    }
                    ParameterSpec::Words(*words)
                }
                (.., choices) => {
                    let choices = choices.clone().unwrap_or_default();
                    if choices.len() < 2 {
                        self.error(
                            "parameters",
                            raw,
                            "there is nothing to choose from",
                            "give at least two",
                        );
                    }
                    ParameterSpec::Choice(choices)
                }
            };
            parameters.insert(name.clone(), spec);
        }
        parameters
    }

    fn needs(&mut self, raw: &RawLab) -> Needs {
        let mut environment = None;
        if let Some(name) = &raw.needs.workspace.environment {
            if name.value != "python" {
                let message = format!("there is no environment `{}`", name.value);
                self.error(
                    "environments",
                    name,
                    message,
                    "`python` is the only one: leave it out where none is needed",
                );
            } else if !self.folder.has("environment/requirements.txt") {
                self.missing(name, "environment/requirements.txt");
            }
            environment = Some(Environment {
                requirements: "environment/requirements.txt".into(),
            });
        }
        Needs {
            environment,
            guarantees: raw.needs.guarantees.iter().copied().collect::<BTreeSet<_>>(),
        }
    }

    fn limits(&mut self, raw: &RawLimits) -> Limits {
        let default = Limits::default();
        let limits = Limits {
            memory: self.size(raw.memory.as_ref(), default.memory),
            disk: self.size(raw.disk.as_ref(), default.disk),
            processes: raw.processes.as_ref().map_or(default.processes, |count| count.value),
            time: self.duration(raw.time.as_ref(), default.time),
        };
        if let (Some(at), true) = (&raw.processes, limits.processes < 8) {
            self.error(
                "sizes",
                at,
                "a shell and an editor need more processes",
                "allow at least 8",
            );
        }
        if let (Some(at), true) = (&raw.memory, limits.memory < 64 << 20) {
            self.error(
                "sizes",
                at,
                "a shell and an editor need more memory",
                "allow at least 64MiB",
            );
        }
        limits
    }

    fn services(&mut self, raw: &RawLab) -> Vec<Service> {
        let mut services: Vec<Service> = Vec::new();
        for service in &raw.services {
            let service_name = self.id(&service.name);
            if services.iter().any(|other| other.name == service_name) {
                self.error(
                    "ids",
                    &service.name,
                    format!("two services are `{service_name}`"),
                    "give each its own name",
                );
            }
            if service.port.value < 1024 {
                let message = format!("a learner cannot listen on port {}", service.port.value);
                self.error("services", &service.port, message, "choose a port from 1024");
            }
            services.push(Service {
                name: service_name,
                title: self.plain(&service.title),
                port: service.port.value,
            });
        }
        services
    }

    fn tasks(&mut self, raw: &RawLab) -> Vec<Task> {
        if raw.tasks.is_empty() {
            self.error(
                "tasks",
                &raw.tasks,
                "there is no task",
                "add what the learner must bring about",
            );
        }
        let ids: Vec<&str> = raw.tasks.iter().map(|task| task.id.as_str()).collect();
        let mut tasks = Vec::new();
        for (at, raw) in raw.tasks.iter().enumerate() {
            if ids[..at].contains(&raw.id.as_str()) {
                self.error(
                    "ids",
                    &raw.id,
                    format!("two tasks are `{}`", raw.id.value),
                    "give each its own id",
                );
            }
            for need in raw.needs.iter().filter(|need| !ids.contains(&need.as_str())) {
                let help = match nearest(need, ids.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("tasks are: {}", ids.join(", ")),
                };
                self.error("tasks", need, format!("there is no task `{}`", need.value), help);
            }
            if let Some(task) = self.task(raw) {
                tasks.push(task);
            }
        }
        self.cycles(raw);
        tasks
    }

    fn task(&mut self, raw: &At<RawTask>) -> Option<Task> {
        let id = self.id(&raw.id);
        if !(1..=100).contains(&raw.points.value) {
            self.error(
                "points",
                &raw.points,
                format!("{} points", raw.points.value),
                "give 1 to 100",
            );
        }
        let title = self.plain(&raw.title);
        let hints = raw.hints.iter().map(|hint| self.text(hint)).collect();
        let given = [("checks", raw.checks.is_some()), ("trial", raw.trial.is_some())];
        if !self.exactly_one(raw, "a task is graded in one way", &given) {
            return None;
        }
        let work = match (&raw.checks, &raw.trial) {
            (Some(checks), _) => {
                if checks.is_empty() {
                    self.error("checks", checks, "nothing is checked", "add a check");
                }
                TaskWork::Checks(checks.iter().filter_map(|check| self.check(check)).collect())
            }
            (_, Some(trial)) => TaskWork::Trial(Box::new(self.trial(trial))),
            _ => return None,
        };
        Some(Task {
            id: TaskId(id),
            title,
            points: raw.points.value,
            needs: raw.needs.iter().map(|need| TaskId(need.value.clone())).collect(),
            work,
            hints,
            text: String::new(),
        })
    }

    /// Tasks that need each other can never be looked at: each cycle is shown once.
    fn cycles(&mut self, raw: &RawLab) {
        let needs: BTreeMap<&str, &RawTask> = raw.tasks.iter().map(|task| (task.id.as_str(), &task.value)).collect();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for task in raw.tasks.iter() {
            let mut path: Vec<&str> = Vec::new();
            if let Some(cycle) = find_cycle(task.id.as_str(), &needs, &mut path, &mut done) {
                let shown = cycle.join(" → ");
                let first = needs[cycle[0]];
                let at = first
                    .needs
                    .iter()
                    .find(|need| need.as_str() == cycle[1])
                    .unwrap_or(&first.id);
                self.error(
                    "tasks",
                    at,
                    format!("tasks need each other: {shown}"),
                    "take one of these needs away",
                );
            }
        }
    }
}

/// The first cycle that can be reached, its first task again at the end.
fn find_cycle<'r>(
    id: &'r str,
    needs: &BTreeMap<&'r str, &'r RawTask>,
    path: &mut Vec<&'r str>,
    done: &mut BTreeSet<&'r str>,
) -> Option<Vec<&'r str>> {
    if let Some(start) = path.iter().position(|other| *other == id) {
        let mut cycle = path[start..].to_vec();
        cycle.push(id);
        return Some(cycle);
    }
    if !done.insert(id) {
        return None;
    }
    path.push(id);
    // A lab has few tasks; one that is nested deeper than this could only have been generated.
    let found = if path.len() > 200 {
        None
    } else {
        needs.get(id).and_then(|task| {
            task.needs
                .iter()
                .find_map(|need| find_cycle(need.as_str(), needs, path, done))
        })
    };
    path.pop();
    found
}
