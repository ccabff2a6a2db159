//! The state directory: made for its owner alone, held by one server at a time, with the installation's own id.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

use crate::base::{Clock, InstallId, Random};

/// The state directory, held by this process until it is dropped.
#[derive(Debug)]
pub struct State {
    /// Absolute.
    pub path: PathBuf,
    pub install: InstallId,
    /// The lock goes with the open file, also when the process is killed.
    lock: Option<File>,
}

impl State {
    /// Opens the directory, makes it if it is not there, and takes its lock.
    ///
    /// # Errors
    /// When it cannot be made, or another server holds it.
    pub fn hold(path: &Path, clock: &Clock, random: &Random) -> anyhow::Result<Self> {
        let mut state = Self::open(path, clock, random)?;
        state.lock = Some(lock(&state.path.join("lock"))?);
        Ok(state)
    }

    /// Opens the directory without its lock, for commands that only look.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path, clock: &Clock, random: &Random) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!(
                    "cannot make the state directory {}; name another with --state",
                    path.display()
                )
            })?;
        let path = path
            .canonicalize()
            .with_context(|| format!("cannot open the state directory {}", path.display()))?;
        let install = install_id(&path.join("install-id"), clock, random)?;
        Ok(Self {
            path,
            install,
            lock: None,
        })
    }

    /// A secret of so many bytes that is kept in the directory under that name, for its owner alone; made the first time.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn secret(&self, name: &str, random: &Random) -> anyhow::Result<[u8; 32]> {
        let path = self.path.join(name);
        if let Ok(bytes) = std::fs::read(&path)
            && let Ok(secret) = bytes.try_into()
        {
            return Ok(secret);
        }
        let secret: [u8; 32] = random.bytes();
        write_private(&path, &secret)?;
        Ok(secret)
    }
}

fn install_id(path: &Path, clock: &Clock, random: &Random) -> anyhow::Result<InstallId> {
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(|_| {
            anyhow!(
                "{} does not hold an id. Put back the one that `halfway sweep` would look for, or remove the file if nothing of \
                 that installation is left.",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = InstallId::fresh(clock, random);
            write_private(path, format!("{id}\n").as_bytes())?;
            Ok(id)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes by rename, so that a crash leaves the old file or the new one.
fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let fresh = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    write().with_context(|| {
        format!(
            "cannot write {}: is the disk full, or the directory another user's?",
            path.display()
        )
    })
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            bail!(
                "another server (pid {}) holds the state directory {}. Stop that one, or give this one a directory of its own \
                 with --state DIR.",
                if holder.trim().is_empty() {
                    "unknown"
                } else {
                    holder.trim()
                },
                path.parent().unwrap_or(path).display()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn tools() -> (Clock, Random) {
        (Clock::manual(crate::base::Timestamp(0)), Random::seeded(1))
    }

    #[test]
    fn a_second_server_is_refused_with_the_pid_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = tools();
        let first = State::hold(&folder.path().join("state"), &clock, &random).unwrap();
        let error = State::hold(&first.path, &clock, &random).unwrap_err().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        assert!(error.contains("--state"), "{error}");
        drop(first);
        State::hold(&folder.path().join("state"), &clock, &random).unwrap();
    }

    #[test]
    fn it_is_private_and_its_id_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = tools();
        let path = folder.path().join("a/b");
        let first = State::open(&path, &clock, &random).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(State::open(&path, &clock, &random).unwrap().install, first.install);
        assert_eq!(
            first.secret("web-secret", &random).unwrap(),
            first.secret("web-secret", &random).unwrap()
        );
    }

    #[test]
    fn a_broken_id_is_not_replaced_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = tools();
        std::fs::write(folder.path().join("install-id"), "nonsense").unwrap();
        let error = State::open(folder.path(), &clock, &random).unwrap_err().to_string();
        assert!(error.contains("sweep"), "{error}");
    }
}
