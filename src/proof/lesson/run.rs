//! Runs the blocks. Each is a one-shot of its own on the one workspace of the lesson; what a program of a block left
//! running is gone with it.

use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::compare::{difference, lines, matches};
use super::update::Edit;
use super::{BlockReport, Complaint, LessonReport, Outcome};
use crate::base::{Clock, Random, SessionId};
use crate::model::lesson::{Block, BlockUse, Exchange, Interpreter, LessonBody, Printed};
use crate::proof::ProofError;
use crate::sandbox::{
    Bind, Driver, Expect, Place, PythonEnvironment, RunLimits, RunOutput, RunSpec, SessionFolder, Workspace,
};

/// Bytes of output that are held against what a lesson shows.
const LARGEST_OUTPUT: usize = 64 << 10;
/// Last lines of output that are told where a block fails.
const TAIL: usize = 20;

/// What a lesson's blocks may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a block may take.
    pub time: Duration,
    pub run: RunLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_mins(1),
            run: RunLimits {
                file: 256 << 20,
                ..RunLimits::default()
            },
        }
    }
}

/// Proves lessons on a state directory of its own.
pub struct LessonProver {
    pub driver: Arc<dyn Driver>,
    pub clock: Clock,
    pub random: Random,
    pub limits: Limits,
}

impl LessonProver {
    /// Runs all blocks of a lesson in order, in a fresh workspace that is removed afterwards.
    ///
    /// # Errors
    /// Where the sandbox cannot be had; blocks that fail are told by the report.
    pub async fn prove(
        &self,
        body: &LessonBody,
        environment: Option<&PythonEnvironment>,
    ) -> Result<LessonReport, ProofError> {
        let session = SessionId::fresh(&self.clock, &self.random);
        let folder = self
            .driver
            .prepare(session)
            .await
            .map_err(|error| ProofError::new(format!("a workspace cannot be made: {error}")))?;
        let outcome = self.blocks(body, session, &folder, environment).await;
        let removed = self.driver.destroy(session).await;
        let blocks = outcome?;
        removed.map_err(|error| ProofError::new(format!("the workspace cannot be removed: {error}")))?;
        Ok(LessonReport {
            file: body.source.clone(),
            blocks,
        })
    }

    async fn blocks(
        &self,
        body: &LessonBody,
        session: SessionId,
        folder: &SessionFolder,
        environment: Option<&PythonEnvironment>,
    ) -> Result<Vec<BlockReport>, ProofError> {
        let workspace = self
            .driver
            .workspace(session)
            .await
            .map_err(|error| ProofError::new(format!("the workspace cannot be opened: {error}")))?;
        let mut reports = Vec::new();
        for (number, block) in body.blocks.iter().enumerate() {
            let stage = Stage {
                prover: self,
                session,
                workspace: &workspace,
                environment,
                input: folder.scratch().join(format!("in-{number}")),
                out: folder.scratch().join(format!("out-{number}")),
                number,
            };
            reports.push(stage.block(block).await?);
        }
        Ok(reports)
    }
}

/// What one block runs with.
struct Stage<'p> {
    prover: &'p LessonProver,
    session: SessionId,
    workspace: &'p Workspace,
    environment: Option<&'p PythonEnvironment>,
    input: PathBuf,
    out: PathBuf,
    number: usize,
}

