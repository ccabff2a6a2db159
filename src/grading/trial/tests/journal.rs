//! Acts on a real workspace, and putting back what they did.

use std::path::Path;

use crate::grading::trial::acts::change;
use crate::grading::trial::journal::{Journal, files_after_crash};
use crate::grading::trial::machine::Acted;
use crate::model::{Act, Offset, TaskId};
use crate::sandbox::Workspace;

struct Bench {
    folder: tempfile::TempDir,
    workspace: Workspace,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for directory in ["workspace/data/deep", "lab/checks/batches"] {
            std::fs::create_dir_all(folder.path().join(directory)).unwrap();
        }
        for (path, text) in [
            ("workspace/model.bin", "abc"),
            ("workspace/run.sh", "#!/bin/sh"),
            ("workspace/data/one", "1"),
            ("workspace/data/deep/two", "2"),
            ("lab/checks/batches/new.csv", "a,b"),
        ] {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let workspace = Workspace::open(&folder.path().join("workspace"), None).unwrap();
        Self { folder, workspace }
    }

    fn session(&self) -> &Path {
        self.folder.path()
    }

    async fn journal(&self) -> Journal {
        Journal::begin(self.session(), &TaskId("t".to_owned()), &self.workspace, &[])
            .await
            .unwrap()
    }

    async fn act(&self, journal: &mut Journal, act: Act) -> Acted {
        change(&act, &self.session().join("lab"), &self.workspace, journal)
            .await
            .unwrap()
    }

