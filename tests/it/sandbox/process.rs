//! The process driver in both forms, as root and as an ordinary user, and the fake driver.

use halfway::sandbox::fake::FakeDriver;
use halfway::sandbox::{Driver, FormChoice, NoLog, SandboxError, SandboxState};

use super::conformance::suite;
use super::support::{Fixture, has_agent, said, started};
use crate::support;

/// Set for the copy of this test's executable that runs as an ordinary user.
const ORDINARY: &str = "HALFWAY_TEST_ORDINARY";

#[tokio::test(flavor = "multi_thread")]
async fn bubblewrap_keeps_its_promises() {
    crate::require!("agent", has_agent(), "make agent");
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    let fixture = Fixture::new();
    let driver = fixture.process(FormChoice::Bubblewrap).await;
    assert_eq!(driver.form(), "bubblewrap");
    suite(&driver, &fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn landlock_keeps_its_promises() {
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    let driver = fixture.process(FormChoice::Landlock).await;
    assert_eq!(driver.form(), "landlock");
    suite(&driver, &fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fake_keeps_its_promises() {
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    suite(&FakeDriver::new(fixture.state.path(), fixture.install), &fixture).await;
}

/// Runs this executable's other tests as `nobody`, in a directory that `nobody` can reach.
#[test]
fn an_ordinary_user_gets_the_same_promises() {
    if std::env::var_os(ORDINARY).is_some() || !rustix::process::geteuid().is_root() {
        // Then the other tests are this one.
        return;
    }
    crate::require!("agent", has_agent(), "make agent");
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    let place = tempfile::tempdir().unwrap();
    let agent = halfway::sandbox::agent_binary::install(place.path(), None).unwrap();
    let executable = place.path().join("it");
    // By another process: a child that a test beside this one forks would hold the file open for writing for a moment,
    // and the kernel executes no such file.
    let copied = std::process::Command::new("cp")
        .arg(std::env::current_exe().unwrap())
        .arg(&executable)
        .status();
    assert!(copied.unwrap().success());
    let temporary = place.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    for path in [place.path(), &temporary] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let output = {
        use std::os::unix::process::CommandExt;
        std::process::Command::new(&executable)
            .args([
                "--test-threads",
                "1",
                "--nocapture",
                "keeps_its_promises",
                "sandbox::process::an_agent",
            ])
            .env(ORDINARY, "1")
            .env("HALFWAY_AGENT", &agent)
            .env("TMPDIR", &temporary)
            .env("HOME", &temporary)
            .current_dir(&temporary)
            .uid(65534)
            .gid(65534)
            .output()
            .unwrap()
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("bubblewrap_keeps_its_promises"), "{said}");
}

/// A second driver on the same state is what a server is after a restart, and an empty database changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_found_again_without_its_record() {
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    let session = fixture.session();
    let first = fixture.process(FormChoice::Auto).await;
    let sandbox = started(&first, &fixture.spec(session)).await;
    drop(first);
    std::fs::remove_file(sandbox.folder.run().join("agent.json")).unwrap();

    let second = fixture.process(FormChoice::Auto).await;
    let owned = second.owned().await.unwrap();
    assert!(owned.len() == 1 && owned[0].running, "{owned:?}");
    second.destroy(session).await.unwrap();
    assert_eq!(second.owned().await.unwrap(), []);
    assert!(sandbox.agent.health().await.is_err());
}

/// What could not be looked at says nothing: a live agent must not be taken for a dead one.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_cannot_be_looked_for_is_not_dead() {
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    let session = fixture.session();
    let driver = fixture.process(FormChoice::Auto).await;
    let sandbox = started(&driver, &fixture.spec(session)).await;
    let (record, aside) = (
        sandbox.folder.run().join("agent.json"),
        sandbox.folder.run().join("aside"),
    );
    std::fs::rename(&record, &aside).unwrap();
    std::fs::create_dir(&record).unwrap();
    assert!(driver.state(session).await.is_err());
    assert!(driver.connect(session).await.is_err());
    std::fs::remove_dir(&record).unwrap();
    std::fs::rename(&aside, &record).unwrap();
    assert_eq!(driver.state(session).await.unwrap(), SandboxState::Running);
    driver.destroy(session).await.unwrap();
}

/// Installations on one machine share the range of users: whoever ends a session ends nothing of another's.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_installation_runs_is_not_touched() {
    crate::require!("agent", has_agent(), "make agent");
    if !rustix::process::geteuid().is_root() {
        // Without users of their own sessions are told apart by their marks alone.
        return;
    }
    let (ours, theirs) = (Fixture::new(), Fixture::new());
    let session = ours.session();
    let driver = ours.process(FormChoice::Landlock).await;
    let sandbox = started(&driver, &ours.spec(session)).await;
    let share = sandbox.folder.run().join("share.json");
    let share: serde_json::Value = serde_json::from_slice(&std::fs::read(share).unwrap()).unwrap();
    let user = u32::try_from(share["user"].as_u64().unwrap()).unwrap();

    // It gets no user who runs something.
    let other = theirs.process_with(FormChoice::Landlock, (user, user)).await;
    let second = theirs.session();
    let refused = other.prepare(second).await;
    assert!(matches!(refused, Err(SandboxError::Exhausted(_))), "{refused:?}");
    // And where it has got the user before, it does not end what bears another session's mark.
    let folder = halfway::sandbox::SessionFolder::new(theirs.state.path(), second);
    folder.make(None).unwrap();
    std::fs::write(folder.run().join("share.json"), share.to_string()).unwrap();
    other.destroy(second).await.unwrap();
    sandbox.agent.health().await.unwrap();
    assert_eq!(driver.state(session).await.unwrap(), SandboxState::Running);
    driver.destroy(session).await.unwrap();
}

/// A learner's program that calls itself an agent, with the arguments of one, is not one.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_not_who_says_so() {
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    let driver = fixture.process(FormChoice::Auto).await;
    let (session, victim) = (fixture.session(), fixture.session());
    let sandbox = started(&driver, &fixture.spec(session)).await;
    said(
        &sandbox,
        &format!(
            "bash -c 'exec -a /run/halfway/agent sleep 300 --session {victim} --install {i}' >/dev/null 2>&1 &
             bash -c 'exec -a halfway-agent-0 python3 -c \"import time; time.sleep(300)\" --session {victim} --install {i}' >/dev/null 2>&1 &
             /run/halfway/agent --session {victim} --install {i} --workspace /workspace --home /tmp --socket /tmp/s >/dev/null 2>&1 &
             true",
            i = fixture.install
        ),
    )
    .await;
    let owned = driver.owned().await.unwrap();
    assert_eq!(owned.iter().map(|one| one.session).collect::<Vec<_>>(), [session]);
    assert_eq!(driver.state(victim).await.unwrap(), SandboxState::Absent);
    driver.destroy(session).await.unwrap();
}

