//! What others see of a session: plain values, made from rows, with nothing left to look up.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{SessionId, Timestamp, TrialId};
use crate::grading::trial::{Entry, Track};
use crate::model::{Award, Finding, LabId, LabSession, Service, SessionState, Step, TaskId, TaskLevel, Verdict};

/// A session as its page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    pub session: LabSession,
    /// The lab's title; its id where the lab is gone.
    pub title: String,
    /// The lab's story in Markdown, parameters filled in.
    pub story: String,
    /// What the lab's author expects it to take.
    pub minutes: u32,
    /// Whether the lab's definition is there and is the one that the session was made from.
    pub definition: Definition,
    /// The steps of the latest provisioning.
    pub steps: Vec<Step>,
    /// How long provisioning of this lab usually takes on this server, where it has done so before.
    pub usual: Option<Duration>,
    pub time: TimeView,
    pub tasks: Vec<TaskView>,
    pub score: Score,
    pub services: Vec<Service>,
    /// Archives of this session's workspace, newest first.
    pub exports: Vec<ExportView>,
    /// What may be done now.
    pub may: Actions,
}

/// How a lab's definition stands to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Definition {
    Same,
    /// The lab was changed since: checks are those of now.
    Changed,
    /// The lab cannot be read any more: nothing is graded.
    Gone,
}

/// Which buttons have a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "one for each button")]
pub struct Actions {
    pub cancel: bool,
    pub retry: bool,
    pub resume: bool,
    pub extend: bool,
    pub reset: bool,
    pub export: bool,
    pub end: bool,
    /// Terminals, editor and trials work.
    pub work: bool,
}

/// The time of a session, by the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeView {
    pub now: Timestamp,
    /// What is left; `None` before the session is ready and after its end.
    pub left: Option<Duration>,
    /// When it is up; `None` while it stands still.
    pub deadline: Option<Timestamp>,
    /// Presses that are left.
    pub extensions_left: u32,
    /// What one press adds.
    pub extension: Duration,
}

/// A task as its learner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskView {
    pub id: TaskId,
    pub title: String,
    /// Markdown, parameters filled in.
    pub text: String,
    pub points: u32,
    pub needs: Vec<TaskId>,
    /// What is true now.
    pub level: TaskLevel,
    /// What was achieved, and stays.
    pub award: Option<Award>,
    pub hints: HintsView,
    /// Whether this task is a trial.
    pub is_trial: bool,
    /// Its latest run.
    pub trial: Option<TrialView>,
}

/// The hints of a task: those that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HintsView {
    pub shown: Vec<String>,
    pub total: usize,
}

/// Where a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialPhase {
    Act,
    Watch,
    Restore,
    Done,
}

/// One run of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialView {
    pub id: TrialId,
    pub task: TaskId,
    pub phase: TrialPhase,
    pub started: Timestamp,
    /// When watching ends; known once the acts are done.
    pub deadline: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub verdict: Option<Verdict>,
    pub findings: Vec<Finding>,
    pub timeline: Vec<Entry>,
    /// For a picture; filled in at the end.
    pub tracks: Vec<Track>,
    /// Whether everything was put back; `None` until it was tried.
    pub restored: Option<bool>,
    /// What restoring left as it is, and why.
    pub notes: Vec<String>,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub tasks: usize,
    /// True now.
    pub passing: usize,
    /// Achieved at some time.
    pub achieved: usize,
    pub points: u32,
    /// Points of what was achieved.
    pub earned: u32,
}

/// An archive of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportView {
    /// Names it in addresses; letters, digits, hyphens and dots.
    pub name: String,
    pub session: SessionId,
    pub lab: LabId,
    pub made: Timestamp,
    /// Bytes.
    pub size: u64,
    /// Why it was made: `asked`, `reset`, `time`, `end`.
    pub why: String,
    /// It does not hold everything, and says in it what it leaves out.
    pub partial: bool,
}

/// An export's file, to be sent.
#[derive(Clone, Debug)]
pub struct ExportFile {
    pub view: ExportView,
    /// On this machine; never shown.
    pub path: PathBuf,
}

/// A line of the history, and of the home page where it is live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub session: SessionId,
    pub lab: LabId,
    pub title: String,
    pub state: SessionState,
    pub reason: Option<String>,
    pub created: Timestamp,
    pub ended: Option<Timestamp>,
    pub left: Option<Duration>,
    /// How long its time ran; `None` where it never began, or the lab is gone.
    pub used: Option<Duration>,
    pub score: Score,
    pub awards: Vec<Award>,
    pub exports: Vec<ExportView>,
}

/// A file of the workspace beside how the lab gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReset {
    pub path: String,
    /// What is there now; `None` where nothing is, or it cannot be shown as text.
    pub old: Option<String>,
    /// What the lab gave.
    pub new: String,
}

/// Whether a lab can be started on this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// Empty: it can.
    pub missing: Vec<Missing>,
    /// Promises that are weaker here than they could be; the lab starts nevertheless.
    pub weaker: Vec<Missing>,
}

/// Something that this server does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub what: String,
    pub why: String,
    /// The command that would bring it.
    pub fix: Option<String>,
}
