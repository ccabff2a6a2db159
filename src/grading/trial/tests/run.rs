//! Whole trials on a real workspace.

use std::sync::Mutex;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::machine::{file, hold, trial};
use crate::base::Clock;
use crate::grading::probe::tests::referee::Bench;
use crate::grading::trial::acts::change;
use crate::grading::trial::journal::Journal;
use crate::grading::trial::restore::finish;
use crate::grading::trial::{Phase, TrialOutcome, TrialVerdict, files_after_crash, restore_after_crash, run};
use crate::model::check::FileForm;
use crate::model::trial::HoldKind;
use crate::model::{Act, TaskId, Trial};

async fn play(bench: &Bench, trial: &Trial, cancel: &CancellationToken) -> TrialOutcome {
    run(
        &TaskId("t".to_owned()),
        trial,
        &bench.context,
        &Clock::system(),
        cancel,
        &|_, _| {},
    )
    .await
}

fn write(path: &str, text: &str) -> Act {
    Act::Write {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_trial_acts_watches_and_puts_back() {
    let bench = Bench::new().await;
    bench.workspace("status.json", "{\"n\": 1}");
    let mut trial = trial(
        vec![write("status.json", "{\"n\": 2}")],
        &["status.json"],
        vec![hold(HoldKind::Eventually(Duration::from_mins(1)), "status.n == 2")],
    );
    trial.watch = [("status".to_owned(), file("status.json", FileForm::Json))].into();
    let told = Mutex::new(Vec::new());
    let outcome = run(
        &TaskId("t".to_owned()),
        &trial,
        &bench.context,
        &Clock::system(),
        &CancellationToken::new(),
        &|entry, phase| told.lock().unwrap().push((entry.clone(), phase)),
    )
    .await;
    assert_eq!(outcome.verdict, TrialVerdict::Held, "{outcome:?}");
    assert!(outcome.restored);
    assert_eq!(
        std::fs::read_to_string(bench.context.folder.workspace().join("status.json")).unwrap(),
        "{\"n\": 1}"
    );
    let told = told.into_inner().unwrap();
    assert_eq!(told.len(), outcome.timeline.len());
    assert_eq!(told.last().unwrap().1, Phase::Finished);
}

#[tokio::test]
async fn a_violation_is_put_back_too_and_lasting_steps_stay() {
    let bench = Bench::new().await;
    bench.workspace("a", "1");
    let mut trial = trial(vec![write("a", "2")], &[], vec![hold(HoldKind::Once, "false")]);
    trial.restore = vec![write("note", "x")];
    let outcome = play(&bench, &trial, &CancellationToken::new()).await;
    assert_eq!(outcome.verdict, TrialVerdict::Violated);
    let root = bench.context.folder.workspace();
    assert_eq!(std::fs::read_to_string(root.join("a")).unwrap(), "1");
    assert_eq!(std::fs::read_to_string(root.join("note")).unwrap(), "x");
    assert!(!bench.context.folder.trial().exists());
}

/// The server may end while files are put back, between two steps, or after a step and before that is written down.
#[tokio::test]
async fn lasting_steps_are_done_after_a_crash_as_well() {
    let bench = Bench::new().await;
    bench.workspace("a", "1");
    bench.workspace("mark", "");
    let steps = [
        Act::Remove {
            path: "mark".to_owned(),
        },
        write("note", "x"),
    ];
    let begin = async || {
        let (folder, workspace) = (bench.context.folder.root(), &bench.context.workspace);
        Journal::begin(folder, &TaskId("t".to_owned()), workspace, &steps)
            .await
            .unwrap()
    };
    let mut journal = begin().await;
    let lab = bench.context.lab_folder.clone();
    change(&write("a", "2"), &lab, &bench.context.workspace, &mut journal).await;
    drop(journal);
    let root = bench.context.folder.workspace();
    let files = files_after_crash(bench.context.folder.root(), &bench.context.workspace)
        .await
        .unwrap();
    assert!(files.acts_left && !files.complete, "{files:?}");
    assert_eq!(std::fs::read_to_string(root.join("a")).unwrap(), "1");
    assert!(root.join("mark").exists());
    // The first step was done and not struck off.
    std::fs::remove_file(root.join("mark")).unwrap();
    let report = restore_after_crash(&bench.context).await.unwrap();
    assert!(report.complete && report.notes.is_empty(), "{report:?}");
    assert_eq!(std::fs::read_to_string(root.join("note")).unwrap(), "x");
    assert!(!bench.context.folder.trial().exists());
    assert_eq!(restore_after_crash(&bench.context).await, None);

    // Outside of a crash a step that is not possible is told, and ends it.
    let report = finish(begin().await.restore().await, &bench.context, false).await;
    assert!(report.complete && report.notes.len() == 1, "{report:?}");
    assert!(!bench.context.folder.trial().exists());
}

#[tokio::test]
async fn a_cancelled_trial_is_put_back() {
    let bench = Bench::new().await;
    bench.workspace("a", "1");
    let trial = trial(
        vec![write("a", "2"), Act::Wait(Duration::from_hours(1))],
        &[],
        vec![hold(HoldKind::Once, "true")],
    );
    let cancel = CancellationToken::new();
    let outcome = run(
        &TaskId("t".to_owned()),
        &trial,
        &bench.context,
        &Clock::system(),
        &cancel,
        // As soon as the first act is told.
        &|_, _| cancel.cancel(),
    )
    .await;
    assert_eq!(outcome.verdict, TrialVerdict::Cancelled);
    assert_eq!(
        std::fs::read_to_string(bench.context.folder.workspace().join("a")).unwrap(),
        "1"
    );
}

#[tokio::test]
async fn a_trial_without_an_agent_costs_nothing() {
    let bench = Bench::new().await;
    let act = Act::Command {
        probe: crate::model::check::CommandProbe {
            run: vec!["true".to_owned()],
            timeout: Duration::from_secs(1),
        },
        bind: Some("ran".to_owned()),
    };
    let trial = trial(vec![act], &[], vec![hold(HoldKind::Once, "ran.exit_code == 0")]);
    let outcome = play(&bench, &trial, &CancellationToken::new()).await;
    assert_eq!(outcome.verdict, TrialVerdict::Error);
}
