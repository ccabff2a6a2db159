//! A lesson that is written: what its front matter promises, its text, and its blocks of code.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::lab::{LabId, TaskId};

/// A lesson that is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonBody {
    pub minutes: u32,
    pub objectives: Vec<Objective>,
    /// Slugs of this week's lessons, or `w01/slug`.
    pub prerequisites: Vec<String>,
    /// The lab whose Python environment the lesson's blocks run in; without one they have the machine's plain tools.
    pub environment: Option<LabId>,
    pub versions: Vec<CheckedVersion>,
    /// Where facts that hang on a version were looked up.
    pub sources: Vec<SourceLink>,
    /// Markdown without the front matter.
    pub markdown: String,
    /// Fences of code, in order.
    pub blocks: Vec<Block>,
    /// Relative path of the file, for messages to authors.
    pub source: String,
}

/// What a reader can do afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// A sentence that begins with a verb whose doing can be seen.
    pub does: String,
    /// The question of the lesson's quiz that asks for it.
    pub asked: Option<String>,
    pub practised: Option<Practice>,
}

/// Where an objective is practised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Practice {
    /// In the lesson's own runnable exercise.
    Example,
    Task {
        lab: LabId,
        task: TaskId,
    },
}

/// A tool whose facts were checked, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedVersion {
    pub tool: String,
    pub version: String,
    /// ISO date.
    pub checked: String,
}

/// A page that a lesson rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLink {
    pub title: String,
    /// `https://…`
    pub url: String,
}

/// A fence of code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The first word after the fence, in lower case; may be empty.
    pub language: String,
    pub use_of: BlockUse,
    /// Its text, each line with its end.
    pub text: String,
    /// The line of the lesson's file on which the text begins, from 1.
    pub line: usize,
}

/// What becomes of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockUse {
    /// Written to this file of the workspace.
    File(String),
    /// Not run, for this reason.
    Shown(String),
    /// Commands in turn, each with what it prints.
    Console(Vec<Exchange>),
    /// Run alone; the output is compared where it is shown.
    Script {
        interpreter: Interpreter,
        output: Option<Printed>,
    },
    /// Neither run nor written, and it does not say why: an error of lint.
    Unsaid,
}

/// What runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interpreter {
    Python,
    Bash,
}

/// A command and what it prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// As bash reads it: without prompts, lines joined by line breaks.
    pub command: String,
    /// The line of the lesson's file on which it begins, from 1.
    pub line: usize,
    pub output: Printed,
}

/// Output as a lesson shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// Without the line that tells the exit code; a line `...` stands for any lines.
    pub lines: Vec<String>,
    /// From a last line `(exit N)`.
    pub exit: i32,
    /// Bytes of the file that these lines are, line breaks included; empty where a first line would be put.
    pub place: Range<usize>,
    /// What stands before each line in the file: `> ` in a quote, spaces in a list.
    pub prefix: String,
    /// The line of the file on which the first is, or would be, from 1.
    pub line: usize,
}