/// Killed from outside, as by the kernel when memory runs out: stopped, files intact, startable.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_killed_leaves_a_stopped_session() {
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    let driver = fixture.process(FormChoice::Auto).await;
    let session = fixture.session();
    let sandbox = started(&driver, &fixture.spec(session)).await;
    said(&sandbox, "echo kept > file").await;
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(sandbox.folder.run().join("agent.json")).unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(record["agent"]["pid"].as_i64().unwrap()).unwrap()).unwrap();
    let descriptor = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_send_signal(&descriptor, rustix::process::Signal::KILL).unwrap();
    let mut watched = [rustix::event::PollFd::new(&descriptor, rustix::event::PollFlags::IN)];
    rustix::event::poll(&mut watched, None).unwrap();

    assert_eq!(driver.state(session).await.unwrap(), SandboxState::Stopped);
    assert!(matches!(driver.connect(session).await, Err(SandboxError::NotRunning)));
    driver.create(&fixture.spec(session), &NoLog).await.unwrap();
    let again = driver.connect(session).await.unwrap();
    assert_eq!(said(&again, "cat file").await, "kept");
    driver.destroy(session).await.unwrap();
}

#[tokio::test]
async fn doctor_tells_what_works() {
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    let driver = fixture.process(FormChoice::Auto).await;
    let findings = driver.examine().await;
    for what in ["agent", "bubblewrap", "landlock", "control groups"] {
        let finding = findings.iter().find(|finding| finding.what == what).unwrap();
        assert!(!finding.why.is_empty(), "{finding:?}");
        println!("{finding:?}");
    }
}

