//! Files of a real directory that change, and what is heard of it.

use std::fs;

use super::*;

fn interest(path: &str) -> Interest {
    Interest {
        path: path.to_owned(),
        deep: false,
    }
}

fn deep(path: &str) -> Interest {
    Interest {
        path: path.to_owned(),
        deep: true,
    }
}

/// Waits until every one of `paths` was told of; fails if anything else was.
async fn hears(watching: &Watching, paths: &[&str]) {
    let wanted: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let mut heard = BTreeSet::new();
    while heard != wanted {
        let changes = watching.next().await;
        assert!(changes.paths.is_subset(&wanted), "{changes:?} beyond {wanted:?}");
        heard.extend(changes.paths);
    }
}

#[tokio::test]
async fn a_saved_file_is_told() {
    let root = tempfile::tempdir().unwrap();
    let watcher = Watcher::new().unwrap();
    let watching = watcher
        .watch(root.path(), vec![interest("a.txt"), interest("b.txt")])
        .unwrap();
    fs::write(root.path().join("a.txt"), "1").unwrap();
    hears(&watching, &["a.txt"]).await;
    fs::write(root.path().join("other.txt"), "1").unwrap();
    fs::write(root.path().join("tmp"), "2").unwrap();
    fs::rename(root.path().join("tmp"), root.path().join("b.txt")).unwrap();
    hears(&watching, &["b.txt"]).await;
    fs::remove_file(root.path().join("a.txt")).unwrap();
    hears(&watching, &["a.txt"]).await;
}

#[tokio::test]
async fn directories_that_come_go_and_are_replaced_are_followed() {
    let root = tempfile::tempdir().unwrap();
    let watcher = Watcher::new().unwrap();
    let watching = watcher.watch(root.path(), vec![interest("x/y/z.json")]).unwrap();
    fs::create_dir_all(root.path().join("x/y")).unwrap();
    fs::write(root.path().join("x/y/z.json"), "1").unwrap();
    hears(&watching, &["x/y/z.json"]).await;
    fs::remove_dir_all(root.path().join("x")).unwrap();
    hears(&watching, &["x/y/z.json"]).await;
    fs::create_dir_all(root.path().join("new/y")).unwrap();
    fs::rename(root.path().join("new"), root.path().join("x")).unwrap();
    hears(&watching, &["x/y/z.json"]).await;
    // Let what is left of the burst pass, then see that the replaced directory itself is watched.
    while tokio::time::timeout(QUIET * 2, watching.next()).await.is_ok() {}
    fs::write(root.path().join("x/y/z.json"), "2").unwrap();
    hears(&watching, &["x/y/z.json"]).await;
}

#[tokio::test]
async fn deep_interests_hear_of_what_is_below() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("model/a/b")).unwrap();
    let watcher = Watcher::new().unwrap();
    let watching = watcher
        .watch(root.path(), vec![deep("model"), interest("listed")])
        .unwrap();
    fs::write(root.path().join("model/a/b/c"), "1").unwrap();
    hears(&watching, &["model"]).await;
    fs::create_dir_all(root.path().join("model/d/e")).unwrap();
    hears(&watching, &["model"]).await;
    while tokio::time::timeout(QUIET * 2, watching.next()).await.is_ok() {}
    fs::write(root.path().join("model/d/e/f"), "1").unwrap();
    hears(&watching, &["model"]).await;
    fs::create_dir(root.path().join("listed")).unwrap();
    hears(&watching, &["listed"]).await;
    fs::write(root.path().join("listed/g"), "1").unwrap();
    hears(&watching, &["listed"]).await;
}

#[tokio::test]
async fn links_are_not_followed_and_watches_end() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
    let watcher = Watcher::new().unwrap();
    let watching = watcher
        .watch(
            root.path(),
            vec![interest("out/a"), deep("out"), interest("../a"), interest("b")],
        )
        .unwrap();
    fs::write(outside.path().join("a"), "1").unwrap();
    fs::write(root.path().join("b"), "1").unwrap();
    hears(&watching, &["b"]).await;
    assert_eq!(watcher.0.lock().places.len(), 1);
    watching.set(vec![]);
    drop(watching);
    assert!(watcher.0.lock().places.is_empty());
}

#[tokio::test]
async fn a_file_is_told_of_once_it_is_closed() {
    use std::io::Write;
    let root = tempfile::tempdir().unwrap();
    let watcher = Watcher::new().unwrap();
    let watching = watcher.watch(root.path(), vec![interest("log")]).unwrap();
    let mut file = fs::File::create(root.path().join("log")).unwrap();
    file.write_all(b"half").unwrap();
    // Never closed: told all the same.
    hears(&watching, &["log"]).await;
}
