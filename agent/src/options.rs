//! The agent's command line, as a driver writes it. Never reads anything but arguments, the token's
//! variable and the token's file.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use halfway_agent::protocol::{DEFAULT_SCROLLBACK, TOKEN_VARIABLE};

/// Shown for `--help` and beside every mistake in the arguments.
pub const USAGE: &str = "\
halfway-agent: the HTTP server that Halfway starts inside every sandbox.
The listening unix socket is standard input, unless --socket is given.

  --session ID --install ID       required
  --workspace DIR --home DIR      required
  --socket PATH                   bind and listen here
  --token-file PATH               bearer token of every request (or HALFWAY_AGENT_TOKEN)
  --shell PATH                    default /bin/bash
  --path LIST                     PATH of what it starts
  --env NAME=VALUE                environment of what it starts; repeatable
  --scrollback BYTES              kept of each terminal, default 524288
  --idle-minutes N                ends itself after so long without a client, default 10; 0: never
  --tick-ms N                     length of its own tick, default 1000 (60 ticks are a minute)
  --stall-ms N                    how long a program waits for a client that reads nothing, default 10000
  --proxy-socket PATH --proxy-port N   egress: 127.0.0.1:N inside is copied to the socket
  --limit-processes N --limit-memory-bytes N --limit-file-bytes N --limit-open-files N
  --landlock-rw DIR --landlock-ro PATH   wall off all other files; repeatable
  --ports FROM-TO|none            with Landlock: the only TCP ports to bind and connect to

halfway-agent run [the same] -- PROGRAM [ARGUMENT]...
  runs one program in --workspace under the same walls and serves nothing.
";

/// Everything that a driver decides.
#[derive(Debug, Clone)]
pub struct Options {
    pub session: String,
    pub install: String,
    pub workspace: PathBuf,
    pub home: PathBuf,
    pub socket: Option<PathBuf>,
    pub token: Option<String>,
    pub shell: String,
    pub path: String,
    pub env: Vec<(String, String)>,
    pub scrollback: usize,
    /// Ticks without a client after which the agent ends itself; 0 is never.
    pub idle_ticks: u64,
    pub tick: Duration,
    pub stall: Duration,
    pub proxy: Option<Proxy>,
    pub limits: Limits,
    pub landlock: Option<Landlock>,
}

/// Where egress goes.
#[derive(Debug, Clone)]
pub struct Proxy {
    pub socket: PathBuf,
    pub port: u16,
}

/// Resource limits that everything inherits from the agent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    pub processes: Option<u64>,
    pub memory_bytes: Option<u64>,
    pub file_bytes: Option<u64>,
    pub open_files: Option<u64>,
}

/// The form without namespaces.
#[derive(Debug, Clone, Default)]
pub struct Landlock {
    pub writable: Vec<PathBuf>,
    pub readable: Vec<PathBuf>,
    pub ports: Option<(u16, u16)>,
}

/// What the arguments ask for.
#[derive(Debug)]
pub enum Request {
    Run(Box<Options>),
    /// One program with its arguments.
    Once(Box<Options>, Vec<String>),
    Help,
    Version,
}

/// Reads the arguments (without the program's name).
///
/// # Errors
/// One sentence that names the argument and what it should have been.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Request, String> {
    let mut given = Given::default();
    let mut arguments = arguments.peekable();
    let once = arguments.next_if(|first| first == "run").is_some();
    let mut program = Vec::new();
    while let Some(argument) = arguments.next() {
        let argument = argument
            .into_string()
            .map_err(|raw| format!("argument {} is not UTF-8", raw.display()))?;
        if once && argument == "--" {
            for word in arguments.by_ref() {
                program.push(
                    word.into_string()
                        .map_err(|raw| format!("argument {} is not UTF-8", raw.display()))?,
                );
            }
            break;
        }
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(Request::Help),
            "--version" | "-V" => return Ok(Request::Version),
            _ => {}
        }
        let value = match inline {
            Some(value) => value,
            None => arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?
                .into_string()
                .map_err(|_| format!("the value of {name} is not UTF-8"))?,
        };
        given.set(&name, value)?;
    }
    let options = Box::new(given.finish()?);
    Ok(if once {
        Request::Once(options, program)
    } else {
        Request::Run(options)
    })
}

#[derive(Default)]
struct Given {
    session: Option<String>,
    install: Option<String>,
    workspace: Option<PathBuf>,
    home: Option<PathBuf>,
    socket: Option<PathBuf>,
    token_file: Option<PathBuf>,
    shell: Option<String>,
    path: Option<String>,
    env: Vec<(String, String)>,
    scrollback: Option<usize>,
    idle_minutes: Option<u64>,
    tick_ms: Option<u64>,
    stall_ms: Option<u64>,
    proxy_socket: Option<PathBuf>,
    proxy_port: Option<u16>,
    limits: Limits,
    writable: Vec<PathBuf>,
    readable: Vec<PathBuf>,
    ports: Option<(u16, u16)>,
}

