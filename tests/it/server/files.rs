//! Hostile files, where a check looks and where the file API looks, and paths that lead out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::browser::{Answer, request};
use super::harness::{Server, Walls, Wanted};
use super::labs;
use crate::support;

/// A name, what makes the file in the workspace, and a word of what the task then says.
type Case = (&'static str, fn(&Path), &'static str);

const CASES: [Case; 9] = [
    ("a link out", |file| link("/etc/passwd", file), "link"),
    (
        "a relative link out",
        |file| link("../../../../../../../etc/passwd", file),
        "link",
    ),
    ("a link within", |file| link("other.txt", file), "link"),
    ("a link to itself", |file| link("word.txt", file), "link"),
    ("a FIFO", |file| node(file, rustix::fs::FileType::Fifo), "regular file"),
    ("a directory", |file| std::fs::create_dir(file).unwrap(), "directory"),
    (
        "a file of 10 GB",
        |file| std::fs::File::create(file).unwrap().set_len(10 << 30).unwrap(),
        "more than",
    ),
    (
        "a file that is not UTF-8",
        |file| std::fs::write(file, b"\xff\xfe\x00\x80").unwrap(),
        "UTF-8",
    ),
    ("nothing", |_| {}, "does not exist"),
];

fn link(to: &str, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

fn node(at: &Path, kind: rustix::fs::FileType) {
    let device = rustix::fs::makedev(1, 3);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at,
        kind,
        rustix::fs::Mode::from_raw_mode(0o644),
        device,
    )
    .unwrap();
}

fn clear(file: &Path) {
    if file.is_dir() && !file.is_symlink() {
        std::fs::remove_dir(file).unwrap();
    } else if file.symlink_metadata().is_ok() {
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn where_a_check_looks_are_told_and_refused() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    let workspace = server.workspace(&id);
    let (file, aside) = (workspace.join("word.txt"), workspace.join("aside"));
    std::fs::write(workspace.join("other.txt"), "right\n").unwrap();
    let before = server.resident();
    let mut cases = CASES.to_vec();
    if rustix::process::geteuid().is_root() {
        cases.push((
            "a device",
            |file| node(file, rustix::fs::FileType::CharacterDevice),
            "regular file",
        ));
    } else {
        support::skip("root", "run the tests as root", module_path!(), line!());
    }
    for (name, make, word) in cases {
        // Right first, so that what comes next is a change that is seen.
        clear(&file);
        std::fs::write(&file, "right\n").unwrap();
        server.until_verdict(&id, "word", "pass").await;
        clear(&aside);
        make(&aside);
        clear(&file);
        if aside.symlink_metadata().is_ok() {
            std::fs::rename(&aside, &file).unwrap();
        }
        // The file is gone for a moment before it is something else, so wait for the reason, not for the first change.
        let task = server
            .until(&format!("{name}: a finding with {word:?}"), async || {
                let task = server.task(&id, "word").await;
                let findings = task["findings"].to_string().to_lowercase();
                findings.contains(&word.to_lowercase()).then_some(task)
            })
            .await;
        assert!(
            task["verdict"] == "fail" || task["verdict"] == "blocked",
            "{name}: {task}"
        );
        let findings = task["findings"].to_string();
        assert!(
            !findings.contains("os error") && !findings.contains("root:"),
            "{name}: {findings}"
        );
        refused_kindly(&server, &id, name).await;
    }
    let after = server.resident();
    assert!(after < before + (64 << 20), "memory grew from {before} to {after}");
}

/// Every route that opens the file says what it is, or gives it, and never what it points to.
async fn refused_kindly(server: &Server, id: &str, name: &str) {
    let base = format!("/api/v1/sessions/{id}/files");
    let at = "path=word.txt";
    for (method, target, headers) in [
        ("GET", format!("{base}/content?{at}"), &[][..]),
        ("GET", format!("{base}/download?{at}"), &[]),
        ("GET", format!("{base}?{at}"), &[]),
        ("PUT", format!("{base}/content?{at}"), &[("if-match", "\"00\"")]),
    ] {
        if name == "a file of 10 GB" && target.contains("download") {
            continue;
        }
        let answer = server.with(method, &target, headers, b"").await;
        kind_words(&answer, &format!("{method} {target} of {name}"));
        let fine = matches!(name, "a directory") && target == format!("{base}?{at}")
            || matches!(name, "a file that is not UTF-8") && target.contains("download");
        assert!(
            fine || (400..500).contains(&answer.status),
            "{name}: {method} {target}: {} {}",
            answer.status,
            answer.text()
        );
    }
    assert!(
        server
            .get(&format!("{base}?path="))
            .await
            .expect(200)
            .text()
            .contains("other.txt"),
        "{name}"
    );
    // An archive of the whole workspace holds links as they are or leaves them out, and ends.
    if name != "a file of 10 GB" {
        let archive = server.get(&format!("/api/v1/sessions/{id}/archive")).await.expect(200);
        assert!(archive.body.starts_with(b"\x1f\x8b"), "{name}");
    }
}

fn kind_words(answer: &Answer, what: &str) {
    let text = answer.text();
    assert!(answer.status < 500, "{what}: {} {text}", answer.status);
    for internal in ["os error", "Os {", "root:x", "panicked", "src/", "/sessions/"] {
        assert!(!text.contains(internal), "{what} tells {internal}: {text}");
    }
    if answer.status >= 400 {
        let error = &answer.json()["error"];
        assert!(
            error["message"].as_str().is_some_and(|words| !words.is_empty()),
            "{what}: {text}"
        );
        assert!(
            error["reference"].as_str().is_some_and(|words| !words.is_empty()),
            "{what}: {text}"
        );
    }
}

#[tokio::test]
async fn names_that_are_no_text_are_listed_and_left_alone() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    let workspace = server.workspace(&id);
    std::fs::write(workspace.join(OsStr::from_bytes(b"bad-\xff-name")), "x").unwrap();
    std::fs::write(workspace.join("line\nbreak"), "x").unwrap();
    std::fs::write(workspace.join("<b>bold"), "x").unwrap();
    let list = server
        .get(&format!("/api/v1/sessions/{id}/files?path="))
        .await
        .expect(200);
    assert!(
        list.text().contains("word.txt") && list.text().contains("bad-"),
        "{}",
        list.text()
    );
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;
    let page = server.get(&format!("/sessions/{id}")).await.expect(200).text();
    assert!(!page.contains("<b>bold"), "{page}");
    server.end(&id).await;
}

