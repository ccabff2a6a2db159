//! Acts that change files of the workspace. Each is journalled before it is done.

use std::path::{Component, Path};

use super::journal::{Journal, Refusal, State, state};
use super::machine::Acted;
use crate::model::{Act, Offset};
use crate::sandbox::{EntryKind, Expect, FileHash, Workspace};

/// Largest file that an act reads or makes, in bytes.
const LARGEST: u64 = 64 << 20;

/// Entries of a directory that an act moves, removes or puts.
const MOST: usize = 2_000;

/// Does an act of the kinds that change files; `None` for the other kinds.
pub(super) async fn change(act: &Act, lab: &Path, workspace: &Workspace, journal: &mut Journal) -> Option<Acted> {
    let done = match act {
        Act::Put { from, to } => put(lab, from, to, workspace, journal).await,
        Act::Write { path, text } => write(path, text.clone().into_bytes(), None, workspace, journal).await,
        Act::Remove { path } => remove(path, workspace, journal).await,
        Act::Move { from, to } => rename(from, to, workspace, journal).await,
        Act::FlipByte { path, at } => flip(path, at, workspace, journal).await,
        Act::Command { .. } | Act::Referee { .. } | Act::Http { .. } | Act::Wait(_) => return None,
    };
    Some(match done {
        Ok(()) => Acted::Done,
        Err(Refusal::Impossible(why)) => Acted::Impossible(why),
        Err(Refusal::Fault(why)) => Acted::Fault(why),
    })
}

async fn write(
    path: &str,
    bytes: Vec<u8>,
    mode: Option<u32>,
    workspace: &Workspace,
    journal: &mut Journal,
) -> Result<(), Refusal> {
    parents(path, workspace, journal).await?;
    let before = journal.touch(path, State::File(FileHash::of(&bytes))).await?;
    let expect = match before {
        State::Missing => Expect::Nothing,
        State::File(hash) => Expect::Hash(hash),
        State::Directory | State::Other => return Err(Refusal::Impossible(format!("{path} is not a file"))),
    };
    workspace
        .write(path, bytes, expect)
        .await
        .map_err(|error| Refusal::of(&error))?;
    if let Some(mode) = mode {
        workspace
            .set_mode(path, mode)
            .await
            .map_err(|error| Refusal::of(&error))?;
    }
    Ok(())
}

async fn put(lab: &Path, from: &str, to: &str, workspace: &Workspace, journal: &mut Journal) -> Result<(), Refusal> {
    let relative = Path::new(from);
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    {
        return Err(Refusal::Fault(format!("{from} leads out of the lab's folder")));
    }
    let source = lab.join(relative);
    let files = tokio::task::spawn_blocking(move || collect(&source))
        .await
        .map_err(|error| Refusal::Fault(error.to_string()))?
        .map_err(|error| Refusal::Fault(format!("{from}: {error}")))?;
    let to = to.trim_end_matches('/');
    parents(to, workspace, journal).await?;
    for file in files {
        let path = match file.path.as_str() {
            "" => to.to_owned(),
            inner => format!("{to}/{inner}"),
        };
        match file.content {
            None => directory(&path, workspace, journal).await?,
            Some(bytes) => {
                let mode = if file.executable { 0o755 } else { 0o644 };
                write(&path, bytes, Some(mode), workspace, journal).await?;
            }
        }
    }
    Ok(())
}

struct LabFile {
    /// Relative to what was put; empty for that itself.
    path: String,
    /// `None` for a directory.
    content: Option<Vec<u8>>,
    executable: bool,
}

/// A file or directory of the lab's, directories before what is in them.
fn collect(source: &Path) -> std::io::Result<Vec<LabFile>> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    let mut open = vec![(source.to_owned(), String::new())];
    while let Some((path, name)) = open.pop() {
        let about = std::fs::symlink_metadata(&path)?;
        if found.len() >= MOST || about.len() > LARGEST {
            return Err(std::io::Error::other("too large to be put into a workspace"));
        }
        if about.is_dir() {
            let mut entries = std::fs::read_dir(&path)?.collect::<Result<Vec<_>, _>>()?;
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let inner = entry.file_name().to_string_lossy().into_owned();
                let inner = if name.is_empty() {
                    inner
                } else {
                    format!("{name}/{inner}")
                };
                open.push((entry.path(), inner));
            }
            found.push(LabFile {
                path: name,
                content: None,
                executable: false,
            });
        } else {
            found.push(LabFile {
                path: name,
                content: Some(std::fs::read(&path)?),
                executable: about.permissions().mode() & 0o100 != 0,
            });
        }
    }
    Ok(found)
}

