//! The machine's bad days: a full disk, a locked database, a port in use, a second server, an agent that is gone or of
//! another version, a database that is not there.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncBufReadExt as _;

use super::harness::{Server, Walls, Wanted, postgres_address};
use super::labs;
use super::setup::failed;
use crate::support;

/// A file system of 96 MiB on a directory, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=96m,mode=700", "halfway-test"])
            .arg(at)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then(|| Self(at.to_owned()))
    }

    /// Fills it to the last byte.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [1 << 20, 4096, 1] {
            let piece = vec![b'x'; size];
            while file.write_all(&piece).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_lost() {
    crate::require!("root", rustix::process::geteuid().is_root(), "run the tests as root");
    let place = tempfile::Builder::new().prefix("halfway-disk-").tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&place.path().join("disk")) else {
        support::skip(
            "mount",
            "run the tests where root may mount a tmpfs",
            module_path!(),
            line!(),
        );
        return;
    };
    let mut wanted = Wanted::new(Walls::Landlock, [labs::plain("plain"), labs::plain("other")]);
    wanted.state = Some(disk.0.join("state"));
    let mut server = Server::start(wanted).await;
    let id = server.ready_lab("plain").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;
    let before = std::fs::read(server.workspace(&id).join("word.txt")).unwrap();

    let filler = disk.fill();
    let large = "x".repeat(100_000);
    let answer = server.save(&id, "word.txt", &large).await;
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert_eq!(
        std::fs::read(server.workspace(&id).join("word.txt")).unwrap(),
        before,
        "the old file is whole"
    );
    let answer = server.post(&format!("/sessions/{id}/export"), "").await;
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert!(answer.text().to_lowercase().contains("disk"), "{}", answer.text());
    // Pages are read all the same, and what needs room is refused or fails in words.
    server.get("/").await.expect(200);
    server.get(&format!("/sessions/{id}")).await.expect(200);
    let start = server.post("/labs/other/start", "").await;
    assert!(
        matches!(start.status, 303 | 503 | 507),
        "{} {}",
        start.status,
        start.text()
    );
    assert!(
        !start.text().contains("os error") && !start.text().contains("SQL"),
        "{}",
        start.text()
    );
    if start.status == 303 {
        let other = start.header("location").strip_prefix("/sessions/").unwrap().to_owned();
        std::fs::remove_file(&filler).unwrap();
        server
            .until("an end of the start", async || {
                let state = server.session(&other).await["state"].clone();
                if state == "failed" {
                    server.post(&format!("/sessions/{other}/retry"), "").await.expect(303);
                }
                (state == "ready").then_some(())
            })
            .await;
    } else {
        std::fs::remove_file(&filler).unwrap();
    }
    // Room again: everything goes on, also for a server that is started anew.
    server.save(&id, "word.txt", "wrong\n").await.expect(200);
    server.until_verdict(&id, "word", "fail").await;
    server.post(&format!("/sessions/{id}/export"), "").await.expect(303);
    server.kill_9_and_restart().await;
    assert_eq!(server.task(&id, "word").await["award"]["points"], 10);
    server.end(&id).await;

    // A server that starts on a full disk says so or serves.
    server.stop().await;
    let filler = disk.fill();
    let mut command = tokio::process::Command::from(server.command());
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut said = tokio::io::BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).await.unwrap();
    if line.is_empty() {
        let output = child.wait_with_output().await.unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            words.contains("halfway: ") && words.contains("full") && !words.contains("panicked"),
            "{words}"
        );
    } else {
        child.kill().await.unwrap();
    }
    std::fs::remove_file(filler).unwrap();
    server.restart().await;
    drop(server);
    drop(disk);
}

