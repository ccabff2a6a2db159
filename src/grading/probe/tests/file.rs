//! Everything that may lie where a check looks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;

use crate::grading::probe::file::observe;
use crate::model::Observation;
use crate::model::check::{FileForm, FileProbe};
use crate::sandbox::Workspace;

async fn look(folder: &tempfile::TempDir, path: &str, form: FileForm) -> Observation {
    let workspace = Workspace::open(folder.path(), None).unwrap();
    observe(
        &FileProbe {
            path: path.to_owned(),
            form,
        },
        &workspace,
    )
    .await
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

#[tokio::test]
async fn each_form_reads_as_the_model_says() {
    let folder = folder(&[
        ("a.json", b"{\"auc\": 0.5}"),
        ("a.yaml", b"auc: 0.5\nlist: [1, x]\n"),
        ("a.csv", b"id,p\n7,0.25\nx,nan\n"),
        ("dir/sub/b", b"12"),
        ("dir/c", b"1"),
        ("a.txt", "\u{feff}hi\n".as_bytes()),
    ]);
    for (path, form, expected) in [
        ("a.json", FileForm::Json, json!({"auc": 0.5})),
        ("a.yaml", FileForm::Yaml, json!({"auc": 0.5, "list": [1, "x"]})),
        (
            "a.csv",
            FileForm::Csv,
            json!([{"id": 7, "p": 0.25}, {"id": "x", "p": "nan"}]),
        ),
        (
            "a.txt",
            FileForm::Text,
            json!({"text": "hi\n", "size": 6, "executable": false}),
        ),
        (
            "dir/c",
            FileForm::Hash,
            json!({"sha256": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", "size": 1}),
        ),
        (
            "dir",
            FileForm::Tree,
            json!([
                {"path": "c", "kind": "file", "size": 1},
                {"path": "sub", "kind": "directory", "size": 0},
                {"path": "sub/b", "kind": "file", "size": 2},
            ]),
        ),
    ] {
        assert_eq!(look(&folder, path, form).await, Observation::Value(expected), "{path}");
    }
    let script = folder.path().join("a.txt");
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let Observation::Value(seen) = look(&folder, "a.txt", FileForm::Text).await else {
        panic!("a text that can be read");
    };
    assert_eq!(seen["executable"], true);
}

#[tokio::test]
async fn what_is_not_there_is_absent() {
    let folder = folder(&[]);
    for form in [
        FileForm::Text,
        FileForm::Json,
        FileForm::Csv,
        FileForm::Hash,
        FileForm::Tree,
    ] {
        let seen = look(&folder, "dir/x.json", form).await;
        assert!(matches!(seen, Observation::Absent(_)), "{form:?}: {seen:?}");
    }
}

#[tokio::test]
async fn what_is_no_plain_file_is_neither_read_nor_waited_for() {
    let folder = folder(&[("secret", b"{}"), ("dir/x", b"1")]);
    let root = folder.path();
    std::os::unix::fs::symlink(root.join("secret"), root.join("link")).unwrap();
    std::os::unix::fs::symlink("/proc/self/environ", root.join("magic")).unwrap();
    std::os::unix::fs::symlink("dir", root.join("door")).unwrap();
    mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    std::fs::File::create(root.join("sparse"))
        .unwrap()
        .set_len(10 << 30)
        .unwrap();
    for path in [
        "link",
        "magic",
        "door/x",
        "fifo",
        "socket",
        "sparse",
        "dir",
        "../x",
        "/etc/passwd",
        "a\0b",
    ] {
        for form in [FileForm::Text, FileForm::Json, FileForm::Hash] {
            let seen = look(&folder, path, form).await;
            assert!(matches!(seen, Observation::Unreadable(_)), "{path} {form:?}: {seen:?}");
        }
    }
    // A tree tells of them and enters none.
    let Observation::Value(tree) = look(&folder, "", FileForm::Tree).await else {
        panic!("a tree that can be read");
    };
    let kinds: Vec<_> = tree
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["path"].as_str().unwrap(), entry["kind"].as_str().unwrap()))
        .collect();
    assert!(kinds.contains(&("door", "symlink")) && kinds.contains(&("fifo", "special")));
    assert!(!kinds.iter().any(|(path, _)| path.starts_with("door/")));
}

#[tokio::test]
async fn what_cannot_be_parsed_says_where() {
    let folder = folder(&[
        ("a.json", b"{\n  \"auc\": nan\n}"),
        ("empty.json", b""),
        ("a.yaml", b"a: [1,\n"),
        ("a.csv", b"a,b\n1,2\n3\n"),
        ("latin", b"caf\xe9"),
    ]);
    for (path, form, words) in [
        ("a.json", FileForm::Json, "line 2"),
        ("empty.json", FileForm::Json, "it is empty"),
        ("a.yaml", FileForm::Yaml, "is not YAML"),
        ("a.csv", FileForm::Csv, "line 3: 1 cells, not 2"),
        ("latin", FileForm::Text, "not UTF-8 (byte 3)"),
    ] {
        match look(&folder, path, form).await {
            Observation::Unreadable(why) => assert!(why.contains(words), "{why}"),
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn names_that_are_no_text_do_not_disturb_a_tree() {
    let folder = folder(&[("a", b"1")]);
    std::fs::write(folder.path().join(OsStr::from_bytes(b"b\xff")), "x").unwrap();
    let Observation::Value(tree) = look(&folder, "", FileForm::Tree).await else {
        panic!("a tree that can be read");
    };
    assert_eq!(tree.as_array().unwrap().len(), 2);
}