/// Paths that lead out, as they would stand in a query.
const OUT: [&str; 22] = [
    "/etc/passwd",
    "//etc/passwd",
    "../hidden/secret.txt",
    "..",
    "../",
    "./../hidden/secret.txt",
    "a/../../hidden/secret.txt",
    "%2e%2e/hidden/secret.txt",
    "%2e%2e%2fhidden%2fsecret.txt",
    "..%2fhidden%2fsecret.txt",
    "..%5chidden%5csecret.txt",
    "..\\hidden\\secret.txt",
    "%252e%252e%252fhidden%252fsecret.txt",
    "word.txt%00.png",
    "%00",
    "word.txt%0d%0aset-cookie:%20a=b",
    "out/passwd",
    "out",
    "%ff%fe",
    "..%c0%af..%c0%afetc/passwd",
    "proc/self/root/etc/passwd",
    "word.txt/../../hidden/secret.txt",
];

#[tokio::test]
async fn no_path_leads_out_of_the_workspace() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    std::fs::write(server.folder(&id).join("hidden/secret.txt"), "SECRET\n").unwrap();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    link("/etc", &server.workspace(&id).join("out"));
    let base = format!("/api/v1/sessions/{id}/files");
    let long = "a/".repeat(20_000);
    let longest_name = "a".repeat(300);
    for path in OUT.iter().copied().chain([long.as_str(), longest_name.as_str()]) {
        let json = serde_json::to_string(&path.replace("%2e", ".").replace("%2f", "/").replace("%00", "\0")).unwrap();
        let spaced = path.replace('\\', "%5c");
        for (method, target, body) in [
            ("GET", format!("{base}?path={spaced}"), String::new()),
            ("GET", format!("{base}/content?path={spaced}"), String::new()),
            ("PUT", format!("{base}/content?path={spaced}"), "written".to_owned()),
            ("GET", format!("{base}/download?path={spaced}"), String::new()),
            ("GET", format!("{base}/original?path={spaced}"), String::new()),
            ("POST", format!("{base}/upload?path={spaced}"), "written".to_owned()),
            ("DELETE", format!("{base}?path={spaced}"), String::new()),
            (
                "POST",
                base.clone(),
                format!("{{\"kind\": \"file\", \"path\": {json}}}"),
            ),
            (
                "POST",
                base.clone(),
                format!("{{\"kind\": \"directory\", \"path\": {json}}}"),
            ),
            (
                "POST",
                format!("{base}/rename"),
                format!("{{\"from\": \"word.txt\", \"to\": {json}}}"),
            ),
            (
                "POST",
                format!("{base}/rename"),
                format!("{{\"from\": {json}, \"to\": \"stolen\"}}"),
            ),
        ] {
            let answer = server.api(method, &target, body.as_bytes()).await;
            let what = format!(
                "{method} {} {}",
                &target[..target.len().min(200)],
                &body[..body.len().min(100)]
            );
            kind_words(&answer, &what);
            assert!(
                !answer.text().contains("SECRET") && !answer.text().contains(&passwd),
                "{what}"
            );
            assert_eq!(answer.header("set-cookie"), "", "{what}");
        }
        let form = format!("path={spaced}");
        let answer = server.post(&format!("/sessions/{id}/reset-file"), &form).await;
        assert!(
            (400..500).contains(&answer.status),
            "reset-file {path}: {} {}",
            answer.status,
            answer.text()
        );
        let watch = server
            .api(
                "POST",
                &format!("{base}/watch"),
                format!("{{\"paths\": [{json}]}}").as_bytes(),
            )
            .await;
        kind_words(&watch, "watch");
    }
    assert_eq!(
        std::fs::read_to_string(server.folder(&id).join("hidden/secret.txt")).unwrap(),
        "SECRET\n"
    );
    assert_eq!(std::fs::read_to_string("/etc/passwd").unwrap(), passwd);
    let beside: Vec<_> = std::fs::read_dir(server.folder(&id))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    for name in beside {
        let known = ["workspace", "hidden", "home", "run", "given", "scratch", "etc", "trial"];
        assert!(
            known.iter().any(|one| name == *one),
            "{} was made beside the workspace",
            name.display()
        );
    }
}

