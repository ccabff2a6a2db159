//! The two forms of a process sandbox, as command lines: bubblewrap, and the agent under Landlock.
//!
//! Plain text in, plain text out: nothing is started here, so that a test can read what would be.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::host::{self, ETC, PATH, SYSTEM};
use crate::sandbox::python::PythonEnvironment;

/// The user that a learner is inside a user namespace.
const INSIDE: u32 = 1000;
/// Where the agent's executable stands inside.
const AGENT: &str = "/run/halfway/agent";
/// The learner's home inside.
pub(super) const HOME: &str = "/home/learner";

/// How sandboxes are walled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The path of `bwrap`.
    Bubblewrap(PathBuf),
    Landlock {
        /// The server is root, and the state directory lies behind directories that only root may walk through.
        behind_root: bool,
    },
}

impl Form {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Bubblewrap(_) => "bubblewrap",
            Self::Landlock { .. } => "landlock",
        }
    }
}

/// One sandbox to be.
#[derive(Clone, Debug)]
pub(super) struct Walls<'a> {
    pub form: &'a Form,
    /// The agent's executable on this machine.
    pub agent: &'a Path,
    /// The session's user where the server is root.
    pub user: Option<u32>,
    /// Inside, on this machine, writable.
    pub binds: Vec<(String, PathBuf, bool)>,
    pub environment: Option<&'a PythonEnvironment>,
    /// Directory with the driver's own small files for the inside.
    pub etc: PathBuf,
    /// Control groups to join, by their `cgroup.procs`.
    pub joins: Vec<PathBuf>,
    /// Bytes that `/tmp` may hold.
    pub scratch: u64,
    /// The server told of a bundle of certificates that lies elsewhere.
    pub bundle: Option<PathBuf>,
    /// bubblewrap tells the agent's pid on its standard output.
    pub tell_pid: bool,
}

