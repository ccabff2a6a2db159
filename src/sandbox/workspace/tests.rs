//! Hostile files and hostile archives.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::TempDir;

use super::*;

fn fixture() -> (TempDir, Workspace) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("workspace");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(directory.path().join("secret"), "hidden").unwrap();
    let workspace = Workspace::open(&root, None).unwrap();
    (directory, workspace)
}

#[tokio::test]
async fn a_written_file_is_read_back_with_its_mode_and_hash() {
    let (_directory, workspace) = fixture();
    workspace.create_dir("src/deep", true).await.unwrap();
    let hash = workspace
        .write("src/deep/run.sh", "one", Expect::Nothing)
        .await
        .unwrap();
    workspace.set_mode("src/deep/run.sh", 0o755).await.unwrap();
    let again = workspace
        .write("src/deep/run.sh", "two", Expect::Hash(hash))
        .await
        .unwrap();
    let content = workspace.read("src/deep/run.sh", 10).await.unwrap();
    assert_eq!(
        (content.bytes.as_slice(), content.hash, content.mode),
        (&b"two"[..], again, 0o755)
    );
    let tree = workspace.tree("src", 10).await.unwrap();
    assert_eq!(
        tree.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(),
        ["deep", "deep/run.sh"]
    );
}

#[tokio::test]
async fn an_old_hash_is_a_conflict_that_tells_the_new_one() {
    let (_directory, workspace) = fixture();
    let old = workspace.write("a", "old", Expect::Anything).await.unwrap();
    let new = workspace.write("a", "new", Expect::Anything).await.unwrap();
    match workspace.write("a", "mine", Expect::Hash(old)).await {
        Err(WorkspaceError::Conflict { current, .. }) => assert_eq!(current, Some(new)),
        other => panic!("{other:?}"),
    }
    let error = workspace.write("a", "mine", Expect::Nothing).await.unwrap_err();
    assert_eq!(error.kind(), "exists");
    assert_eq!(workspace.read("a", 10).await.unwrap().bytes, b"new");
}

#[tokio::test]
async fn links_are_never_followed() {
    let (directory, workspace) = fixture();
    let root = workspace.root().to_owned();
    symlink("../secret", root.join("file")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink(directory.path().join("secret"), root.join("absolute")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    for path in ["file", "up/secret", "absolute", "magic/etc/passwd"] {
        assert_eq!(workspace.read(path, 100).await.unwrap_err().kind(), "symlink", "{path}");
        assert_eq!(
            workspace.write(path, "x", Expect::Anything).await.unwrap_err().kind(),
            "symlink",
            "{path}"
        );
    }
    assert_eq!(
        workspace.rename("file", "up/stolen").await.unwrap_err().kind(),
        "symlink"
    );
    assert_eq!(workspace.stat("file").await.unwrap().kind, EntryKind::Symlink);
    workspace.remove("up").await.unwrap();
    assert_eq!(std::fs::read(directory.path().join("secret")).unwrap(), b"hidden");
}

#[tokio::test]
async fn what_is_no_file_has_a_kind_of_its_own() {
    let (_directory, workspace) = fixture();
    let root = workspace.root().to_owned();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    std::fs::create_dir(root.join("folder")).unwrap();
    std::fs::File::create(root.join("sparse"))
        .unwrap()
        .set_len(10 << 30)
        .unwrap();
    std::fs::write(root.join(std::ffi::OsStr::new("\u{fffd}")), "").unwrap();
    for (path, kind) in [
        ("fifo", "special-file"),
        ("socket", "special-file"),
        ("folder", "is-directory"),
        ("sparse", "too-large"),
        ("absent", "not-found"),
        ("sparse/x", "not-directory"),
        ("../secret", "bad-path"),
    ] {
        assert_eq!(workspace.read(path, 1 << 20).await.unwrap_err().kind(), kind, "{path}");
    }
    assert_eq!(
        workspace.write("fifo", "x", Expect::Anything).await.unwrap_err().kind(),
        "special-file"
    );
    assert_eq!(
        workspace
            .copy_to(&root.join("../copy"), Caps::default())
            .await
            .unwrap_err()
            .kind(),
        "too-large"
    );
}

#[tokio::test]
async fn a_name_that_is_no_text_is_listed_and_left_alone() {
    use std::os::unix::ffi::OsStrExt;
    let (directory, workspace) = fixture();
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    std::fs::write(workspace.root().join(odd), "x").unwrap();
    let list = workspace.list("").await.unwrap();
    assert!(list[0].unreadable_name);
    let copied = workspace
        .copy_to(&directory.path().join("copy"), Caps::default())
        .await
        .unwrap();
    assert_eq!((copied.files, copied.skipped.len()), (0, 1));
    workspace.clear().await.unwrap();
    assert_eq!(workspace.list("").await.unwrap(), []);
}

#[tokio::test]
async fn a_deep_and_closed_tree_can_be_removed() {
    let (directory, workspace) = fixture();
    let mut at = workspace.root().join("deep");
    for _ in 0..300 {
        std::fs::create_dir(&at).unwrap();
        std::fs::write(at.join("file"), "x").unwrap();
        at.push("d");
    }
    let closed = workspace.root().join("deep/d/d");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    symlink(directory.path(), workspace.root().join("deep/out")).unwrap();
    workspace.remove("deep").await.unwrap();
    assert_eq!(workspace.list("").await.unwrap(), []);
    assert!(directory.path().join("secret").exists());
}

#[tokio::test]
async fn an_archive_comes_back_as_it_was() {
    let (_directory, workspace) = fixture();
    workspace.create_dir("a/empty", true).await.unwrap();
    workspace.write("a/run", "hello", Expect::Nothing).await.unwrap();
    workspace.set_mode("a/run", 0o755).await.unwrap();
    symlink("/etc/passwd", workspace.root().join("link")).unwrap();
    let (bytes, copied) = workspace.archive(Vec::new(), Caps::default()).await.unwrap();
    assert_eq!((copied.files, copied.skipped), (1, vec!["link".to_owned()]));

    let (_other_directory, other) = fixture();
    other.write("old", "x", Expect::Nothing).await.unwrap();
    other
        .unpack_archive(std::io::Cursor::new(bytes), Caps::default())
        .await
        .unwrap();
    let names: Vec<_> = other
        .tree("", 10)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["a", "a/empty", "a/run"]);
    let content = other.read("a/run", 10).await.unwrap();
    assert_eq!((content.bytes.as_slice(), content.mode), (&b"hello"[..], 0o755));
}

fn packed(fill: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    fill(&mut builder);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&builder.into_inner().unwrap()).unwrap();
    gz.finish().unwrap()
}

