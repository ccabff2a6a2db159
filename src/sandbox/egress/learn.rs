//! Which registries this machine's own tools are set to.
//!
//! No host stands in the code: configuration names them, or pip, uv, npm, go and cargo are asked. Asking takes a moment,
//! so it happens once, in the background, when the first lab needs it. Credentials in addresses are never passed on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

/// How long one tool may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Variables in which addresses of registries stand, and by which tools inside find them.
const VARIABLES: [&str; 9] = [
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
    "GOPROXY",
];

/// Asks pip itself, whose default stands in no configuration.
const PIP: &str =
    "from pip._internal.models.index import PyPI as i\nprint(i.simple_url)\nprint('https://' + i.file_storage_domain)";

/// The hosts of the policy `registries`.
#[derive(Clone)]
pub(super) struct Registries {
    configured: Option<Arc<Vec<String>>>,
    learned: Arc<OnceCell<Vec<String>>>,
}

impl Registries {
    pub(super) fn new(configured: Option<Vec<String>>) -> Self {
        Self {
            configured: configured.map(Arc::new),
            learned: Arc::default(),
        }
    }

    /// Starts to ask, so that the first program does not wait for it.
    pub(super) fn look(&self) {
        if self.configured.is_none() && !self.learned.initialized() {
            let own = self.clone();
            tokio::spawn(async move {
                own.hosts().await;
            });
        }
    }

    pub(super) async fn hosts(&self) -> Vec<String> {
        match &self.configured {
            Some(configured) => configured.to_vec(),
            None => self.learned.get_or_init(learn).await.clone(),
        }
    }
}

/// The server's own variables that name registries, without those that hold credentials.
pub(crate) fn variables() -> Vec<(String, String)> {
    VARIABLES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
        .filter(|(_, value)| !value.contains('@'))
        .collect()
}

async fn learn() -> Vec<String> {
    let (pip, pip_config, npm, go) = tokio::join!(
        ask("python3", &["-c", PIP]),
        ask("python3", &["-m", "pip", "config", "list"]),
        ask("npm", &["config", "get", "registry"]),
        ask("go", &["env", "GOPROXY", "GOSUMDB"]),
    );
    let mut hosts = BTreeSet::new();
    for text in variables()
        .into_iter()
        .map(|(_, value)| value)
        .chain([pip, pip_config, npm])
    {
        hosts.extend(hosts_in(&text));
    }
    hosts.extend(go_hosts(&go));
    hosts.extend(files().iter().flat_map(|text| hosts_in(text)));
    hosts.extend(cargo_hosts());
    hosts.into_iter().collect()
}

/// What a tool prints; nothing if it is missing, fails or takes too long.
async fn ask(program: &str, arguments: &[&str]) -> String {
    let asked = tokio::process::Command::new(program)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(output)) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        _ => String::new(),
    }
}

/// Hosts of all `http://` and `https://` addresses in a text.
fn hosts_in(text: &str) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for (at, _) in text.match_indices("://") {
        if !(text[..at].ends_with("http") || text[..at].ends_with("https")) {
            continue;
        }
        let rest = &text[at + 3..];
        let end = rest
            .find(|letter: char| letter.is_whitespace() || "/'\",|;)".contains(letter))
            .unwrap_or(rest.len());
        let authority = rest[..end].rsplit('@').next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
        if !host.is_empty() && host.bytes().all(plain) {
            hosts.insert(host);
        }
    }
    hosts
}

/// `go env GOPROXY GOSUMDB`: addresses, and the bare name of the checksum database.
fn go_hosts(text: &str) -> BTreeSet<String> {
    let mut hosts = hosts_in(text);
    if let Some(database) = text.lines().nth(1) {
        let name = database.split(['+', ' ']).next().unwrap_or_default();
        if name.contains('.') {
            hosts.insert(name.to_ascii_lowercase());
        }
    }
    hosts
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

fn cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| home().map(|home| home.join(".cargo")))
}

/// Configuration files that have no command to print them.
fn files() -> Vec<String> {
    let uv = [
        home().map(|home| home.join(".config/uv/uv.toml")),
        Some(PathBuf::from("/etc/uv/uv.toml")),
    ];
    let cargo = cargo_home();
    let cargo = ["config.toml", "config"].map(|name| cargo.as_ref().map(|home| home.join(name)));
    uv.into_iter()
        .chain(cargo)
        .flatten()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect()
}

/// The registries that cargo has used: their index directories are named by host, and tell where the packages are.
fn cargo_hosts() -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    let Some(index) = cargo_home().map(|home| home.join("registry/index")) else {
        return hosts;
    };
    for entry in std::fs::read_dir(index).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some((host, _)) = name.to_string_lossy().rsplit_once('-')
            && host.contains('.')
        {
            hosts.insert(host.to_ascii_lowercase());
        }
        let config = entry.path().join("config.json");
        hosts.extend(
            std::fs::read_to_string(config)
                .map(|text| hosts_in(&text))
                .unwrap_or_default(),
        );
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_out_of_any_text() {
        let found = hosts_in("global.index-url='https://me:secret@Index.Test:8443/simple'\nhttp://b.test|git://c.test");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["b.test", "index.test"]);
        let go = go_hosts("https://proxy.test,direct\nsum.test+abc\n");
        assert_eq!(go.into_iter().collect::<Vec<_>>(), ["proxy.test", "sum.test"]);
        assert_eq!(go_hosts("off\noff\n").len(), 0);
    }
}