impl Stage<'_> {
    async fn block(&self, block: &Block) -> Result<BlockReport, ProofError> {
        let mut report = BlockReport {
            language: block.language.clone(),
            line: block.line,
            took: Duration::ZERO,
            outcome: Outcome::Same,
            edits: Vec::new(),
        };
        match &block.use_of {
            BlockUse::Shown(_) => report.outcome = Outcome::NotRun,
            BlockUse::Unsaid => {
                let message = format!(
                    "a block of {} neither has `file=` nor says by `norun=` why it does not run",
                    if block.language.is_empty() {
                        "no language"
                    } else {
                        &block.language
                    }
                );
                report.wrong(block.line, message, Vec::new());
            }
            BlockUse::File(name) => {
                report.outcome = Outcome::Written;
                if let Err(why) = self.write(name, &block.text).await {
                    report.wrong(block.line, format!("`{name}` cannot be written: {why}"), Vec::new());
                }
            }
            BlockUse::Script { interpreter, output } => {
                self.script(block, *interpreter, output.as_ref(), &mut report).await?;
            }
            BlockUse::Console(exchanges) => self.console(exchanges, &mut report).await?,
        }
        Ok(report)
    }

    async fn write(&self, name: &str, text: &str) -> Result<(), String> {
        if let Some((above, _)) = name.rsplit_once('/') {
            self.workspace
                .create_dir(above, true)
                .await
                .map_err(|error| error.to_string())?;
        }
        self.workspace
            .write(name, text.as_bytes().to_vec(), Expect::Anything)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }

    async fn script(
        &self,
        block: &Block,
        interpreter: Interpreter,
        shown: Option<&Printed>,
        report: &mut BlockReport,
    ) -> Result<(), ProofError> {
        let (ending, program) = match (interpreter, self.environment) {
            (Interpreter::Bash, _) => ("sh", "bash -e"),
            (Interpreter::Python, Some(_)) => ("py", "python"),
            // The machine's own is called so everywhere.
            (Interpreter::Python, None) => ("py", "python3"),
        };
        let name = format!("block-{}.{ending}", self.number + 1);
        if let Err(why) = self.write(&name, &block.text).await {
            report.wrong(block.line, format!("`{name}` cannot be written: {why}"), Vec::new());
            return Ok(());
        }
        let output = self
            .run(vec![
                "bash".into(),
                "-c".into(),
                format!("exec {program} \"$1\" 2>&1"),
                "bash".into(),
                name.clone(),
            ])
            .await?;
        // It may have removed itself.
        let _ = self.workspace.remove(&name).await;
        report.took = output.duration;
        if self.failed(block.line, &output, &output.stdout.text(), report) {
            return Ok(());
        }
        if output.exit_code != Some(0) {
            report.wrong(block.line, ended(&output), tail(&output.stdout.text()));
            return Ok(());
        }
        if let Some(shown) = shown {
            compare(shown, &output.stdout.bytes, output.stdout.truncated, false, report);
        }
        Ok(())
    }

    async fn console(&self, exchanges: &[Exchange], report: &mut BlockReport) -> Result<(), ProofError> {
        let mut script = String::new();
        for (number, exchange) in exchanges.iter().enumerate() {
            file(&self.input, &number.to_string(), &exchange.command)
                .await
                .map_err(|error| ProofError::new(format!("commands cannot be handed over: {error}")))?;
            // Writing to a text cannot fail. Each command's output goes to a file of its own, so that none can speak
            // for another; all run in one shell.
            let _ = write!(
                script,
                "exec >\"$HALFWAY_OUT/{number}\" 2>&1\neval \"$(<\"$HALFWAY_IN/{number}\")\"\necho $? >\"$HALFWAY_OUT/{number}.code\"\n"
            );
        }
        let output = self
            .run(vec!["bash".into(), "-c".into(), script, "bash".into()])
            .await?;
        report.took = output.duration;
        let out = Workspace::open(&self.out, None)
            .map_err(|error| ProofError::new(format!("what was printed cannot be read: {error}")))?;
        for (number, exchange) in exchanges.iter().enumerate() {
            let printed = match out.read(&number.to_string(), LARGEST_OUTPUT as u64).await {
                Ok(content) => content.bytes,
                Err(crate::sandbox::WorkspaceError::TooLarge { .. }) => {
                    report.wrong(exchange.line, too_much(), Vec::new());
                    continue;
                }
                // The shell ended before it came to this.
                Err(_) if number > 0 => {
                    report.wrong(
                        exchange.line,
                        "it was not run, since what stands above it ended the shell".into(),
                        Vec::new(),
                    );
                    break;
                }
                Err(_) => Vec::new(),
            };
            let text = String::from_utf8_lossy(&printed).into_owned();
            let code = match out.read(&format!("{number}.code"), 16).await {
                Ok(content) => String::from_utf8_lossy(&content.bytes).trim().parse().ok(),
                Err(_) if self.failed(exchange.line, &output, &text, report) => break,
                Err(_) => output.exit_code,
            };
            if code != Some(exchange.output.exit) {
                let message = match code {
                    Some(code) => format!(
                        "it ends with {code}, and with {} as the lesson shows it{}",
                        exchange.output.exit,
                        if exchange.output.exit == 0 {
                            format!(" (a last line `(exit {code})` would say so)")
                        } else {
                            String::new()
                        }
                    ),
                    None => "how it ended cannot be told".into(),
                };
                report.wrong(exchange.line, message, tail(&text));
                continue;
            }
            compare(&exchange.output, &printed, false, true, report);
        }
        Ok(())
    }

    /// Says that it ran out of time or was killed.
    fn failed(&self, line: usize, output: &RunOutput, text: &str, report: &mut BlockReport) -> bool {
        let message = if output.timed_out {
            let seconds = self.prover.limits.time.as_secs();
            format!("it did not end within {seconds} s and was stopped")
        } else if let Some(signal) = output.signal {
            format!("it was ended by signal {signal}")
        } else {
            return false;
        };
        report.wrong(line, message, tail(text));
        true
    }

    async fn run(&self, argv: Vec<String>) -> Result<RunOutput, ProofError> {
        let broken = |error: &dyn std::fmt::Display| ProofError::new(format!("a block cannot be run: {error}"));
        for path in [&self.input, &self.out] {
            directory(path).await.map_err(|error| broken(&error))?;
        }
        let bind = |place, host: &Path, writable| Bind {
            place,
            host: host.to_owned(),
            writable,
        };
        let spec = RunSpec {
            session: self.session,
            binds: vec![
                bind(Place::Workspace, self.workspace.root(), true),
                bind(Place::In, &self.input, false),
                bind(Place::Out, &self.out, true),
            ],
            argv,
            directory: Place::Workspace,
            environment: self.environment.cloned(),
            variables: [
                // What is printed comes in the order in which it is printed, errors among it, as in a terminal.
                ("PYTHONUNBUFFERED", "1"),
                ("COLUMNS", "80"),
                ("TERM", "dumb"),
            ]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
            timeout: self.prover.limits.time,
            limits: self.prover.limits.run,
            output_cap: LARGEST_OUTPUT,
        };
        self.prover
            .driver
            .runner()
            .run(spec, None)
            .await
            .map_err(|error| broken(&error))
    }
}