/// Writes a header by hand: the library refuses to make such names.
fn raw(builder: &mut tar::Builder<Vec<u8>>, name: &str, kind: tar::EntryType, link: &str, data: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    header.set_cksum();
    builder.append(&header, data).unwrap();
}

#[tokio::test]
async fn a_hostile_archive_is_refused_and_leaves_nothing() {
    use tar::EntryType;
    let many = |builder: &mut tar::Builder<Vec<u8>>| {
        for number in 0..50 {
            raw(builder, &format!("f{number}"), EntryType::Regular, "", b"");
        }
    };
    let bomb = |builder: &mut tar::Builder<Vec<u8>>| {
        raw(builder, "bomb", EntryType::Regular, "", &vec![0; 80 << 20]);
    };
    let one = |name: &'static str, kind: EntryType, link: &'static str| {
        packed(move |builder| {
            raw(builder, "good", EntryType::Regular, "", b"x");
            raw(builder, name, kind, link, b"");
        })
    };
    let cases = [
        ("up", one("../evil", EntryType::Regular, "")),
        ("middle", one("a/../../evil", EntryType::Regular, "")),
        ("absolute", one("/tmp/evil", EntryType::Regular, "")),
        ("symlink", one("l", EntryType::Symlink, "/etc")),
        ("hard link", one("h", EntryType::Link, "good")),
        ("device", one("d", EntryType::Char, "")),
        ("fifo", one("p", EntryType::Fifo, "")),
        ("file as directory", one("good/x", EntryType::Regular, "")),
        ("many", packed(many)),
        ("bomb", packed(bomb)),
        ("noise", b"this is no archive".to_vec()),
        ("cut", one("x", EntryType::Regular, "")[..30].to_vec()),
    ];
    let caps = Caps {
        bytes: 1 << 30,
        entries: 40,
    };
    for (name, bytes) in cases {
        let (directory, workspace) = fixture();
        workspace.write("mine", "kept", Expect::Nothing).await.unwrap();
        let error = workspace
            .unpack_archive(std::io::Cursor::new(bytes), caps)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), "archive", "{name}: {error}");
        let left: Vec<_> = std::fs::read_dir(workspace.root())
            .unwrap()
            .map(|item| item.unwrap().file_name())
            .collect();
        assert_eq!(left, ["mine"], "{name}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "{name}");
    }
}

#[tokio::test]
async fn an_archive_beyond_the_cap_is_refused() {
    let (_directory, workspace) = fixture();
    let bytes = packed(|builder| raw(builder, "big", tar::EntryType::Regular, "", &[7; 5000]));
    let caps = Caps {
        bytes: 4999,
        entries: 5,
    };
    let error = workspace
        .unpack_archive(std::io::Cursor::new(bytes), caps)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("4999"), "{error}");
}
