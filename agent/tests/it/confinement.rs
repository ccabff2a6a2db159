//! The form without namespaces: Landlock and resource limits.

use std::{net::TcpListener, os::unix::net::UnixListener};

use serde_json::{Value, json};

use crate::support::{Agent, directory, skip, test};

/// Usual places of programs; those that a machine lacks are left out by the agent.
const SYSTEM: [&str; 5] = ["/usr", "/bin", "/lib", "/lib64", "/etc"];

struct Walled {
    agent: Agent,
    /// Its only port.
    port: u16,
    health: Value,
}

impl Walled {
    /// `None`, with the reason printed, where the kernel has no Landlock.
    async fn start() -> Option<Self> {
        let abi = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
        if !abi.is_empty() && !abi.contains("landlock") {
            skip("landlock", "the kernel was started without it");
            return None;
        }
        let place = directory();
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        std::fs::write(place.path().join("token"), "secret-of-the-test").expect("a token");
        let path = |name: &str| place.path().join(name).display().to_string();
        let mut more: Vec<String> = vec![
            "--token-file".into(),
            path("token"),
            "--landlock-rw".into(),
            path("workspace"),
            "--landlock-rw".into(),
            path("home"),
            "--ports".into(),
            format!("{port}-{port}"),
        ];
        for place in SYSTEM {
            more.extend(["--landlock-ro".into(), place.into()]);
        }
        let mut agent = Agent::start_in(place, &more);
        agent.token = Some("secret-of-the-test".to_owned());
        let health = agent.get("/v1/health").await;
        Some(Self { agent, port, health })
    }

    fn holds(&self, kind: &str) -> bool {
        let holds = self.health["enforced"]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one["kind"] == kind));
        let missing = self.health["not_enforced"]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one["kind"] == kind));
        assert!(holds != missing, "{kind} is said once: {}", self.health);
        if !holds {
            skip("landlock", &format!("this kernel does not hold {kind}"));
        }
        holds
    }

    async fn shell(&self, script: &str) -> Value {
        self.agent
            .post("/v1/commands", json!({"argv": ["/bin/bash", "-c", script]}))
            .await
    }
}

