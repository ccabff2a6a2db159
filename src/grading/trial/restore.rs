//! The acts of a trial's own `restore`, done after its files were put back; what they do stays.
//!
//! They stand in the journal as intents, and each that is done is struck off there. One that the server's end broke off
//! is done again, so authors write acts that may be.

use super::acts;
use super::journal::{Journal, Left, RestoreReport, files_after_crash};
use super::machine::Acted;
use super::runner::elsewhere;
use crate::grading::ProbeContext;
use crate::grading::text;
use crate::model::{Act, Observation};

/// Puts back what a trial left when the server ended in its middle, or when restoring could not be completed: its
/// files, then its own `restore`. `None` where there is nothing to put back. May be called at any time when no trial of
/// the session runs, and again.
pub async fn restore_after_crash(context: &ProbeContext) -> Option<RestoreReport> {
    let report = files_after_crash(context.folder.root(), &context.workspace).await?;
    Some(finish(report, context, true).await)
}

/// Does the acts that are left once all files are put back. The first that fails ends it, and is told. `again` where
/// the first of them may be done already, without having been struck off.
pub(super) async fn finish(mut report: RestoreReport, context: &ProbeContext, again: bool) -> RestoreReport {
    if !report.acts_left {
        return report;
    }
    match acts_left(context, again).await {
        Ok(told) => {
            report.complete = true;
            report.acts_left = false;
            report.notes.extend(told);
        }
        Err(error) => report.fault = Some(format!("the journal cannot be kept: {error}")),
    }
    report
}

/// What is to be told of them.
async fn acts_left(context: &ProbeContext, again: bool) -> std::io::Result<Option<String>> {
    let mut left = Left::load(context.folder.root()).await?;
    let mut journal = Journal::lasting(context.folder.root(), &context.workspace);
    let mut may_be_done = again;
    let mut told = None;
    while let Some(act) = left.act().cloned() {
        match (done(&act, context, &mut journal).await, may_be_done) {
            (Acted::Done | Acted::Saw(Observation::Value(_)), _) | (Acted::Impossible(_), true) => {}
            (Acted::Impossible(why), false) => {
                told = Some(text::safe(
                    &format!("a step of restoring was not possible: {why}"),
                    text::LINE,
                ));
                break;
            }
            (Acted::Saw(_) | Acted::Fault(_), _) => {
                told = Some("a step of restoring could not be done".to_owned());
                break;
            }
        }
        may_be_done = false;
        left.done().await?;
    }
    left.end().await?;
    Ok(told)
}

async fn done(act: &Act, context: &ProbeContext, journal: &mut Journal) -> Acted {
    match acts::change(act, &context.lab_folder, &context.workspace, journal).await {
        Some(acted) => acted,
        None => elsewhere(act, context).await,
    }
}