#[tokio::test]
async fn no_address_leads_out_of_what_is_served() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    server.post(&format!("/sessions/{id}/export"), "").await.expect(303);
    let wide = "/a".repeat(30_000);
    let up = [
        "..",
        "%2e%2e",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fhalfway.db",
        "../halfway.db",
        "..%5c..%5chalfway.db",
        "%00",
        "a%00b",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..;/",
        "%252e%252e%252fhalfway.db",
        "install-id",
        "%ff",
    ];
    for path in up.iter().copied().chain([wide.as_str()]) {
        for prefix in [
            "/assets/".to_owned(),
            "/weeks/".to_owned(),
            "/weeks/1/".to_owned(),
            "/weeks/1/figures/".to_owned(),
            "/labs/".to_owned(),
            "/sessions/".to_owned(),
            format!("/sessions/{id}/exports/"),
            "/api/v1/sessions/".to_owned(),
            format!("/api/v1/sessions/{id}/terminals/"),
            "/".to_owned(),
        ] {
            let target = format!("{prefix}{path}");
            let answer = request(&server.address, "GET", &target, &[], b"").await;
            let shown = &target[..target.len().min(120)];
            let text = answer.text();
            assert!((400..500).contains(&answer.status), "{shown}: {} {text}", answer.status);
            for leak in ["root:x", "SQLite format", "os error", "panicked"] {
                assert!(!text.contains(leak), "{shown}: {text}");
            }
        }
        for (method, target) in [
            ("POST", format!("/labs/{path}/start")),
            ("POST", format!("/sessions/{path}/end")),
            ("POST", format!("/sessions/{id}/hints/{path}")),
            ("POST", format!("/sessions/{id}/trials/{path}")),
            ("DELETE", format!("/api/v1/sessions/{id}/terminals/{path}")),
        ] {
            let answer = server.api(method, &target, b"").await;
            let shown = &target[..target.len().min(120)];
            assert!(
                (400..500).contains(&answer.status),
                "{method} {shown}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(!answer.text().contains("os error"), "{shown}");
        }
    }
    assert_eq!(server.session(&id).await["state"], "ready");
}
