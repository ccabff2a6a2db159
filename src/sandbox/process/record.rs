//! What the driver remembers of a session on the disk: its share of user ids and ports, and which process its agent is.
//!
//! Both are small JSON files in `<session>/run`, replaced in one step. The machine is the truth: a record is believed
//! only if the process it names is still that process.

use std::io;
use std::io::Write;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::proc::{Identity, found};
use crate::model::{Egress, Limits};
use crate::sandbox::folder::SessionFolder;

/// What a session has to itself, for as long as its folder is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Share {
    /// User and group of everything in it, where the server is root.
    pub user: Option<u32>,
    /// First and last TCP port, for the form without a network of its own. The last is the proxy's.
    pub ports: (u16, u16),
}

/// The agent that was started last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub boot: String,
    pub agent: Identity,
    /// `bubblewrap` or `landlock`.
    pub form: String,
    pub egress: Egress,
    pub limits: Limits,
}

impl Share {
    const FILE: &str = "share.json";

    pub(super) fn load(folder: &SessionFolder) -> Option<Self> {
        load(&folder.run().join(Self::FILE))
    }

    pub(super) fn save(&self, folder: &SessionFolder) -> io::Result<()> {
        save(&folder.run(), Self::FILE, self)
    }
}

impl Record {
    const FILE: &str = "agent.json";

    /// # Errors
    /// Where it cannot be told now whether there is one.
    pub(super) fn load(folder: &SessionFolder) -> io::Result<Option<Self>> {
        let bytes = found(std::fs::read(folder.run().join(Self::FILE)))?;
        // Half written, or of another version, is none.
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    pub(super) fn save(&self, folder: &SessionFolder) -> io::Result<()> {
        save(&folder.run(), Self::FILE, self)
    }

    pub(super) fn forget(folder: &SessionFolder) -> io::Result<()> {
        match std::fs::remove_file(folder.run().join(Self::FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A file that is half written, or of another version, is none.
fn load<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn save<T: Serialize>(directory: &Path, name: &str, value: &T) -> io::Result<()> {
    let temporary = directory.join(format!(".{name}.new"));
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    std::fs::rename(&temporary, directory.join(name))
}
