//! A session that starts from an export whose file was replaced by a hostile archive: refused in words, and nothing of
//! it is anywhere.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::harness::{Server, Walls, Wanted};
use super::labs;
use super::setup::failed;

fn packed(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.finish().unwrap()
}

/// An entry with exactly that name and kind, which the library would refuse to write.
fn entry(name: &[u8], kind: tar::EntryType, link: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    header.set_entry_type(kind);
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name);
    old.linkname[..link.len()].copy_from_slice(link);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn with_end(mut tar: Vec<u8>) -> Vec<u8> {
    tar.extend_from_slice(&[0; 1024]);
    packed(&tar)
}

fn file(name: &[u8]) -> Vec<u8> {
    with_end(entry(name, tar::EntryType::Regular, b"", b"evil\n"))
}

fn of_kind(kind: tar::EntryType, link: &[u8]) -> Vec<u8> {
    let mut tar = entry(b"fine.txt", tar::EntryType::Regular, b"", b"fine\n");
    tar.extend(entry(b"odd", kind, link, b""));
    tar.extend(entry(b"odd/passwd", tar::EntryType::Regular, b"", b"evil\n"));
    with_end(tar)
}

/// A gzip of many zero bytes under one name: a few KiB that become 3 GiB.
fn bomb() -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("large").unwrap();
    header.set_mode(0o644);
    header.set_size(3 << 30);
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..64 {
        gzip.write_all(&zeros).unwrap();
    }
    gzip.finish().unwrap()
}

fn many() -> Vec<u8> {
    let mut tar = Vec::new();
    for number in 0..120_000 {
        tar.extend(entry(
            format!("f{number}").as_bytes(),
            tar::EntryType::Regular,
            b"",
            b"",
        ));
    }
    with_end(tar)
}

#[tokio::test]
async fn are_refused_and_leave_nothing() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.end(&id).await;
    let export = server.session(&id).await["exports"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = server.state().join("exports").join(&export);
    let good = std::fs::read(&path).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;

    let hostile: Vec<(&str, Vec<u8>)> = vec![
        ("a way up", file(b"../../evil.txt")),
        ("a way up in the middle", file(b"a/../../../evil.txt")),
        ("an absolute name", file(b"/tmp/halfway-evil.txt")),
        ("an empty name", file(b"")),
        ("a link out", of_kind(tar::EntryType::Symlink, b"/etc")),
        ("a hard link out", of_kind(tar::EntryType::Link, b"/etc/passwd")),
        ("a hard link up", of_kind(tar::EntryType::Link, b"../hidden/x")),
        ("a device", of_kind(tar::EntryType::Char, b"")),
        ("a block device", of_kind(tar::EntryType::Block, b"")),
        ("a FIFO", of_kind(tar::EntryType::Fifo, b"")),
        ("a bomb", bomb()),
        ("too many entries", many()),
        ("cut off", good[..good.len() * 2 / 3].to_vec()),
        ("a flipped bit", flipped),
        ("no gzip", b"this is no archive at all".to_vec()),
        ("nothing", Vec::new()),
        ("gzip of no tar", packed(b"this is no archive at all, but packed")),
    ];
    for (name, bytes) in hostile {
        std::fs::write(&path, &bytes).unwrap();
        let id = server.start_from("plain", &export).await;
        let failed = failed(&server, &id).await;
        let reason = failed["reason"].as_str().unwrap();
        assert!(!reason.is_empty() && !reason.contains("os error"), "{name}: {reason}");
        let page = server.get(&format!("/sessions/{id}")).await.expect(200).text();
        assert!(page.contains("/retry") && page.contains("/end"), "{name}: {page}");
        let out = [
            "/tmp/halfway-evil.txt".into(),
            server.state().join("evil.txt"),
            server.folder(&id).join("evil.txt"),
        ];
        assert!(!out.iter().any(|path: &std::path::PathBuf| path.exists()), "{name}");
        let left: Vec<_> = std::fs::read_dir(server.workspace(&id))
            .unwrap()
            .flatten()
            .map(|one| one.path())
            .collect();
        assert!(left.is_empty(), "{name} leaves {left:?}");
        assert!(
            server.resident() < 256 << 20,
            "{name}: {} bytes resident",
            server.resident()
        );
        server.end(&id).await;
        server.assert_nothing_unowned(&[]);
    }
    // The file is gone altogether; then the right one is back, and Retry takes it.
    std::fs::remove_file(&path).unwrap();
    let id = server.start_from("plain", &export).await;
    failed(&server, &id).await;
    std::fs::write(&path, &good).unwrap();
    server.post(&format!("/sessions/{id}/retry"), "").await.expect(303);
    server.until_state(&id, "ready").await;
    server.until_verdict(&id, "word", "pass").await;
}