#[tokio::test]
async fn a_locked_database_makes_requests_wait_or_try_again() {
    let server = Server::start(Wanted::new(
        Walls::Landlock,
        [labs::plain("plain"), labs::plain("other")],
    ))
    .await;
    let id = server.ready_lab("plain").await;
    let address = format!("sqlite:{}", server.state().join("halfway.db").display());
    let other = sqlx::SqlitePool::connect(&address).await.unwrap();
    let mut writer = other.acquire().await.unwrap();
    sqlx::query("begin immediate").execute(&mut *writer).await.unwrap();
    // Reading goes on; writing waits, and then says that it is busy.
    server.get("/history").await.expect(200);
    server.get(&format!("/sessions/{id}")).await.expect(200);
    let answer = server.post("/labs/other/start", "").await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(answer.header("retry-after"), "3");
    assert!(!answer.text().contains("database is locked"), "{}", answer.text());
    sqlx::query("rollback").execute(&mut *writer).await.unwrap();
    let other = server.ready_lab("other").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;
    server.assert_nothing_unowned(&[&id, &other]);
}

#[tokio::test]
async fn a_start_that_cannot_be_is_told_in_one_line_with_the_way_out() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    let aside = tempfile::tempdir().unwrap();
    let aside = aside.path().display().to_string();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    let cases: [(&[&str], &[&str], &[&str]); 6] = [
        (
            &[],
            &["serve", "--listen", "127.0.0.1:0"],
            &["another server", "--state"],
        ),
        (&[], &["sweep"], &["another server"]),
        (
            &["--state", &aside],
            &["serve", "--listen", &taken],
            &["in use", "--listen"],
        ),
        (
            &["--state", &aside],
            &["serve", "--listen", "0.0.0.0:0"],
            &["refused", "ssh -L"],
        ),
        (
            &[
                "--state",
                &aside,
                "--database",
                "postgres://nobody:secret-word@127.0.0.1:1/none",
            ],
            &["serve", "--listen", "127.0.0.1:0"],
            &["database"],
        ),
        (
            &["--state", "/proc/none"],
            &["serve", "--listen", "127.0.0.1:0"],
            &["--state"],
        ),
    ];
    for (options, command, words) in cases {
        let mut run = std::process::Command::new(super::harness::binary());
        run.arg("--labs").arg(server.labs());
        if !options.contains(&"--state") {
            run.arg("--state").arg(server.state());
        }
        let output = run.args(options).args(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        assert!(output.stdout.is_empty(), "{command:?}");
        for word in words {
            assert!(said.contains(word), "{command:?} does not say {word:?}: {said}");
        }
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("halfway: "), "{command:?}: {said}");
        assert!(
            !said.contains("secret-word") && !said.contains("panicked"),
            "{command:?}: {said}"
        );
    }
    assert_eq!(
        server.session(&id).await["state"],
        "ready",
        "the first one is not disturbed"
    );
}

#[tokio::test]
async fn an_agent_that_is_killed_pauses_its_session() {
    for walls in [Walls::Landlock, Walls::Bubblewrap] {
        if walls == Walls::Bubblewrap && !support::has_program("bwrap") {
            support::skip("bubblewrap", "apt-get install bubblewrap", module_path!(), line!());
            continue;
        }
        let server = Server::start(Wanted::new(walls, [labs::plain("plain")])).await;
        let id = server.ready_lab("plain").await;
        server
            .terminal(&id)
            .await
            .run("echo right > word.txt; sleep 10000 &")
            .await;
        server.until_verdict(&id, "word", "pass").await;
        server.kill_agent(&id);
        let paused = server.until_state(&id, "paused").await;
        assert!(
            paused["reason"]
                .as_str()
                .unwrap()
                .contains("files are as you left them"),
            "{paused}"
        );
        let page = server.get(&format!("/sessions/{id}")).await.expect(200).text();
        assert!(page.contains("/resume"), "{page}");
        let answer = server.get(&format!("/api/v1/sessions/{id}/terminals")).await;
        assert_eq!(answer.status, 409, "{}", answer.text());
        // Files may be looked at meanwhile.
        let file = server
            .get(&format!("/api/v1/sessions/{id}/files/content?path=word.txt"))
            .await;
        assert!(matches!(file.status, 200 | 409), "{}", file.text());
        server.post(&format!("/sessions/{id}/resume"), "").await.expect(303);
        server.until_state(&id, "ready").await;
        let (said, code) = server.terminal(&id).await.run("cat word.txt").await;
        assert!(code == 0 && said.contains("right"), "{said}");
        server.until_verdict(&id, "word", "pass").await;
        server.end(&id).await;
        server.assert_nothing_unowned(&[]);
    }
}

