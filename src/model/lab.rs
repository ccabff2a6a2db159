//! A lab as its author wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::trial::Trial;

/// The name of a lab's folder: lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LabId(pub String);

/// The name of a task, unique in its lab: lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TaskId(pub String);

impl LabId {
    /// What the ids of scratch workspaces begin with.
    pub const SCRATCH: &str = "scratch-";

    /// Whether this is a scratch workspace beside a lesson: without tasks, and no attempt at anything.
    #[must_use]
    pub fn is_scratch(&self) -> bool {
        self.0.starts_with(Self::SCRATCH)
    }
}

impl fmt::Display for LabId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A lab: what it needs, how it is set up, what its learner must bring about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lab {
    pub id: LabId,
    /// The lab's folder on this machine.
    pub folder: PathBuf,
    /// SHA-256 over every file of the folder, in hexadecimal: another definition has another hash.
    pub hash: String,
    pub title: String,
    /// 1 to 16; the capstone is 17.
    pub week: u8,
    /// How long a learner usually needs.
    pub minutes: u32,
    /// One sentence for the lab's card.
    pub summary: String,
    pub needs: Needs,
    pub egress: Egress,
    pub limits: Limits,
    pub parameters: BTreeMap<String, ParameterSpec>,
    pub setup: Vec<SetupStep>,
    pub services: Vec<Service>,
    pub tasks: Vec<Task>,
    /// The story, in Markdown: what stands before the first task's heading.
    pub story: String,
}

impl Lab {
    /// The task of that name.
    #[must_use]
    pub fn task(&self, id: &TaskId) -> Option<&Task> {
        self.tasks.iter().find(|task| &task.id == id)
    }

    /// All points that can be earned.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.tasks.iter().map(|task| task.points).sum()
    }
}

/// What a lab needs of a runtime, never how it is brought about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// `Some` where the lab has a Python environment: the bytes of its hash-locked requirements.
    pub environment: Option<Environment>,
    /// Guarantees without which the lab must not start.
    pub guarantees: BTreeSet<Guarantee>,
}

/// A Python environment by its hash-locked requirements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Relative to the lab's folder.
    pub requirements: PathBuf,
}

/// A promise that a driver may make about its sandboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// Files of the host and of other sessions cannot be read or written.
    OwnFiles,
    /// Processes outside the sandbox cannot be seen.
    OwnProcesses,
    /// Processes outside the sandbox cannot be signalled or traced.
    NoSignals,
    /// A network of its own: any port may be used and nobody else reaches it.
    OwnNetwork,
    /// TCP ports of its own range only; no others can be bound or reached.
    OwnPorts,
    /// The lab's egress policy cannot be circumvented.
    EgressEnforced,
    /// Hidden data, checks and the server's state cannot be read.
    HiddenData,
    /// The number of processes is limited by the kernel.
    ProcessesLimited,
    /// Memory is limited by the kernel, for the sandbox as a whole.
    MemoryLimited,
    /// Memory is limited a process, and sampled for the sandbox as a whole.
    MemorySampled,
    /// Disk use is limited by the file system.
    DiskLimited,
    /// The size of one file is limited by the kernel, and disk use is sampled.
    DiskSampled,
    /// Terminals and processes outlive the server.
    OutlivesServer,
}

/// What a sandbox may reach beyond itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Egress {
    /// Nothing.
    #[default]
    None,
    /// The package registries that the configuration names.
    Registries,
    /// Any public host.
    Open,
}

/// Upper bounds of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes.
    pub memory: u64,
    /// Bytes of workspace and home together.
    pub disk: u64,
    pub processes: u32,
    /// How long a session may last before it must be extended.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            disk: 1 << 30,
            processes: 256,
            time: Duration::from_hours(2),
        }
    }
}

/// How a parameter is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterSpec {
    /// From the first to the second, both included.
    Integer(i64, i64),
    /// That many words, joined by hyphens: `amber-otter`.
    Words(u8),
    /// One of these.
    Choice(Vec<String>),
}

/// The drawn parameters of one attempt: integers or strings by name.
pub type Parameters = BTreeMap<String, serde_json::Value>;

/// One step of a lab's set-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupStep {
    pub title: String,
    pub run: Vec<String>,
    pub timeout: Duration,
}

/// A server that the learner runs, shown as a tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub name: String,
    pub title: String,
    /// A TCP port on the sandbox's loopback.
    pub port: u16,
}

/// Something that the learner must bring about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub title: String,
    pub points: u32,
    /// Tasks that must hold before this one is looked at.
    pub needs: Vec<TaskId>,
    pub work: TaskWork,
    pub hints: Vec<String>,
    /// What must be true, in Markdown, from `instructions.md`.
    pub text: String,
}

/// How a task is graded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskWork {
    /// All of these must pass.
    Checks(Vec<Check>),
    /// This must be survived.
    Trial(Box<Trial>),
}