/// What the server makes for a run, the run can use, whoever the server is.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_writes_what_the_server_made_for_it() {
    use std::os::unix::fs::PermissionsExt;

    use halfway::sandbox::{Bind, Place};
    crate::require!("agent", has_agent(), "make agent");
    let fixture = Fixture::new();
    for form in [FormChoice::Auto, FormChoice::Landlock] {
        let driver = fixture.process(form).await;
        let session = fixture.session();
        let folder = driver.prepare(session).await.unwrap();
        let scratch = folder.scratch().join("referee");
        let mut spec = super::support::run(
            session,
            &folder.workspace(),
            &[
                "sh",
                "-c",
                "cat \"$1\" > \"$2\" && ! touch \"$1\"",
                "sh",
                "/in/question",
                "/out/answer",
            ],
        );
        for (place, name, writable) in [(Place::In, "in", false), (Place::Out, "out", true)] {
            let host = scratch.join(name);
            std::fs::create_dir_all(&host).unwrap();
            std::fs::set_permissions(&host, std::fs::Permissions::from_mode(0o700)).unwrap();
            spec.binds.push(Bind { place, host, writable });
        }
        std::fs::write(scratch.join("in/question"), "42").unwrap();
        let output = driver.runner().run(spec, None).await.unwrap();
        assert!(output.succeeded(), "{output:?}");
        assert_eq!(std::fs::read_to_string(scratch.join("out/answer")).unwrap(), "42");
        driver.destroy(session).await.unwrap();
    }
}

/// Ports inside are reached by name, and the proxy leads to what configuration opens and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_leads_where_the_policy_says() {
    use std::io::{Read, Write};

    use halfway::sandbox::{EgressConfig, ProcessConfig, ProcessDriver};
    crate::require!("agent", has_agent(), "make agent");
    crate::require!("curl", support::has_program("curl"), "apt-get install curl");
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in outside.incoming().flatten() {
            let mut stream = stream;
            let mut head = [0; 4096];
            let count = stream.read(&mut head).unwrap_or(0);
            let line = String::from_utf8_lossy(&head[..count])
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{line}",
                line.len()
            );
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    let fixture = Fixture::new();
    let egress = EgressConfig {
        registries: Some(vec!["127.0.0.1".to_owned()]),
        private: vec![format!("127.0.0.1:{port}")],
    };
    let driver = ProcessDriver::open(
        fixture.state.path(),
        fixture.install,
        ProcessConfig::default(),
        egress,
        fixture.random.clone(),
    )
    .await
    .unwrap();
    let session = fixture.session();
    let mut spec = fixture.spec(session);
    spec.egress = halfway::model::Egress::Registries;
    let sandbox = started(&driver, &spec).await;
    let curl = "curl -sS --noproxy '' -x \"$http_proxy\"";
    assert_eq!(
        said(&sandbox, &format!("{curl} http://127.0.0.1:{port}/a?b")).await,
        "GET /a?b HTTP/1.1"
    );
    assert_eq!(
        said(&sandbox, &format!("{curl} -p http://127.0.0.1:{port}/tunnel")).await,
        "GET /tunnel HTTP/1.1"
    );
    let refusal = said(&sandbox, &format!("{curl} http://example.com/")).await;
    assert!(
        refusal.contains("example.com") && refusal.contains("`registries`"),
        "{refusal}"
    );

    // The proxy goes with the server, and comes back on the same path.
    drop(driver);
    let answer = said(&sandbox, &format!("{curl} http://127.0.0.1:{port}/")).await;
    assert!(answer.contains("does not answer"), "{answer}");
    let again = ProcessDriver::open(
        fixture.state.path(),
        fixture.install,
        ProcessConfig::default(),
        EgressConfig {
            registries: Some(vec!["127.0.0.1".to_owned()]),
            private: vec![format!("127.0.0.1:{port}")],
        },
        fixture.random.clone(),
    )
    .await
    .unwrap();
    again.connect(session).await.unwrap();
    assert_eq!(
        said(&sandbox, &format!("{curl} http://127.0.0.1:{port}/c")).await,
        "GET /c HTTP/1.1"
    );
    again.destroy(session).await.unwrap();
}
