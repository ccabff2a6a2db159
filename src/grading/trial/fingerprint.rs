//! The state of files that a trial's outcome rests on, as one short text.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::rests_on;
use crate::model::Trial;
use crate::sandbox::{EntryKind, Workspace};

/// Largest file that is read for it, in bytes; of a larger one size and time count.
const LARGEST: u64 = 256 << 20;

/// Entries of a directory that count.
const MOST: usize = 5_000;

/// The state of the files that the outcome of `trial` rests on ([`rests_on`]): equal texts mean an equal state. Never
/// fails: what cannot be read counts as just that.
pub async fn fingerprint(trial: &Trial, workspace: &Workspace) -> String {
    let mut hasher = Sha256::new();
    for path in rests_on(trial) {
        add(&mut hasher, &path, workspace).await;
        if let Ok(entries) = workspace.tree(&path, MOST).await {
            for entry in entries {
                let inner = format!("{path}/{}", entry.name);
                match entry.kind {
                    EntryKind::File => add(&mut hasher, &inner, workspace).await,
                    kind => hasher.update(format!("{inner}\0{kind:?}\0").as_bytes()),
                }
            }
        }
    }
    let digest = hasher.finalize();
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

async fn add(hasher: &mut Sha256, path: &str, workspace: &Workspace) {
    let state = match workspace.hash(path, LARGEST).await {
        Ok((size, hash)) => format!("{size} {hash}"),
        Err(error) => match workspace.stat(path).await {
            Ok(entry) if entry.kind == EntryKind::File => {
                format!("{} {} {}", error.kind(), entry.size, entry.modified)
            }
            _ => error.kind().to_owned(),
        },
    };
    hasher.update(format!("{path}\0{state}\0").as_bytes());
}