impl BlockReport {
    fn wrong(&mut self, line: usize, message: String, detail: Vec<String>) {
        let complaint = Complaint { line, message, detail };
        match &mut self.outcome {
            Outcome::Wrong(complaints) => complaints.push(complaint),
            other => *other = Outcome::Wrong(vec![complaint]),
        }
    }
}

fn compare(shown: &Printed, bytes: &[u8], truncated: bool, in_console: bool, report: &mut BlockReport) {
    if truncated {
        report.wrong(shown.line, too_much(), Vec::new());
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        report.wrong(
            shown.line,
            "it prints bytes that are not UTF-8, which a lesson cannot show".into(),
            tail(&String::from_utf8_lossy(bytes)),
        );
        return;
    };
    let printed: Vec<String> = lines(text).into_iter().map(without_line_number).collect();
    if matches(&shown.lines, &printed) {
        return;
    }
    let mut message = "it prints something else than the lesson shows".to_owned();
    match Edit::of(shown, &printed, in_console) {
        Ok(edit) => report.edits.push(edit),
        Err(why) => {
            let _ = write!(message, "; {why}");
        }
    }
    report.wrong(shown.line, message, difference(&shown.lines, &printed));
}

/// Bash names a line of its script where a terminal does not.
fn without_line_number(line: String) -> String {
    let rest = line
        .strip_prefix("bash: line ")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        .and_then(|rest| rest.strip_prefix(": "));
    match rest {
        Some(rest) => format!("bash: {rest}"),
        None => line,
    }
}

fn ended(output: &RunOutput) -> String {
    match output.exit_code {
        Some(code) => format!("it ends with {code}, and must end with 0"),
        None => "how it ended cannot be told".into(),
    }
}

fn too_much() -> String {
    format!("it prints more than {} KiB", LARGEST_OUTPUT >> 10)
}

fn tail(text: &str) -> Vec<String> {
    let lines = lines(text);
    let from = lines.len().saturating_sub(TAIL);
    let safe = |line: &String| line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
    lines[from..].iter().map(safe).collect()
}

async fn directory(path: &Path) -> io::Result<()> {
    tokio::fs::create_dir_all(path).await?;
    tokio::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).await
}

/// Hands a text over to the sandbox's user.
async fn file(directory_of: &Path, name: &str, text: &str) -> io::Result<()> {
    directory(directory_of).await?;
    let path = directory_of.join(name);
    tokio::fs::write(&path, text).await?;
    tokio::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bash_says_reads_as_in_a_terminal() {
        for (line, shown) in [
            ("bash: line 12: foo: command not found", "bash: foo: command not found"),
            ("bash: foo", "bash: foo"),
            ("bash: line x", "bash: line x"),
        ] {
            assert_eq!(without_line_number(line.into()), shown);
        }
    }
}