impl Given {
    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "--session" => self.session = Some(value),
            "--install" => self.install = Some(value),
            "--workspace" => self.workspace = Some(value.into()),
            "--home" => self.home = Some(value.into()),
            "--socket" => self.socket = Some(value.into()),
            "--token-file" => self.token_file = Some(value.into()),
            "--shell" => self.shell = Some(value),
            "--path" => self.path = Some(value),
            "--env" => {
                let (key, value) = value
                    .split_once('=')
                    .filter(|(key, _)| !key.is_empty())
                    .ok_or("--env must be NAME=VALUE")?;
                self.env.push((key.to_owned(), value.to_owned()));
            }
            "--scrollback" => self.scrollback = Some(number(name, &value)?),
            "--idle-minutes" => self.idle_minutes = Some(number(name, &value)?),
            "--tick-ms" => self.tick_ms = Some(number(name, &value)?),
            "--stall-ms" => self.stall_ms = Some(number(name, &value)?),
            "--proxy-socket" => self.proxy_socket = Some(value.into()),
            "--proxy-port" => self.proxy_port = Some(number(name, &value)?),
            "--limit-processes" => self.limits.processes = Some(number(name, &value)?),
            "--limit-memory-bytes" => self.limits.memory_bytes = Some(number(name, &value)?),
            "--limit-file-bytes" => self.limits.file_bytes = Some(number(name, &value)?),
            "--limit-open-files" => self.limits.open_files = Some(number(name, &value)?),
            "--landlock-rw" => self.writable.push(value.into()),
            "--landlock-ro" => self.readable.push(value.into()),
            "--ports" => self.ports = Some(range(&value)?),
            _ => return Err(format!("unknown argument {name}")),
        }
        Ok(())
    }

    fn finish(self) -> Result<Options, String> {
        let workspace = directory("--workspace", self.workspace)?;
        let home = directory("--home", self.home)?;
        let token = match self.token_file {
            Some(file) => Some(
                std::fs::read_to_string(&file)
                    .map_err(|error| format!("--token-file {}: {error}", file.display()))?
                    .trim()
                    .to_owned(),
            ),
            None => std::env::var(TOKEN_VARIABLE).ok(),
        };
        if token.as_deref() == Some("") {
            return Err("the bearer token is empty".to_owned());
        }
        let proxy = match (self.proxy_socket, self.proxy_port) {
            (Some(socket), Some(port)) if port > 0 => Some(Proxy { socket, port }),
            (None, None) => None,
            _ => return Err("--proxy-socket and --proxy-port (not 0) belong together".to_owned()),
        };
        let walled = !self.writable.is_empty() || !self.readable.is_empty();
        if self.ports.is_some() && !walled {
            return Err("--ports needs --landlock-rw or --landlock-ro".to_owned());
        }
        let tick_ms = self.tick_ms.unwrap_or(1000);
        if tick_ms == 0 {
            return Err("--tick-ms must not be 0".to_owned());
        }
        Ok(Options {
            session: self.session.ok_or("--session is missing")?,
            install: self.install.ok_or("--install is missing")?,
            workspace,
            home,
            socket: self.socket,
            token,
            shell: self.shell.unwrap_or_else(|| "/bin/bash".to_owned()),
            path: self.path.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned()),
            env: self.env,
            scrollback: self.scrollback.unwrap_or(DEFAULT_SCROLLBACK).max(4096),
            idle_ticks: self.idle_minutes.unwrap_or(10).saturating_mul(60),
            tick: Duration::from_millis(tick_ms),
            stall: Duration::from_millis(self.stall_ms.unwrap_or(10_000)),
            proxy,
            limits: self.limits,
            landlock: walled.then_some(Landlock {
                writable: self.writable,
                readable: self.readable,
                ports: self.ports,
            }),
        })
    }
}

fn directory(name: &str, value: Option<PathBuf>) -> Result<PathBuf, String> {
    let path = value.ok_or_else(|| format!("{name} is missing"))?;
    if !path.is_absolute() {
        return Err(format!("{name} must be an absolute path"));
    }
    Ok(path)
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name} must be a whole number in range, not {value:?}"))
}

/// `none` is the empty range.
fn range(value: &str) -> Result<(u16, u16), String> {
    if value == "none" {
        return Ok((1, 0));
    }
    let wrong = || format!("--ports must be FROM-TO with 1 <= FROM <= TO <= 65535, not {value:?}");
    let (from, to) = value.split_once('-').ok_or_else(wrong)?;
    let from: u16 = from.parse().map_err(|_| wrong())?;
    let to: u16 = to.parse().map_err(|_| wrong())?;
    if from == 0 || from > to {
        return Err(wrong());
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    const LEAST: &str = "--session s --install i --workspace /w --home /h";

    #[test]
    fn reads_both_spellings_of_a_value() {
        let Ok(Request::Run(options)) = run(&format!(
            "{LEAST} --env=A=b=c --env D=e --landlock-ro /usr --ports=10-20"
        )) else {
            panic!("must parse");
        };
        assert_eq!(options.env, [("A".into(), "b=c".into()), ("D".into(), "e".into())]);
        assert_eq!(options.landlock.and_then(|form| form.ports), Some((10, 20)));
        assert_eq!(options.idle_ticks, 600);
    }

    #[test]
    fn names_the_argument_that_is_wrong() {
        for (line, part) in [
            ("--session s", "--workspace"),
            (&format!("{LEAST} --port 1") as &str, "--port"),
            (&format!("{LEAST} --ports 20-10 --landlock-ro /"), "--ports"),
            (&format!("{LEAST} --ports 1-2"), "--landlock"),
            (&format!("{LEAST} --proxy-port 99"), "--proxy-socket"),
            (&format!("{LEAST} --limit-processes many"), "--limit-processes"),
            (&format!("{LEAST} --env =x"), "--env"),
            (&format!("{LEAST} --shell"), "--shell"),
        ] {
            let error = run(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