#[test]
fn files_outside_are_walled_off() {
    test(async {
        let Some(walled) = Walled::start().await else {
            return;
        };
        assert!(walled.holds("files"));
        assert!(walled.health.to_string().contains(r#"{"kind":"no_capabilities"}"#));
        let outside = walled.agent.directory.path().join("token");
        let outside = outside.display();
        for script in [
            format!("cat {outside}"),
            format!("echo x >> {outside}"),
            format!("rm {outside}"),
            format!("ls $(dirname {outside})"),
            format!("ln -s {outside} link; cat link"),
            format!("cat /proc/{}/environ", std::process::id()),
            "echo x > /usr/halfway-test".to_owned(),
        ] {
            let result = walled.shell(&script).await;
            assert_ne!(result["exit_code"], 0, "{script}: {result}");
            assert!(
                result["stderr"]["data"]
                    .as_str()
                    .is_some_and(|text| text.contains("ermission denied")),
                "{script}: {result}"
            );
        }
        let inside = walled
            .shell("echo hi > file && mkdir d && mv file d/ && cat d/file && echo x > $HOME/f && : > /dev/null")
            .await;
        assert_eq!(inside["exit_code"], 0, "{inside}");
    });
}

#[test]
fn terminals_work_behind_the_wall() {
    test(async {
        let Some(walled) = Walled::start().await else {
            return;
        };
        let id = walled.agent.terminal(json!({})).await;
        let mut client = walled.agent.stream(&id, None).await;
        client.resize(100, 40).await;
        client
            .input("cat <(echo $((40+2))-substituted); tty; stty size\n")
            .await;
        client.until("42-substituted").await;
        client.until("40 100").await;
    });
}

#[test]
fn only_its_own_ports_can_be_used() {
    test(async {
        let Some(walled) = Walled::start().await else {
            return;
        };
        if !walled.holds("tcp_ports") {
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let other = listener.local_addr().expect("an address").port();
        let connect = |port: u16| format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
        let refused = walled.shell(&connect(other)).await;
        assert!(
            refused["stderr"]["data"]
                .as_str()
                .is_some_and(|text| text.contains("ermission denied")),
            "{refused}"
        );
        if !crate::support::has_program("perl") {
            return skip("perl", "the listener of this test is written in it");
        }
        let listen = |port: u16| {
            format!(
                "exec perl -MSocket -e '$|=1; socket(S,PF_INET,SOCK_STREAM,0); \
                 setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1); \
                 bind(S,sockaddr_in({port},INADDR_LOOPBACK)) or die \"$!\"; listen(S,5); print \"up\\n\"; \
                 while(accept(C,S)){{print C \"hello\\n\"; close C}}'"
            )
        };
        let refused = walled.shell(&listen(other)).await;
        assert!(
            refused["stderr"]["data"]
                .as_str()
                .is_some_and(|text| text.contains("ermission denied")),
            "{refused}"
        );
        let id = walled
            .agent
            .terminal(json!({"argv": ["/bin/bash", "-c", listen(walled.port)]}))
            .await;
        walled.agent.stream(&id, None).await.until("up").await;
        let hello = walled.shell(&format!("{}; cat <&3", connect(walled.port))).await;
        assert_eq!(hello["stdout"]["data"], "hello\n", "{hello}");
        assert_eq!(
            walled.agent.get("/v1/ports").await,
            json!({"ports": [{"port": walled.port, "address": "127.0.0.1"}]})
        );
        let request = walled
            .agent
            .request("POST", "/v1/dial")
            .header("connection", "Upgrade")
            .header("upgrade", "halfway-stream");
        let request = crate::support::with(request, Some(json!({"port": other})));
        assert_eq!(walled.agent.send(request).await.status(), 403);
    });
}

#[test]
fn signals_end_at_the_wall() {
    test(async {
        let Some(walled) = Walled::start().await else {
            return;
        };
        if !walled.holds("signals") {
            return;
        }
        let result = walled.shell(&format!("kill -0 {}", std::process::id())).await;
        assert_ne!(result["exit_code"], 0, "{result}");
        let own = walled.shell("sleep 1000 & kill $! && ! wait $!").await;
        assert_eq!(own["exit_code"], 0, "{own}");
    });
}

#[test]
fn dial_does_not_reach_sockets_outside() {
    test(async {
        let Some(walled) = Walled::start().await else {
            return;
        };
        let outside = walled.agent.directory.path().join("server.sock");
        let _listener = UnixListener::bind(&outside).expect("a socket");
        std::os::unix::fs::symlink(&outside, walled.agent.workspace().join("link")).expect("a link");
        for target in ["link", "../server.sock", &outside.display().to_string()] {
            let request = walled
                .agent
                .request("POST", "/v1/dial")
                .header("connection", "Upgrade")
                .header("upgrade", "halfway-stream");
            let request = crate::support::with(request, Some(json!({"unix": target})));
            assert_eq!(walled.agent.send(request).await.status(), 403, "{target}");
        }
    });
}

#[test]
fn limits_hold_for_what_it_starts() {
    test(async {
        let agent = Agent::start(&[
            "--limit-processes",
            "5000",
            "--limit-memory-bytes",
            "1073741824",
            "--limit-file-bytes",
            "1048576",
            "--limit-open-files",
            "200",
        ]);
        let result: Value = agent
            .post(
                "/v1/commands",
                json!({"argv": ["/bin/bash", "-c", "ulimit -d; ulimit -f; ulimit -n; ulimit -Hn; ulimit -c"]}),
            )
            .await;
        assert_eq!(result["stdout"]["data"], "1048576\n1024\n200\n200\n0\n");
        let big: Value = agent
            .post(
                "/v1/commands",
                json!({"argv": ["/bin/bash", "-c", "head -c 3000000 /dev/zero > big; wc -c < big"]}),
            )
            .await;
        assert_eq!(big["stdout"]["data"], "1048576\n", "{big}");
        let health = agent.get("/v1/health").await;
        let enforced = health["enforced"].as_array().expect("a list");
        for wanted in [
            json!({"kind": "memory_per_process", "bytes": 1_073_741_824}),
            json!({"kind": "file_size", "bytes": 1_048_576}),
            json!({"kind": "open_files", "limit": 200}),
        ] {
            assert!(enforced.contains(&wanted), "{wanted} in {health}");
        }
    });
}