async fn remove(path: &str, workspace: &Workspace, journal: &mut Journal) -> Result<(), Refusal> {
    for (inner, _) in everything(path, workspace).await? {
        journal.touch(&inner, State::Missing).await?;
    }
    workspace.remove(path).await.map_err(|error| Refusal::of(&error))
}

async fn rename(from: &str, to: &str, workspace: &Workspace, journal: &mut Journal) -> Result<(), Refusal> {
    if !matches!(state(workspace, to).await?, State::Missing) {
        return Err(Refusal::Impossible(format!("{to} exists already")));
    }
    parents(to, workspace, journal).await?;
    for (inner, stands) in everything(from, workspace).await? {
        let moved = format!("{to}{}", inner.strip_prefix(from).unwrap_or_default());
        journal.touch(&inner, State::Missing).await?;
        journal.touch(&moved, stands).await?;
    }
    workspace.rename(from, to).await.map_err(|error| Refusal::of(&error))
}

async fn flip(path: &str, at: &Offset, workspace: &Workspace, journal: &mut Journal) -> Result<(), Refusal> {
    let Some(at) = offset(at) else {
        return Err(Refusal::Fault(format!("{path}: the byte to flip is no number")));
    };
    let content = workspace
        .read(path, LARGEST)
        .await
        .map_err(|error| Refusal::of(&error))?;
    let mut bytes = content.bytes;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    // A file may be smaller than the author thought: the offset goes round.
    let offset = at.checked_rem(length).and_then(|offset| usize::try_from(offset).ok());
    let Some(byte) = offset.and_then(|offset| bytes.get_mut(offset)) else {
        return Err(Refusal::Impossible(format!("{path} is empty")));
    };
    *byte ^= 1;
    write(path, bytes, None, workspace, journal).await
}

/// The number of an offset whose parameters are filled in.
pub(super) fn offset(offset: &Offset) -> Option<u64> {
    match offset {
        Offset::At(at) => Some(*at),
        Offset::Drawn(text) => text.trim().parse().ok(),
    }
}

/// A path and all that is beneath it, with what stands there.
async fn everything(path: &str, workspace: &Workspace) -> Result<Vec<(String, State)>, Refusal> {
    let own = state(workspace, path).await?;
    let mut found = vec![(path.to_owned(), own)];
    match own {
        State::Missing => return Err(Refusal::Impossible(format!("{path} does not exist"))),
        State::Other => return Err(Refusal::Impossible(format!("{path} is not a regular file"))),
        State::File(_) => {}
        State::Directory => {
            let entries = workspace.tree(path, MOST).await.map_err(|error| Refusal::of(&error))?;
            for entry in entries {
                let inner = format!("{path}/{}", entry.name);
                match entry.kind {
                    _ if entry.unreadable_name => {
                        return Err(Refusal::Impossible(format!("a name in {path} is not UTF-8")));
                    }
                    EntryKind::Directory => found.push((inner, State::Directory)),
                    EntryKind::File => {
                        let stands = state(workspace, &inner).await?;
                        found.push((inner, stands));
                    }
                    EntryKind::Symlink | EntryKind::Special => {
                        return Err(Refusal::Impossible(format!("{inner} is not a regular file")));
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Makes the directories above a path that are missing.
async fn parents(path: &str, workspace: &Workspace, journal: &mut Journal) -> Result<(), Refusal> {
    for (end, _) in path.match_indices('/') {
        directory(&path[..end], workspace, journal).await?;
    }
    Ok(())
}

async fn directory(path: &str, workspace: &Workspace, journal: &mut Journal) -> Result<(), Refusal> {
    match state(workspace, path).await? {
        State::Directory => Ok(()),
        State::Missing => {
            journal.touch(path, State::Directory).await?;
            workspace
                .create_dir(path, false)
                .await
                .map_err(|error| Refusal::of(&error))
        }
        State::File(_) | State::Other => Err(Refusal::Impossible(format!("{path} is not a directory"))),
    }
}
