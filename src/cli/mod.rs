//! The command line: one file a subcommand. Parses, loads the configuration, sets up the log, and calls `app`.

mod config;
mod doctor;
mod lab;
mod lesson;
mod lint;
mod portable;
mod schema;
mod serve;
mod sweep;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::app::config::{Config, LogForm};

const EXAMPLES: &str = "\
Examples:
  halfway serve                                  serve on 127.0.0.1:8420, state in .halfway
  halfway serve --listen 127.0.0.1:0             take a free port; the first line printed is the address
  halfway --state /srv/halfway doctor            say what works on this machine, what does not, and the fix
  halfway lab lint labs/inherited-notebook       check a lab's files
  halfway lab test inherited-notebook            prove a lab: untouched, solution, undo, wrong solutions
  halfway lint curriculum/w01-ml-lifecycle       check lessons, their questions and pictures against every rule
  halfway lesson test 1/metrics-and-thresholds   run a lesson's blocks of code, and compare what they print
  halfway export my-course.tar                   everything that is yours, for `halfway import` on another machine
  halfway sweep                                  remove what sessions left behind that no longer exist";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "halfway", version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Configuration file [default: halfway.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE", env = "HALFWAY_CONFIG")]
    config: Option<PathBuf>,
    /// State directory [default: .halfway]
    #[arg(long, global = true, value_name = "DIR", env = "HALFWAY_STATE")]
    state: Option<PathBuf>,
    /// Database: sqlite:FILE or postgres://… [default: halfway.db in the state directory]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "HALFWAY_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
    /// Folder of the labs [default: labs]
    #[arg(long, global = true, value_name = "DIR", env = "HALFWAY_LABS")]
    labs: Option<PathBuf>,
    /// Folder of the curriculum [default: curriculum]
    #[arg(long, global = true, value_name = "DIR", env = "HALFWAY_CURRICULUM")]
    curriculum: Option<PathBuf>,
    /// Form of the log, which goes to standard error [default: text]
    #[arg(long, global = true, value_name = "FORM", env = "HALFWAY_LOG_FORM")]
    log: Option<LogForm>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the course
    Serve(serve::Serve),
    /// Say what works on this machine, what does not, why, and the fix
    Doctor(doctor::Doctor),
    /// Remove what bears this installation's id and no session owns
    Sweep(sweep::Sweep),
    /// Write everything that is yours into one archive, for another machine
    Export(portable::Export),
    /// Take in an archive that `halfway export` wrote
    Import(portable::Import),
    /// For authors of labs
    #[command(subcommand)]
    Lab(lab::Lab),
    /// Print the JSON Schema of a kind of file
    Schema(schema::Schema),
    /// For authors of lessons
    #[command(subcommand)]
    Lesson(lesson::Lesson),
    /// Check all content: labs, weeks, lessons with their questions and pictures, the glossary
    Lint(lint::Lint),
    /// Print the reference of the configuration
    Config,
    /// Print the version
    Version,
}

impl Common {
    /// The configuration with what the command line and the environment say on top.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(state) = &self.state {
            config.state.clone_from(state);
        }
        if let Some(database) = &self.database {
            config.database = Some(database.clone());
        }
        if let Some(labs) = &self.labs {
            config.labs.clone_from(labs);
        }
        if let Some(curriculum) = &self.curriculum {
            config.curriculum.clone_from(curriculum);
        }
        if let Some(log) = self.log {
            config.log = log;
        }
        Ok(config)
    }
}

/// Runs the program; errors go to standard error, one a line, with exit code 1.
#[must_use]
pub fn main() -> ExitCode {
    // Whatever speaks TLS panics without a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("halfway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Version => return version::run(),
        Command::Config => return Ok(config::run()),
        _ => {}
    }
    if let Command::Schema(command) = &cli.command {
        return command.run();
    }
    let config = cli.common.config()?;
    start_log(config.log, cli.command.usual_log());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let code = runtime.block_on(async {
        match cli.command {
            Command::Serve(command) => command.run(config).await,
            Command::Doctor(command) => command.run(config).await,
            Command::Sweep(command) => command.run(config).await,
            Command::Export(command) => command.run(config).await,
            Command::Import(command) => command.run(config).await,
            Command::Lab(command) => command.run(config).await,
            Command::Schema(command) => command.run(),
            Command::Lesson(command) => command.run(config).await,
            Command::Lint(command) => command.run(&config),
            Command::Config | Command::Version => unreachable!("they are done before anything is opened"),
        }
    });
    // Blocking work that nobody waits for any more must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    code
}

impl Command {
    /// What is logged where nobody says otherwise. A command that tells by itself how far it is needs no log beside
    /// that, but for what goes wrong.
    fn usual_log(&self) -> &'static str {
        match self {
            Self::Lab(lab) if lab.tells() => "warn",
            _ => "info,sqlx=warn",
        }
    }
}

/// `HALFWAY_LOG`, or else `RUST_LOG`, is a filter of tracing's kind: `debug`, `halfway::web=trace,info`.
fn start_log(form: LogForm, usual: &str) {
    let filter = EnvFilter::try_from_env("HALFWAY_LOG")
        .or_else(|_| EnvFilter::try_from_default_env())
        .unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start within one process, as in tests, keeps the first log.
    let _ = match form {
        LogForm::Text => log.compact().try_init(),
        LogForm::Json => log.json().try_init(),
    };
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_has_examples() {
        let help = Cli::command().render_help().to_string();
        assert!(help.contains("halfway serve --listen 127.0.0.1:0"), "{help}");
    }

    #[test]
    fn options_may_stand_on_either_side() {
        let cli = Cli::try_parse_from(["halfway", "--state", "a", "serve", "--listen", "127.0.0.1:0"]).unwrap();
        assert_eq!(cli.common.config().unwrap().state, PathBuf::from("a"));
        for command in ["lint", "prepare", "test"] {
            // Names of labs stand beside the folder of labs.
            let cli = Cli::try_parse_from(["halfway", "lab", command, "one", "--labs", "b"]).unwrap();
            assert_eq!(cli.common.config().unwrap().labs, PathBuf::from("b"));
        }
    }
}