#[tokio::test]
async fn an_agent_of_another_version_pauses_its_session_with_the_way_out() {
    let mut server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    server.terminal(&id).await.run("echo kept > kept.txt").await;
    server.kill_9().await;
    // In the place of the agent's socket somebody who speaks a protocol of a later time.
    let socket = server.folder(&id).join("run/agent.sock");
    std::fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let body = "{\"protocol\": 99, \"nothing\": \"that is known\"}";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    server.restart().await;
    let paused = server.until_state(&id, "paused").await;
    assert!(
        paused["reason"].as_str().unwrap().contains("another version"),
        "{paused}"
    );
    server.post(&format!("/sessions/{id}/resume"), "").await.expect(303);
    server.until_state(&id, "ready").await;
    let (said, code) = server.terminal(&id).await.run("cat kept.txt").await;
    assert!(code == 0 && said.contains("kept"), "{said}");
    server.assert_nothing_unowned(&[&id]);
}

#[tokio::test]
async fn a_workspace_that_is_gone_is_told() {
    let server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    server.kill_agent(&id);
    server.until_state(&id, "paused").await;
    std::fs::remove_dir_all(server.folder(&id)).unwrap();
    let failed = failed(&server, &id).await;
    assert!(failed["reason"].as_str().unwrap().contains("gone"), "{failed}");
    server.post(&format!("/sessions/{id}/retry"), "").await.expect(303);
    server.until_state(&id, "ready").await;
}

#[tokio::test]
async fn rows_of_the_future_disturb_nobody() {
    let mut server = Server::start(Wanted::new(Walls::Landlock, [labs::plain("plain")])).await;
    let id = server.ready_lab("plain").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;
    server.kill_9().await;
    // As after a clock that was an hour ahead when the server ran last.
    let hour: i64 = 3_600_000_000;
    let alive = server.state().join("alive");
    if let Ok(text) = std::fs::read_to_string(&alive) {
        std::fs::write(&alive, (text.trim().parse::<i64>().unwrap() + hour).to_string()).unwrap();
    }
    let address = format!("sqlite:{}", server.state().join("halfway.db").display());
    let pool = sqlx::SqlitePool::connect(&address).await.unwrap();
    let later =
        sqlx::query("update lab_sessions set created = created + $1, ready = ready + $1, deadline = deadline + $1")
            .bind(hour)
            .execute(&pool)
            .await
            .unwrap();
    assert_eq!(later.rows_affected(), 1);
    pool.close().await;
    server.restart().await;
    let session = server.session(&id).await;
    assert_eq!(session["state"], "ready", "{session}");
    for page in ["/", "/history", &format!("/sessions/{id}")] {
        server.get(page).await.expect(200);
    }
    server.save(&id, "word.txt", "wrong\n").await.expect(200);
    server.until_verdict(&id, "word", "fail").await;
    server.end(&id).await;
    server.get(&format!("/sessions/{id}/finish")).await.expect(200);
    assert!(!server.log().contains("panicked"));
}

#[tokio::test]
async fn postgresql_serves_the_whole_as_sqlite_does() {
    crate::require!("postgresql", support::postgres::present(), support::postgres::FIX);
    let mut wanted = Wanted::new(Walls::Landlock, [labs::plain("plain")]);
    wanted.database = Some(postgres_address());
    let mut server = Server::start(wanted).await;
    let id = server.ready_lab("plain").await;
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.until_verdict(&id, "word", "pass").await;
    server.kill_9_and_restart().await;
    assert_eq!(server.task(&id, "word").await["award"]["points"], 10);
    server.end(&id).await;
    assert!(server.get("/history").await.expect(200).text().contains(&id));
}
