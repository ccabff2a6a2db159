//! Putting files back to what a journal says of them.

use std::path::Path;

use super::{Record, Refusal, RestoreReport, State, Touched, blocking, clear, depth, state, write};
use crate::grading::text;
use crate::sandbox::{Expect, Workspace, WorkspaceError};

/// What acts made goes, what they changed or removed comes back; what the learner has written since stays.
pub(super) async fn put_back(directory: &Path, workspace: &Workspace, record: &Record) -> RestoreReport {
    let mut report = RestoreReport {
        task: record.task.clone(),
        complete: true,
        acts_left: false,
        put_back: 0,
        notes: record.notes.clone(),
        fault: None,
    };
    if record.restored.is_some() {
        report.complete = false;
        report.acts_left = true;
        return report;
    }
    // First goes what acts made, from the deepest up; then directories come back from the top down; then files.
    let mut made: Vec<&Touched> = record
        .touched
        .iter()
        .filter(|touched| touched.before == State::Missing)
        .collect();
    made.sort_by_key(|touched| std::cmp::Reverse(depth(&touched.path)));
    let mut gone: Vec<&Touched> = record
        .touched
        .iter()
        .filter(|touched| touched.before != State::Missing)
        .collect();
    gone.sort_by_key(|touched| (touched.before != State::Directory, depth(&touched.path)));
    for touched in made.into_iter().chain(gone) {
        match put_back_one(directory, workspace, touched).await {
            Ok(Done::Nothing) => {}
            Ok(Done::PutBack) => report.put_back += 1,
            Ok(Done::Kept(why)) => report.notes.push(text::safe(&why, text::LINE)),
            Err(why) => {
                report.complete = false;
                report.notes.push(text::safe(
                    &format!("{} could not be put back yet; it is tried again", touched.path),
                    text::LINE,
                ));
                report.fault.get_or_insert(why);
            }
        }
    }
    if report.complete && record.restore.is_empty() {
        if let Err(error) = clear(directory.to_owned()).await {
            report.fault = Some(format!("the journal cannot be removed: {error}"));
        }
    } else if report.complete {
        report.complete = false;
        let left = Record {
            task: record.task.clone(),
            touched: Vec::new(),
            restore: record.restore.clone(),
            restored: Some(0),
            notes: report.notes.clone(),
        };
        match write(directory, &left).await {
            Ok(()) => report.acts_left = true,
            Err(error) => report.fault = Some(format!("the journal cannot be written: {error}")),
        }
    }
    report
}

enum Done {
    Nothing,
    PutBack,
    /// The learner's newer state stays.
    Kept(String),
}

async fn put_back_one(directory: &Path, workspace: &Workspace, touched: &Touched) -> Result<Done, String> {
    let path = &touched.path;
    let now = match state(workspace, path).await {
        Ok(now) => now,
        Err(Refusal::Fault(why)) => return Err(why),
        // Something stands in the way that no act has made.
        Err(Refusal::Impossible(_)) => State::Other,
    };
    if now == touched.before {
        return Ok(Done::Nothing);
    }
    if !touched.after.contains(&now) {
        return Ok(Done::Kept(format!(
            "{path} was changed while the trial ran: the newer state is kept"
        )));
    }
    let done = match (touched.before, now) {
        (State::Missing, State::Directory) => match workspace.list(path).await {
            Ok(entries) if entries.is_empty() => workspace.remove(path).await,
            Ok(_) => return Ok(Done::Kept(format!("{path} stays, as there is something new in it"))),
            Err(error) => Err(error),
        },
        (State::Missing, _) => workspace.remove(path).await,
        (State::Directory, _) => workspace.create_dir(path, true).await,
        (State::File(_), now) => {
            let Some(name) = &touched.copy else {
                return Err(format!("{path}: the journal names no copy"));
            };
            let copy = directory.join("saved").join(name);
            let bytes = blocking(move || std::fs::read(copy))
                .await
                .map_err(|error| format!("the copy of {path} cannot be read: {error}"))?;
            let expect = match now {
                State::File(hash) => Expect::Hash(hash),
                _ => Expect::Nothing,
            };
            match workspace.write(path, bytes, expect).await {
                Ok(_) => workspace.set_mode(path, touched.mode & 0o777).await,
                Err(error) => Err(error),
            }
        }
        (State::Other, _) => return Ok(Done::Nothing),
    };
    match done {
        Ok(()) => Ok(Done::PutBack),
        Err(WorkspaceError::Conflict { .. } | WorkspaceError::Exists { .. }) => Ok(Done::Kept(format!(
            "{path} was changed while it was put back: the newer state is kept"
        ))),
        Err(WorkspaceError::NotFound { .. }) => {
            Ok(Done::Kept(format!("{path} was not put back, as its directory is gone")))
        }
        Err(WorkspaceError::Symlink { .. } | WorkspaceError::NotDirectory { .. }) => Ok(Done::Kept(format!(
            "{path} was not put back, as something else stands in its way"
        ))),
        Err(error) => Err(error.to_string()),
    }
}
