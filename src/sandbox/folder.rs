//! Where the files of a session lie on this machine. Only names and modes; never reads what a learner wrote.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};

use crate::base::SessionId;

/// `<state>/sessions/<id>/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFolder {
    root: PathBuf,
}

impl SessionFolder {
    /// The folder of a session in a state directory, whether or not it exists.
    #[must_use]
    pub fn new(state: &Path, session: SessionId) -> Self {
        Self {
            root: state.join("sessions").join(session.to_string()),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the learner works on; `/workspace` inside.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// The learner's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Data that set-up made for the referee; never visible to the learner.
    #[must_use]
    pub fn hidden(&self) -> PathBuf {
        self.root.join("hidden")
    }

    /// The driver's own files: socket, record, log.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// For the journals of trials.
    #[must_use]
    pub fn trial(&self) -> PathBuf {
        self.root.join("trial")
    }

    /// For scratch directories of the referee; emptied when a session stops.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    /// Makes all directories that are missing. Those that a learner's or lab's program writes belong to `owner`; the
    /// others to the server alone.
    ///
    /// # Errors
    /// As the machine gives them.
    pub fn make(&self, owner: Option<(Uid, Gid)>) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
        let walk_through = if owner.is_some() { 0o711 } else { 0o700 };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for (directory, theirs) in [
            (self.root.clone(), false),
            (self.run(), false),
            (self.scratch(), false),
            (self.workspace(), true),
            (self.home(), true),
            (self.hidden(), true),
        ] {
            builder.create(&directory)?;
            if !theirs {
                // A sandbox without namespaces and with a user of its own must walk through to its files.
                std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(walk_through))?;
            } else if let Some((uid, gid)) = owner
                && directory.symlink_metadata()?.uid() != uid.as_raw()
            {
                rustix::fs::chown(&directory, Some(uid), Some(gid))?;
            }
        }
        Ok(())
    }
}

/// Opens a directory as a base for [`beneath`].
pub(crate) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    Ok(rustix::fs::open(
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

/// A path to `name` in an open directory that is short wherever the directory lies: the paths of unix sockets end at
/// 108 bytes.
pub(crate) fn beneath(directory: &OwnedFd, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()))
}
