//! What every driver must pass: exactly the guarantees that it declares, each with a positive control, and the life of
//! a sandbox.
//!
//! A program in a sandbox is asked to do what it must not; beside it stands the same thing where it is allowed, so that
//! a check that could never fail does not pass.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use halfway::model::Guarantee;
use halfway::sandbox::{Driver, Expect, NoLog, Place, SandboxState};
use halfway_agent::protocol::CreateTerminal;

use super::support::{Fixture, fails, run, said, shell, started};

/// Runs all of it on a driver whose sessions lie in the fixture's state directory.
pub async fn suite(driver: &dyn Driver, fixture: &Fixture) {
    let declared = driver.guarantees();
    for (guarantee, how) in declared.given() {
        println!("{}: {guarantee:?} by {how}", driver.kind());
        match guarantee {
            Guarantee::OwnFiles => own_files(driver, fixture).await,
            Guarantee::OwnProcesses => own_processes(driver, fixture).await,
            Guarantee::NoSignals => no_signals(driver, fixture).await,
            Guarantee::OwnNetwork => own_network(driver, fixture).await,
            Guarantee::OwnPorts => own_ports(driver, fixture).await,
            Guarantee::EgressEnforced => egress_enforced(driver, fixture).await,
            Guarantee::HiddenData => hidden_data(driver, fixture).await,
            Guarantee::ProcessesLimited => processes_limited(driver, fixture).await,
            Guarantee::MemoryLimited => memory_limited(driver, fixture).await,
            Guarantee::MemorySampled => memory_sampled(driver, fixture).await,
            Guarantee::DiskLimited => panic!("no driver promises this yet: write its test with the first that does"),
            Guarantee::DiskSampled => disk_sampled(driver, fixture).await,
            Guarantee::OutlivesServer => outlives_server(driver, fixture).await,
        }
    }
    life(driver, fixture).await;
    one_shots(driver, fixture).await;
    assert_eq!(driver.owned().await.unwrap(), [], "something is left");
}

/// Files of the machine, of the server and of other sessions.
async fn own_files(driver: &dyn Driver, fixture: &Fixture) {
    let (mine, other) = (fixture.session(), fixture.session());
    let outside = fixture.state.path().join("halfway.db");
    std::fs::write(&outside, "the server's own").unwrap();
    let sandbox = started(driver, &fixture.spec(mine)).await;
    let neighbour = driver.prepare(other).await.unwrap();
    std::fs::write(neighbour.workspace().join("theirs"), "a neighbour's").unwrap();

    sandbox
        .workspace
        .write("mine", "my own", Expect::Nothing)
        .await
        .unwrap();
    assert_eq!(said(&sandbox, "cat mine").await, "my own");
    said(
        &sandbox,
        "echo more >> mine && echo x > new && cat \"$HOME/none\" 2>/dev/null; ls / > /dev/null; true",
    )
    .await;
    assert_eq!(
        sandbox.workspace.read("mine", 100).await.unwrap().bytes,
        b"my ownmore\n"
    );
    for path in [
        outside.display().to_string(),
        neighbour.workspace().join("theirs").display().to_string(),
        "/etc/shadow".to_owned(),
        fixture.state.path().join("sessions").display().to_string(),
        "/root".to_owned(),
        "/proc/1/root/etc/shadow".to_owned(),
        "/var/log".to_owned(),
    ] {
        fails(&sandbox, &format!("ls '{path}/' 2>/dev/null || cat '{path}'")).await;
    }
    fails(&sandbox, "echo x > /usr/bin/evil").await;
    fails(&sandbox, &format!("echo x > '{}'", outside.display())).await;
    fails(&sandbox, &format!("mv '{}' ./stolen", outside.display())).await;
    driver.destroy(mine).await.unwrap();
    driver.destroy(other).await.unwrap();
    std::fs::remove_file(outside).unwrap();
}

