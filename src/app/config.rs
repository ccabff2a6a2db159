//! The configuration: one TOML file, then the environment, then the command line. Unknown keys are refused.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sandbox::{EgressConfig, ProcessConfig};

/// Where the server listens when nothing is said.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8420);

/// Name of the file that is read from the working directory when none is given.
pub const DEFAULT_FILE: &str = "halfway.toml";

/// All that can be configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The state directory.
    pub state: PathBuf,
    /// `sqlite:FILE` or `postgres://…`; unset: `halfway.db` in the state directory.
    pub database: Option<String>,
    /// The folder that holds the labs.
    pub labs: PathBuf,
    /// The folder that holds the curriculum.
    pub curriculum: PathBuf,
    /// Names by which the server may be reached, besides those of loopback.
    pub allowed_hosts: Vec<String>,
    /// How the log, which goes to standard error, looks.
    pub log: LogForm,
    pub session: SessionConfig,
    pub sandbox: SandboxConfig,
    pub metrics: MetricsConfig,
}

/// How the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogForm {
    #[default]
    Text,
    Json,
}

/// Table `[session]`: the time of lab sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SessionConfig {
    /// What one press on "extend" adds.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub extension: Duration,
    /// How often it may be pressed.
    pub extensions: u32,
    /// A session that nobody uses for so long pauses; unset: never.
    #[serde(with = "optional_span")]
    #[schemars(with = "Option<String>")]
    pub idle: Option<Duration>,
    /// How long a lab's Python environment may take to build.
    #[serde(with = "span")]
    #[schemars(with = "String")]
    pub environment_timeout: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            extension: Duration::from_mins(30),
            extensions: 10,
            idle: None,
            environment_timeout: Duration::from_mins(20),
        }
    }
}

/// Table `[sandbox]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SandboxConfig {
    pub process: ProcessConfig,
    pub egress: EgressConfig,
}

/// Table `[metrics]`: figures in Prometheus' text format. Without either key there is no `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MetricsConfig {
    /// A listener of its own that serves nothing but `/metrics`, to whoever reaches it: loopback only, without a token.
    pub listen: Option<SocketAddr>,
    /// A file with a token: `/metrics` is served to who sends it as `Authorization: Bearer …`.
    pub token_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            state: ".halfway".into(),
            database: None,
            labs: "labs".into(),
            curriculum: "curriculum".into(),
            allowed_hosts: Vec::new(),
            log: LogForm::Text,
            session: SessionConfig::default(),
            sandbox: SandboxConfig::default(),
            metrics: MetricsConfig::default(),
        }
    }
}

/// Why the configuration cannot be used, with file and line and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the file that was named; or `halfway.toml` of the working directory if there is one; or takes the
    /// defaults. Relative paths of a file start at its folder.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, or says something that is not known.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(ConfigError(format!(
                    "{}: cannot be read: {error}. Name another file with --config.",
                    path.display()
                )));
            }
        };
        let mut config = Self::parse(&text, path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let token = config.metrics.token_file.as_mut();
        for path in [&mut config.state, &mut config.labs, &mut config.curriculum]
            .into_iter()
            .chain(token)
        {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            ConfigError(format!(
                "{}:{line}: {}\n{error}\nCorrect the line, or take it out to have the default.",
                path.display(),
                error.message(),
            ))
        })?;
        if let Some(host) = config.allowed_hosts.iter().find(|host| !is_host(host)) {
            let line = text
                .lines()
                .position(|line| line.contains(host.as_str()))
                .map_or(1, |at| at + 1);
            return Err(ConfigError(format!(
                "{}:{line}: {host:?} in allowed-hosts is not the name of a host. Write names or addresses without \
                 scheme, port or path: [\"lab.example.org\"].",
                path.display()
            )));
        }
        Ok(config)
    }
}

/// Letters, digits, hyphens, dots and colons: a name or an address, with no port and no path.
fn is_host(text: &str) -> bool {
    let name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.')
    };
    name(text) || text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// A length of time as a number with its unit.
mod span {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = span.as_secs();
        let text = match seconds {
            _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
            _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
            _ => format!("{seconds}s"),
        };
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::duration(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is no length of time; write a number with its unit, as in \"30s\", \"20m\" or \"2h\""
            ))
        })
    }
}

/// The same where it may be left out.
mod optional_span {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::span::serialize(span, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        super::span::deserialize(deserializer).map(Some)
    }
}

/// `30s`, `20m`, `2h`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number
        .checked_mul(seconds)
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("halfway.toml"))
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn everything_can_be_said() {
        let config = parse(
            "listen = '127.0.0.1:0'\nstate = '/var/lib/halfway'\ndatabase = 'postgres://localhost/halfway'\n\
             labs = 'a'\ncurriculum = 'b'\nallowed-hosts = ['lab.example.org', '::1']\nlog = 'json'\n\
             [session]\nextension = '15m'\nextensions = 3\nidle = '1h'\nenvironment-timeout = '90s'\n\
             [sandbox.process]\nform = 'landlock'\nports = [30000, 30999]\n\
             [sandbox.egress]\nregistries = ['packages.example.org']\n\
             [metrics]\nlisten = '127.0.0.1:9420'\ntoken-file = 'token'\n",
        )
        .unwrap();
        assert_eq!(config.session.extension, Duration::from_mins(15));
        assert_eq!(config.session.idle, Some(Duration::from_hours(1)));
        assert_eq!(config.log, LogForm::Json);
        assert_eq!(config.sandbox.process.ports, (30000, 30999));
    }

    #[test]
    fn an_error_names_file_line_and_way_out() {
        for (text, line, word) in [
            ("\n\nlisten = 'everywhere'\n", 3, "listen"),
            ("lsten = '127.0.0.1:1'\n", 1, "unknown field"),
            ("[session]\nextension = '30'\n", 2, "unit"),
            ("allowed-hosts = ['http://lab']\n", 1, "allowed-hosts"),
            ("state = \n", 1, ""),
            ("[sandbox.process]\nform = 'chroot'\n", 2, "unknown variant"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("halfway.toml:{line}: ")), "{text}: {error}");
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let error = Config::load(Some(Path::new("/nonexistent/halfway.toml"))).unwrap_err();
        assert!(error.to_string().contains("--config"), "{error}");
    }

    #[test]
    fn relative_paths_start_at_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("halfway.toml");
        std::fs::write(&path, "labs = 'mine'\n").unwrap();
        assert_eq!(Config::load(Some(&path)).unwrap().labs, folder.path().join("mine"));
    }
}