impl Walls<'_> {
    /// Where a bound directory stands inside, or on this machine where there is no inside.
    pub(super) fn inside(&self, inside: &str, host: &Path) -> PathBuf {
        match self.form {
            Form::Bubblewrap(_) => PathBuf::from(inside),
            Form::Landlock { .. } => host.to_owned(),
        }
    }

    /// `PATH` of everything in it.
    pub(super) fn path(&self, home: &Path) -> String {
        let environment = self
            .environment
            .map(|environment| format!("{}/bin:", environment.root.display()));
        format!(
            "{}{}/.local/bin:{PATH}",
            environment.unwrap_or_default(),
            home.display()
        )
    }

    /// The whole command line, the agent with its `arguments` last. Landlock's rules are among them.
    pub(super) fn command(&self, arguments: &[OsString]) -> Vec<OsString> {
        let mut line: Vec<OsString> = Vec::new();
        if !self.joins.is_empty() {
            // A shell joins before it becomes the sandbox, so nothing in it is ever outside the group.
            let joins: Vec<String> = self
                .joins
                .iter()
                .map(|file| format!("echo $$ > {}", quoted(file)))
                .collect();
            line.extend([
                "/bin/sh".into(),
                "-c".into(),
                format!("{}; exec \"$@\"", joins.join("; ")).into(),
                "sh".into(),
            ]);
        }
        match self.form {
            Form::Bubblewrap(program) => {
                line.push(program.into());
                line.extend(self.bubblewrap().into_iter().map(OsString::from));
                line.push("--".into());
                line.extend(self.lower(false));
                line.push(AGENT.into());
                line.extend_from_slice(arguments);
            }
            Form::Landlock { behind_root } => {
                let hidden = self.environment_paths().iter().any(|path| !host::open_to_all(path));
                line.extend(self.lower(*behind_root || hidden));
                line.push(self.agent.into());
                let (first, rest) = match arguments.iter().position(|word| word == "--") {
                    Some(at) => arguments.split_at(at),
                    None => arguments.split_at(arguments.len()),
                };
                line.extend_from_slice(first);
                line.extend(self.landlock());
                line.extend_from_slice(rest);
            }
        }
        line
    }

    /// From root to the session's user; nothing where the server is no root.
    fn lower(&self, behind_root: bool) -> Vec<OsString> {
        let Some(user) = self.user else { return Vec::new() };
        let mut line: Vec<OsString> = vec![
            "/usr/bin/setpriv".into(),
            format!("--reuid={user}").into(),
            format!("--regid={user}").into(),
            "--clear-groups".into(),
        ];
        if behind_root {
            // Walking through root's directories, no more: Landlock decides what can be opened behind them.
            line.extend([
                "--inh-caps=-all,+dac_read_search".into(),
                "--ambient-caps=-all,+dac_read_search".into(),
                "--bounding-set=-all,+dac_read_search".into(),
            ]);
        } else if matches!(self.form, Form::Landlock { .. }) {
            line.extend(["--inh-caps=-all".into(), "--bounding-set=-all".into()]);
        }
        line.push("--".into());
        line
    }

    fn bubblewrap(&self) -> Vec<String> {
        let mut line = Line::default();
        line.add(&[
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-net",
            "--unshare-uts",
            "--unshare-cgroup-try",
        ]);
        line.add(&["--as-pid-1", "--hostname", "lab", "--cap-drop", "ALL"]);
        if self.user.is_some() {
            // For setpriv alone: changing the user ends both.
            line.add(&["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]);
        } else {
            let inside = INSIDE.to_string();
            line.add(&["--unshare-user", "--uid", &inside, "--gid", &inside]);
        }
        if self.tell_pid {
            line.add(&["--info-fd", "1"]);
        }
        for place in SYSTEM {
            match fs::read_link(place) {
                Ok(target) => line.add(&["--symlink", &target.to_string_lossy(), place]),
                Err(_) if Path::new(place).is_dir() => line.bind("--ro-bind", Path::new(place), place),
                Err(_) => {}
            }
        }
        line.add(&["--proc", "/proc", "--dev", "/dev"]);
        let scratch = self.scratch.to_string();
        line.add(&["--perms", "1777", "--size", &scratch, "--tmpfs", "/dev/shm"]);
        line.add(&["--perms", "1777", "--size", &scratch, "--tmpfs", "/tmp"]);
        for place in ETC.iter().filter(|place| Path::new(place).exists()) {
            line.bind("--ro-bind", Path::new(place), place);
        }
        for name in ["passwd", "group", "hosts"] {
            line.bind("--ro-bind", &self.etc.join(name), &format!("/etc/{name}"));
        }
        line.bind("--ro-bind", self.agent, AGENT);
        for place in self.environment_paths().iter().chain(self.bundle.as_ref()) {
            line.bind("--ro-bind", place, &place.to_string_lossy());
        }
        for (inside, host, writable) in &self.binds {
            line.bind(if *writable { "--bind" } else { "--ro-bind" }, host, inside);
        }
        line.add(&["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]);
        line.words
    }

    fn landlock(&self) -> Vec<OsString> {
        let mut line: Vec<OsString> = Vec::new();
        let mut add = |flag: &str, path: &Path| line.extend([flag.into(), path.into()]);
        for (_, host, writable) in &self.binds {
            add(if *writable { "--landlock-rw" } else { "--landlock-ro" }, host);
        }
        let system = SYSTEM.iter().chain(&ETC).map(PathBuf::from);
        let own = ["passwd", "group", "hosts"].map(|name| Path::new("/etc").join(name));
        for place in system
            .chain(own)
            .chain(self.environment_paths())
            .chain(self.bundle.clone())
        {
            add("--landlock-ro", &place);
        }
        line
    }

    /// The environment and the Python that it stands on, unless `/usr` shows it already.
    fn environment_paths(&self) -> Vec<PathBuf> {
        let Some(environment) = self.environment else {
            return Vec::new();
        };
        [&environment.root, &environment.base]
            .into_iter()
            .filter(|path| !path.starts_with("/usr"))
            .cloned()
            .collect()
    }
}

/// bubblewrap's arguments as they grow.
#[derive(Default)]
struct Line {
    words: Vec<String>,
    made: BTreeSet<PathBuf>,
}

impl Line {
    fn add(&mut self, words: &[&str]) {
        self.words.extend(words.iter().map(|word| (*word).to_owned()));
    }

    /// Shows a file or directory. The directories above it are made first: those that bubblewrap makes by itself are
    /// closed to everybody but its own user.
    fn bind(&mut self, how: &str, host: &Path, inside: &str) {
        let above: Vec<PathBuf> = Path::new(inside).ancestors().skip(1).map(Path::to_owned).collect();
        for directory in above.into_iter().rev().filter(|directory| directory.parent().is_some()) {
            if self.made.insert(directory.clone()) {
                self.add(&["--perms", "0755", "--dir", &directory.to_string_lossy()]);
            }
        }
        self.add(&[how, &host.to_string_lossy(), inside]);
    }
}

/// For the shell: nothing in single quotes has a meaning, a single quote is written apart.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
}

/// Writes the small files of `/etc` that a sandbox has of its own.
///
/// # Errors
/// As the machine gives them.
pub(super) fn write_etc(directory: &Path, user: Option<u32>) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let id = user.unwrap_or(INSIDE);
    let files = [
        (
            "passwd",
            format!(
                "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nlearner:x:{id}:{id}:Learner:{HOME}:/bin/bash\n\
                     nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
            ),
        ),
        ("group", format!("root:x:0:\nlearner:x:{id}:\nnogroup:x:65534:\n")),
        ("hosts", "127.0.0.1 localhost lab\n::1 localhost\n".to_owned()),
    ];
    fs::create_dir_all(directory)?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    for (name, text) in files {
        let path = directory.join(name);
        if fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// Whether root may become another user in a sandbox.
pub(super) fn can_lower() -> bool {
    Path::new("/usr/bin/setpriv").exists() || !host::is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walls(form: &Form, user: Option<u32>) -> Walls<'_> {
        Walls {
            form,
            agent: Path::new("/state/bin/agent"),
            user,
            binds: vec![("/workspace".to_owned(), PathBuf::from("/state/s/workspace"), true)],
            environment: None,
            etc: PathBuf::from("/state/s/run/etc"),
            joins: vec![PathBuf::from("/sys/fs/cgroup/it's/cgroup.procs")],
            scratch: 1 << 20,
            bundle: None,
            tell_pid: true,
        }
    }

    fn text(line: &[OsString]) -> String {
        line.iter()
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn root_gives_its_power_up_before_the_agent_starts() {
        let form = Form::Bubblewrap(PathBuf::from("/usr/bin/bwrap"));
        let line = text(&walls(&form, Some(70_000)).command(&["--session".into(), "s".into()]));
        assert!(line.contains("--cap-drop ALL"), "{line}");
        assert!(!line.contains("--die-with-parent"), "{line}");
        assert!(
            line.ends_with(
                "-- /usr/bin/setpriv --reuid=70000 --regid=70000 --clear-groups -- /run/halfway/agent --session s"
            ),
            "{line}"
        );
        assert!(
            line.starts_with("/bin/sh -c echo $$ > '/sys/fs/cgroup/it'\\''s/cgroup.procs'; exec"),
            "{line}"
        );
    }

    #[test]
    fn an_ordinary_user_gets_a_user_namespace() {
        let form = Form::Bubblewrap(PathBuf::from("/usr/bin/bwrap"));
        let line = text(&walls(&form, None).command(&[]));
        assert!(line.contains("--unshare-user --uid 1000"), "{line}");
        assert!(!line.contains("setpriv"), "{line}");
    }

    #[test]
    fn landlock_rules_stand_before_the_program() {
        let form = Form::Landlock { behind_root: false };
        let line = text(&walls(&form, None).command(&["run".into(), "--".into(), "python".into()]));
        let rule = line.find("--landlock-rw /state/s/workspace").unwrap();
        assert!(rule < line.find(" -- python").unwrap(), "{line}");
        assert!(!line.contains("/etc/shadow"), "{line}");
    }
}