async fn own_processes(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let sandbox = started(driver, &fixture.spec(session)).await;
    let mut outside = std::process::Command::new("sleep").arg("7771").spawn().unwrap();
    said(&sandbox, "sleep 7772 & exec 1>&-; true").await;
    let list = said(&sandbox, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").await;
    assert!(list.contains("7772"), "its own process must be seen: {list}");
    assert!(!list.contains("7771"), "{list}");
    outside.kill().unwrap();
    outside.wait().unwrap();
    driver.destroy(session).await.unwrap();
}

async fn no_signals(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let sandbox = started(driver, &fixture.spec(session)).await;
    // A victim that any user may signal as far as its user goes: the sandbox's own user, outside of the sandbox.
    let mut victim = std::process::Command::new("sleep");
    victim.arg("7773");
    if let Some((user, group)) = owner_of(&sandbox.folder.workspace()) {
        use std::os::unix::process::CommandExt;
        victim.uid(user).gid(group);
    }
    let mut victim = victim.spawn().unwrap();
    // Many sandboxes see other numbers; none of those may lead to the victim.
    shell(&sandbox, &format!("kill -9 {}", victim.id())).await;
    let everybody = halfway_agent::protocol::Command {
        argv: vec!["/bin/sh".to_owned(), "-c".to_owned(), "kill -9 -1".to_owned()],
        ..halfway_agent::protocol::Command::default()
    };
    // Without a pid namespace that hits the session's own agent: a stopped session, which starts again.
    drop(sandbox.agent.command(&everybody).await);
    assert!(victim.try_wait().unwrap().is_none(), "a process outside was killed");
    let sandbox = started(driver, &fixture.spec(session)).await;
    let environment = format!("cat /proc/{}/environ /proc/{}/mem", victim.id(), victim.id());
    fails(&sandbox, &environment).await;
    // The server itself may have ended it by now: it has the session's user.
    drop(victim.kill());
    victim.wait().unwrap();
    // The control: its own it may end.
    said(&sandbox, "sleep 100 & kill -9 $!; wait $!; test $? = 137").await;
    driver.destroy(session).await.unwrap();
}

fn owner_of(path: &std::path::Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let meta = path.metadata().unwrap();
    rustix::process::geteuid().is_root().then(|| (meta.uid(), meta.gid()))
}

/// A server inside is reached through the agent alone; nothing of the machine is reached from inside.
async fn own_network(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let sandbox = started(driver, &fixture.spec(session)).await;
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    fails(
        &sandbox,
        &python(&format!(
            "import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        )),
    )
    .await;
    // The very port that is taken outside is free inside.
    serve(&sandbox, port).await;
    let mut stream = sandbox.agent.dial_port(port).await.unwrap();
    assert_eq!(answer(&mut stream).await, "inside");
    // Datagrams do not leave, and names do not resolve.
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    datagrams.set_nonblocking(true).unwrap();
    let datagram_port = datagrams.local_addr().unwrap().port();
    shell(
        &sandbox,
        &python(&format!("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {datagram_port}))")),
    )
    .await;
    assert!(datagrams.recv(&mut [0; 8]).is_err());
    driver.destroy(session).await.unwrap();
}

/// TCP ports of its own range can be served and reached, no others.
async fn own_ports(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let sandbox = started(driver, &fixture.spec(session)).await;
    let (first, last) = sandbox.ports;
    let own = if first <= 1024 { 18_080 } else { first };
    serve(&sandbox, own).await;
    let mut stream = sandbox.agent.dial_port(own).await.unwrap();
    assert_eq!(answer(&mut stream).await, "inside");
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let foreign = outside.local_addr().unwrap().port();
    fails(
        &sandbox,
        &python(&format!(
            "import socket; socket.create_connection(('127.0.0.1', {foreign}), 2)"
        )),
    )
    .await;
    if last < u16::MAX {
        let beyond = last + 20;
        fails(
            &sandbox,
            &python(&format!("import socket; socket.socket().bind(('127.0.0.1', {beyond}))")),
        )
        .await;
    }
    driver.destroy(session).await.unwrap();
}

/// The policy `none`: no way out, and the proxy of another policy refuses what is private.
async fn egress_enforced(driver: &dyn Driver, fixture: &Fixture) {
    let closed = fixture.session();
    let sandbox = started(driver, &fixture.spec(closed)).await;
    fails(
        &sandbox,
        &python("import socket; socket.create_connection(('1.1.1.1', 53), 2)"),
    )
    .await;
    assert_eq!(said(&sandbox, "echo \"$https_proxy\"").await, "");
    driver.destroy(closed).await.unwrap();

    let open = fixture.session();
    let mut spec = fixture.spec(open);
    spec.egress = halfway::model::Egress::Open;
    let sandbox = started(driver, &spec).await;
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    fails(
        &sandbox,
        &python("import socket; socket.create_connection(('1.1.1.1', 53), 2)"),
    )
    .await;
    for target in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        "169.254.169.254:80".to_owned(),
    ] {
        let ask = python(&format!(
            "import os, socket, urllib.parse as u\n\
             p = u.urlparse(os.environ['https_proxy'])\n\
             s = socket.create_connection((p.hostname, p.port), 5)\n\
             s.sendall(b'CONNECT {target} HTTP/1.1\\r\\nHost: {target}\\r\\n\\r\\n')\n\
             text = b''\n\
             while True:\n\
             \x20   piece = s.recv(4096)\n\
             \x20   if not piece: break\n\
             \x20   text += piece\n\
             print(text.decode())"
        ));
        let answer = said(&sandbox, &ask).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{target}: {answer}");
        assert!(answer.contains("private network"), "{answer}");
    }
    driver.destroy(open).await.unwrap();
}

async fn hidden_data(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let folder = driver.prepare(session).await.unwrap();
    std::fs::write(folder.hidden().join("labels.csv"), "42").unwrap();
    let sandbox = started(driver, &fixture.spec(session)).await;
    let hidden = folder.hidden().display().to_string();
    fails(&sandbox, &format!("cat '{hidden}/labels.csv'")).await;
    fails(&sandbox, "cat /hidden/labels.csv").await;
    fails(&sandbox, &format!("ln -s '{hidden}/labels.csv' l && cat l")).await;
    fails(&sandbox, &format!("ln '{hidden}/labels.csv' h")).await;
    fails(&sandbox, &format!("ls '{}'", folder.run().display())).await;
    fails(&sandbox, "grep -rs 42 /proc/1/cwd/../hidden /proc/1/root/hidden").await;
    // The control: the lab's own code reads it.
    let mut spec = run(session, &folder.workspace(), &["cat", "/hidden/labels.csv"]);
    spec.binds.push(halfway::sandbox::Bind {
        place: Place::Hidden,
        host: folder.hidden(),
        writable: false,
    });
    assert_eq!(driver.runner().run(spec, None).await.unwrap().stdout.text(), "42");
    driver.destroy(session).await.unwrap();
}

/// A program that forks for ever runs against the limit, and the sandbox still answers.
async fn processes_limited(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let spec = fixture.spec(session);
    let sandbox = started(driver, &spec).await;
    said(&sandbox, "for i in 1 2 3 4 5; do sleep 300 & done; true").await;
    let bomb = python(
        "import os, time\n\
         made = 0\n\
         try:\n\
         \x20   for _ in range(400):\n\
         \x20       if os.fork() == 0: time.sleep(300); os._exit(0)\n\
         \x20       made += 1\n\
         except OSError: pass\n\
         print(made)",
    );
    let made: u32 = said(&sandbox, &bomb).await.parse().unwrap();
    assert!(
        made > 5 && made <= spec.limits.processes + 8,
        "{made} processes were made"
    );
    sandbox.agent.health().await.unwrap();
    driver.stop(session).await.unwrap();
    assert_eq!(driver.state(session).await.unwrap(), SandboxState::Stopped);
    driver.destroy(session).await.unwrap();
}

const HOG: &str = "data = []\nfor _ in range(64): data.append(bytearray(16 << 20))\nprint('held')";

async fn memory_limited(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let sandbox = started(driver, &fixture.spec(session)).await;
    fails(&sandbox, &python(HOG)).await;
    // Together, not each for itself.
    let half = "import time; data = bytearray(160 << 20); time.sleep(300)";
    let both = format!("{} & {} & wait -n; test $? != 0", python(half), python(half));
    let result = shell(&sandbox, &format!("exec bash -c {}", quoted(&both))).await;
    assert_eq!(result.exit_code, Some(0), "{result:?}");
    assert_eq!(
        said(&sandbox, &python("data = bytearray(32 << 20); print('fits')")).await,
        "fits"
    );
    driver.destroy(session).await.unwrap();
}

async fn memory_sampled(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let sandbox = started(driver, &fixture.spec(session)).await;
    fails(&sandbox, &python(HOG)).await;
    let before = driver.sample(session).await.unwrap();
    let holder = format!(
        "{} & read x < pipe",
        python("import time\ndata = bytearray(b'x' * (64 << 20))\nopen('pipe', 'w').write('x\\n')\ntime.sleep(300)")
    );
    said(&sandbox, &format!("mkfifo pipe; {holder}")).await;
    let after = driver.sample(session).await.unwrap();
    assert!(after.memory >= before.memory + (60 << 20), "{before:?} {after:?}");
    assert!(after.processes > before.processes, "{before:?} {after:?}");
    driver.destroy(session).await.unwrap();
}

async fn disk_sampled(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let spec = fixture.spec(session);
    let sandbox = started(driver, &spec).await;
    let before = driver.sample(session).await.unwrap().disk;
    said(&sandbox, "head -c 8388608 /dev/zero > eight && sync eight").await;
    let after = driver.sample(session).await.unwrap().disk;
    assert!(after >= before + (8 << 20), "{before} {after}");
    if driver.guarantees().has(Guarantee::OwnFiles) {
        fails(
            &sandbox,
            &format!("head -c {} /dev/zero > huge", spec.limits.disk + 4096),
        )
        .await;
        assert!(sandbox.workspace.stat("huge").await.unwrap().size <= spec.limits.disk);
    }
    driver.destroy(session).await.unwrap();
}

/// The server's handles go; the terminal and what runs in it stay, and a new handle finds them.
async fn outlives_server(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let sandbox = started(driver, &fixture.spec(session)).await;
    let terminal = sandbox
        .agent
        .create_terminal(&CreateTerminal {
            name: Some("one".to_owned()),
            ..CreateTerminal::default()
        })
        .await
        .unwrap();
    said(&sandbox, "sleep 7774 >/dev/null 2>&1 & true").await;
    drop(sandbox);
    assert_eq!(driver.state(session).await.unwrap(), SandboxState::Running);
    let again = driver.connect(session).await.unwrap();
    let found = again.agent.list_terminals().await.unwrap();
    assert_eq!((found.len(), found[0].id.as_str()), (1, terminal.id.as_str()));
    let processes = again.agent.processes().await.unwrap();
    assert!(
        processes
            .iter()
            .any(|process| process.argv.iter().any(|word| word == "7774"))
    );
    driver.destroy(session).await.unwrap();
}

/// Made twice, stopped twice, started again, removed twice.
async fn life(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let spec = fixture.spec(session);
    assert_eq!(driver.state(session).await.unwrap(), SandboxState::Absent);
    driver.stop(session).await.unwrap();
    driver.destroy(session).await.unwrap();

    let sandbox = started(driver, &spec).await;
    let first = sandbox.agent.health().await.unwrap();
    driver.create(&spec, &NoLog).await.unwrap();
    assert_eq!(
        sandbox.agent.health().await.unwrap().start_ticks,
        first.start_ticks,
        "a second agent was started"
    );
    said(&sandbox, "echo kept > file; chmod 600 file; mkdir -p d/e && chmod 0 d").await;
    assert_eq!(sandbox.workspace.read("file", 10).await.unwrap().bytes, b"kept\n");
    let owned = driver.owned().await.unwrap();
    assert_eq!(owned.len(), 1);
    assert!(owned[0].running && owned[0].files && owned[0].session == session);

    for _ in 0..2 {
        driver.stop(session).await.unwrap();
        assert_eq!(driver.state(session).await.unwrap(), SandboxState::Stopped);
    }
    assert!(driver.connect(session).await.is_err());
    let workspace = driver.workspace(session).await.unwrap();
    assert_eq!(workspace.read("file", 10).await.unwrap().bytes, b"kept\n");

    let again = started(driver, &spec).await;
    assert_eq!(said(&again, "cat file").await, "kept");
    for _ in 0..2 {
        driver.destroy(session).await.unwrap();
        assert_eq!(driver.state(session).await.unwrap(), SandboxState::Absent);
    }
    assert!(!again.folder.root().exists());
}

/// Output, exit code, time limit, and nothing that is left running.
async fn one_shots(driver: &dyn Driver, fixture: &Fixture) {
    let session = fixture.session();
    let folder = driver.prepare(session).await.unwrap();
    let runner = driver.runner();
    let shell = |line: &str| run(session, &folder.workspace(), &["sh", "-c", line]);
    let output = runner
        .run(
            shell("echo out; echo err >&2; echo made > \"$HALFWAY_WORKSPACE/made\"; exit 3"),
            None,
        )
        .await
        .unwrap();
    assert_eq!(output.exit_code, Some(3));
    assert_eq!(
        (output.stdout.text().as_str(), output.stderr.text().as_str()),
        ("out\n", "err\n")
    );
    assert_eq!(
        std::fs::read_to_string(folder.workspace().join("made")).unwrap(),
        "made\n"
    );

    let mut slow = shell("echo begun; sleep 300");
    slow.timeout = Duration::from_millis(700);
    let output = runner.run(slow, None).await.unwrap();
    assert!(output.timed_out && output.exit_code.is_none(), "{output:?}");
    assert_eq!(output.stdout.text(), "begun\n");

    let mut loud = shell("head -c 300000 /dev/zero");
    loud.output_cap = 1000;
    let output = runner.run(loud, None).await.unwrap();
    assert_eq!(
        (output.stdout.bytes.len(), output.stdout.truncated, output.exit_code),
        (1000, true, Some(0))
    );

    let output = runner
        .run(run(session, &folder.workspace(), &["no-such-program"]), None)
        .await
        .unwrap();
    assert_eq!(output.exit_code, Some(127), "{output:?}");
    driver.destroy(session).await.unwrap();
}

pub fn python(code: &str) -> String {
    format!("/usr/bin/python3 -c {}", quoted(code))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A server inside that answers `inside` to whoever connects; returns when it listens.
async fn serve(sandbox: &halfway::sandbox::Sandbox, port: u16) {
    let code = format!(
        "import os, socket\n\
         s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
         s.bind(('127.0.0.1', {port})); s.listen()\n\
         if os.fork(): os._exit(0)\n\
         os.setsid(); n = os.open('/dev/null', os.O_RDWR)\n\
         for f in (0, 1, 2): os.dup2(n, f)\n\
         while True:\n\
         \x20   c, _ = s.accept(); c.sendall(b'inside'); c.close()"
    );
    said(sandbox, &python(&code)).await;
}

async fn answer(stream: &mut halfway::sandbox::AgentStream) -> String {
    use tokio::io::AsyncReadExt;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// A socket at a path as long as a state directory may be deep.
#[tokio::test]
async fn a_deep_state_directory_is_no_obstacle() {
    let fixture = Fixture::new();
    let deep = fixture.state.path().join("d".repeat(100)).join("e".repeat(100));
    std::fs::create_dir_all(&deep).unwrap();
    assert!(
        UnixListener::bind(deep.join("agent.sock")).is_err(),
        "the path must be too long for a socket"
    );
    crate::require!("agent", super::support::has_agent(), "make agent");
    let driver = halfway::sandbox::fake::FakeDriver::new(deep, fixture.install);
    let session = fixture.session();
    started(&driver, &fixture.spec(session))
        .await
        .agent
        .health()
        .await
        .unwrap();
    driver.destroy(session).await.unwrap();
}
