//! Hostile processes: what one session does, another does not feel, and ending it removes everything.

use super::harness::{Server, Walls, Wanted, processes};
use super::labs;
use crate::support;

/// What is typed into the terminal. `MARK` is replaced by a word that finds the processes on the host.
const HOSTILE: [(&str, &str); 6] = [
    (
        "a fork bomb",
        "bomb() { (bomb & bomb) ; sleep 10000 MARK; }; bomb & echo begun",
    ),
    (
        "programs that ignore signals",
        "for i in 1 2 3 4; do setsid sh -c 'trap \"\" TERM INT HUP; while :; do sleep 1000; done' MARK & done; echo begun",
    ),
    (
        "a flood",
        "(while :; do echo MARK flood flood flood flood flood flood; done) & echo begun",
    ),
    (
        "a flood of files",
        "(i=0; while :; do i=$((i+1)); : > \"flood-$i\"; rm -f \"flood-$i\"; done; sleep 1 MARK) & echo begun",
    ),
    (
        "a memory hog",
        "(head -c 2000000000 /dev/zero | tail) & sleep 10000 MARK & echo begun",
    ),
    (
        "a deep tree",
        "(for i in $(seq 200); do mkdir -p d && cd d || exit; done; sleep 10000 MARK) & echo begun",
    ),
];

#[tokio::test]
async fn do_not_reach_a_second_session_and_end_with_theirs() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    hostile(Walls::Bubblewrap).await;
}

#[tokio::test]
async fn do_not_reach_a_second_session_and_end_with_theirs_without_bubblewrap() {
    hostile(Walls::Landlock).await;
}

async fn hostile(walls: Walls) {
    let server = Server::start(Wanted::new(walls, [labs::plain("calm"), labs::plain("wild")])).await;
    let calm = server.ready_lab("calm").await;
    let mut typed = server.terminal(&calm).await;
    let install = std::fs::read_to_string(server.state().join("install-id")).unwrap();
    for (number, (name, line)) in HOSTILE.into_iter().enumerate() {
        let mark = format!("hostile-{number}-{}", install.trim());
        let id = server.ready_lab("wild").await;
        let mut terminal = server.terminal(&id).await;
        terminal
            .type_in(&format!(
                "{}\n",
                line.replace("MARK", &mark).replace("echo begun", "echo be'gun'")
            ))
            .await;
        terminal.until("begun").await;

        // The other one goes on: its shell, its files, its ticks.
        let (said, code) = typed.run("echo still-$((40 + 2))").await;
        assert!(code == 0 && said.contains("still-42"), "{name}: {said}");
        server.save(&calm, "word.txt", "right\n").await.expect(200);
        server.until_verdict(&calm, "word", "pass").await;
        server.save(&calm, "word.txt", "wrong\n").await.expect(200);
        server.until_verdict(&calm, "word", "fail").await;
        server.get("/").await.expect(200);

        drop(terminal);
        server.end(&id).await;
        server.assert_nothing_unowned(&[&calm]);
        let left = processes(&[mark], None);
        assert!(left.is_empty(), "{name} leaves {left:?}");
        assert!(
            server.resident() < 256 << 20,
            "{name}: {} bytes resident",
            server.resident()
        );
    }
    assert_eq!(server.session(&calm).await["state"], "ready");
}

#[tokio::test]
async fn that_listen_on_every_port_do_not_reach_the_machine() {
    crate::require!("python3", support::has_program("python3"), "apt-get install python3");
    for walls in [Walls::Bubblewrap, Walls::Landlock] {
        if walls == Walls::Bubblewrap && !support::has_program("bwrap") {
            support::skip("bubblewrap", "apt-get install bubblewrap", module_path!(), line!());
            continue;
        }
        let server = Server::start(Wanted::new(walls, [labs::plain("calm"), labs::plain("wild")])).await;
        let (id, calm) = (server.ready_lab("wild").await, server.ready_lab("calm").await);
        let (address, port) = server.address.rsplit_once(':').unwrap();
        let script = format!(
            "import resource, socket\nheld = []\nresource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)\n\
             for port in range(1, 65536):\n    try:\n        s = socket.socket()\n    except OSError:\n        held.pop().close(); break\n\
             \x20   try:\n        s.bind(('0.0.0.0', port)); s.listen(); held.append(s)\n    except OSError:\n        s.close()\n\
             try:\n    socket.create_connection(('{address}', {port}), 5).close(); print('reached the server')\nexcept OSError:\n    print('no way to the server')\n\
             print('listening on', 'some' if held else 'none'); input()\n"
        );
        std::fs::write(server.workspace(&id).join("listen.py"), script).unwrap();
        let mut terminal = server.terminal(&id).await;
        terminal.type_in("python3 listen.py\n").await;
        let said = terminal.until("listening on ").await;
        // Its own server of the same port within its own network is no way out.
        if walls == Walls::Landlock {
            assert!(said.contains("no way to the server"), "{walls:?}: {said}");
        }
        // Ports of this machine are still to be had, and the other session has its own.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        drop(free);
        let (_, code) = server.terminal(&calm).await.run("true").await;
        assert_eq!(code, 0);
        server.get("/labs").await.expect(200);
        server.end(&id).await;
        server.assert_nothing_unowned(&[&calm]);
    }
}