    /// Every path with its content.
    fn state(&self) -> Vec<(String, String)> {
        fn walk(root: &Path, directory: &Path, found: &mut Vec<(String, String)>) {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap().display().to_string();
                if path.is_dir() {
                    found.push((name, "/".to_owned()));
                    walk(root, &path, found);
                } else {
                    found.push((name, std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        walk(self.workspace.root(), self.workspace.root(), &mut found);
        found.sort();
        found
    }

    async fn all_acts(&self, journal: &mut Journal) {
        for act in acts() {
            assert_eq!(self.act(journal, act.clone()).await, Acted::Done, "{act:?}");
        }
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.workspace.root().join(path), text).unwrap();
    }
}

fn acts() -> Vec<Act> {
    vec![
        Act::Put {
            from: "checks/batches".to_owned(),
            to: "incoming/today".to_owned(),
        },
        Act::Write {
            path: "run.sh".to_owned(),
            text: "exit 1".to_owned(),
        },
        Act::FlipByte {
            path: "model.bin".to_owned(),
            at: Offset::At(4),
        },
        Act::FlipByte {
            path: "model.bin".to_owned(),
            at: Offset::Drawn("0".to_owned()),
        },
        Act::Move {
            from: "data".to_owned(),
            to: "elsewhere/data".to_owned(),
        },
        Act::Remove {
            path: "elsewhere/data/deep".to_owned(),
        },
    ]
}

#[tokio::test]
async fn everything_is_put_back() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let script = bench.workspace.root().join("run.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let before = bench.state();
    let mut journal = bench.journal().await;
    bench.all_acts(&mut journal).await;
    let changed = bench.state();
    assert!(changed.contains(&("incoming/today/new.csv".to_owned(), "a,b".to_owned())));
    assert!(changed.contains(&("model.bin".to_owned(), "`cc".to_owned())));
    assert!(changed.contains(&("elsewhere/data/one".to_owned(), "1".to_owned())));
    assert!(!changed.iter().any(|(path, _)| path.contains("deep")));
    let report = journal.restore().await;
    assert!(report.complete && report.notes.is_empty(), "{report:?}");
    assert_eq!(bench.state(), before);
    assert_eq!(std::fs::metadata(script).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(!bench.session().join("trial").exists());
}

#[tokio::test]
async fn everything_is_put_back_after_a_crash_at_any_act() {
    for crash in 0..=acts().len() {
        let bench = Bench::new();
        let before = bench.state();
        let mut journal = bench.journal().await;
        for act in acts().into_iter().take(crash) {
            bench.act(&mut journal, act).await;
        }
        drop(journal);
        let report = files_after_crash(bench.session(), &bench.workspace).await.unwrap();
        assert!(report.complete && report.notes.is_empty(), "{report:?}");
        assert_eq!(bench.state(), before, "after {crash} acts");
        assert_eq!(files_after_crash(bench.session(), &bench.workspace).await, None);
    }
}

#[tokio::test]
async fn a_crash_between_the_journal_and_the_act_changes_nothing() {
    use crate::grading::trial::journal::State;
    let bench = Bench::new();
    let before = bench.state();
    let mut journal = bench.journal().await;
    journal.touch("model.bin", State::Missing).await.unwrap();
    journal.touch("never/made", State::Directory).await.unwrap();
    drop(journal);
    let report = files_after_crash(bench.session(), &bench.workspace).await.unwrap();
    assert_eq!((report.complete, report.put_back), (true, 0));
    assert_eq!(bench.state(), before);
}

#[tokio::test]
async fn what_the_learner_wrote_meanwhile_is_kept_and_told() {
    let bench = Bench::new();
    let mut journal = bench.journal().await;
    bench.all_acts(&mut journal).await;
    bench.write("run.sh", "exit 0");
    bench.write("incoming/today/own.csv", "mine");
    let report = journal.restore().await;
    assert!(report.complete);
    let state = bench.state();
    assert!(state.contains(&("run.sh".to_owned(), "exit 0".to_owned())));
    assert!(state.contains(&("incoming/today/own.csv".to_owned(), "mine".to_owned())));
    assert!(!state.iter().any(|(path, _)| path == "incoming/today/new.csv"));
    assert!(state.contains(&("model.bin".to_owned(), "abc".to_owned())));
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.starts_with("run.sh was changed while the trial ran"))
    );
    assert!(report.notes.iter().any(|note| note.starts_with("incoming/today stays")));
}

#[tokio::test]
async fn links_are_neither_followed_nor_touched() {
    let bench = Bench::new();
    let outside = bench.session().join("outside");
    std::fs::write(&outside, "theirs").unwrap();
    std::os::unix::fs::symlink(&outside, bench.workspace.root().join("link")).unwrap();
    std::os::unix::fs::symlink(bench.session(), bench.workspace.root().join("up")).unwrap();
    let mut journal = bench.journal().await;
    for act in [
        Act::Write {
            path: "link".to_owned(),
            text: "ours".to_owned(),
        },
        Act::FlipByte {
            path: "link".to_owned(),
            at: Offset::At(0),
        },
        Act::Write {
            path: "up/outside".to_owned(),
            text: "ours".to_owned(),
        },
        Act::Write {
            path: "../outside".to_owned(),
            text: "ours".to_owned(),
        },
        Act::Remove {
            path: "absent".to_owned(),
        },
    ] {
        let acted = bench.act(&mut journal, act.clone()).await;
        assert!(matches!(acted, Acted::Impossible(_)), "{act:?}: {acted:?}");
    }
    let put = Act::Put {
        from: "../outside".to_owned(),
        to: "x".to_owned(),
    };
    assert!(matches!(bench.act(&mut journal, put).await, Acted::Fault(_)));
    journal.restore().await;
    assert_eq!(std::fs::read_to_string(outside).unwrap(), "theirs");
}

#[tokio::test]
async fn a_link_that_takes_a_touched_files_place_is_kept() {
    let bench = Bench::new();
    let mut journal = bench.journal().await;
    bench
        .act(
            &mut journal,
            Act::Write {
                path: "run.sh".to_owned(),
                text: "x".to_owned(),
            },
        )
        .await;
    let (outside, link) = (bench.session().join("outside"), bench.workspace.root().join("run.sh"));
    std::fs::write(&outside, "x").unwrap();
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    let report = journal.restore().await;
    assert!(report.complete);
    assert_eq!(report.notes.len(), 1);
    assert_eq!(std::fs::read_to_string(outside).unwrap(), "x");
}

#[tokio::test]
async fn a_broken_journal_is_told_and_not_thrown_away() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.session().join("trial")).unwrap();
    std::fs::write(bench.session().join("trial/journal.json"), "{").unwrap();
    let report = files_after_crash(bench.session(), &bench.workspace).await.unwrap();
    assert!(!report.complete && report.fault.is_some());
    assert!(bench.session().join("trial/journal.json").exists());
    assert!(
        Journal::begin(bench.session(), &TaskId("t".to_owned()), &bench.workspace, &[])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_same_files_have_the_same_fingerprint() {
    use super::machine::trial;
    use crate::grading::trial::fingerprint;
    let bench = Bench::new();
    let trial = trial(
        vec![Act::Remove {
            path: "data".to_owned(),
        }],
        &[],
        Vec::new(),
    );
    let first = fingerprint(&trial, &bench.workspace).await;
    let mut journal = bench.journal().await;
    bench
        .act(
            &mut journal,
            Act::Remove {
                path: "data".to_owned(),
            },
        )
        .await;
    assert_ne!(fingerprint(&trial, &bench.workspace).await, first);
    journal.restore().await;
    assert_eq!(fingerprint(&trial, &bench.workspace).await, first);
    bench.write("data/deep/two", "3");
    assert_ne!(fingerprint(&trial, &bench.workspace).await, first);
}
