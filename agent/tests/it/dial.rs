//! Raw streams to what runs inside, and the way out.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::net::UnixListener,
};

use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Agent, directory, test, with};

async fn dial(agent: &Agent, target: Value) -> Result<TokioIo<hyper::upgrade::Upgraded>, Value> {
    let request = agent
        .request("POST", "/v1/dial")
        .header("connection", "Upgrade")
        .header("upgrade", "halfway-stream");
    let response = agent.send(with(request, Some(target))).await;
    if response.status() != 101 {
        use http_body_util::BodyExt as _;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body");
        let body: Value = serde_json::from_slice(&body.to_bytes()).expect("JSON");
        return Err(json!([status, body["error"]["kind"]]));
    }
    assert_eq!(response.headers()["upgrade"], "halfway-stream");
    let upgraded = hyper::upgrade::on(response).await.expect("an upgrade");
    Ok(TokioIo::new(upgraded))
}

/// Answers one connection with what it got, in capitals, after the client has closed its side.
fn shout(mut stream: impl std::io::Read + std::io::Write) {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    stream.write_all(text.to_uppercase().as_bytes()).expect("it is read");
}

async fn converse(agent: &Agent, target: Value) {
    let mut stream = dial(agent, target).await.expect("a stream");
    stream.write_all(b"hello inside").await.expect("written");
    stream.shutdown().await.expect("half closed");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert_eq!(answer, "HELLO INSIDE");
}

#[test]
fn a_port_is_a_raw_stream() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = match TcpListener::bind(address) {
                Ok(listener) => listener,
                Err(error) => {
                    crate::support::skip("ipv6", &format!("{address}: {error}"));
                    continue;
                }
            };
            let port = listener.local_addr().expect("an address").port();
            let listed = agent.get("/v1/ports").await;
            assert!(
                listed["ports"]
                    .as_array()
                    .is_some_and(|ports| ports.iter().any(|one| one["port"] == port)),
                "{port} is not in {listed}"
            );
            let server = std::thread::spawn(move || shout(listener.accept().expect("a client").0));
            converse(&agent, json!({"port": port})).await;
            server.join().expect("no fault");
        }
    });
}

#[test]
fn a_unix_socket_is_found_by_any_length_of_path() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let deep = "d".repeat(100);
        std::fs::create_dir(agent.workspace().join(&deep)).expect("a directory");
        // Bound under a short name, then moved: a bind has the same limit on its path.
        let short = agent.directory.path().join("s");
        let listener = UnixListener::bind(&short).expect("a socket");
        let path = format!("{deep}/service.sock");
        std::fs::rename(&short, agent.workspace().join(&path)).expect("moved");
        for target in [path.clone(), agent.workspace().join(&path).display().to_string()] {
            let listener = listener.try_clone().expect("a second handle");
            let server = std::thread::spawn(move || shout(listener.accept().expect("a client").0));
            converse(&agent, json!({"unix": target})).await;
            server.join().expect("no fault");
        }
    });
}

#[test]
fn what_does_not_answer_says_why() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = gone.local_addr().expect("an address").port();
        drop(gone);
        std::fs::write(agent.workspace().join("file"), "").expect("a file");
        for (target, wanted) in [
            (json!({"port": port}), json!([502, "refused"])),
            (json!({"port": 0}), json!([400, "bad_request"])),
            (json!({"port": 70000}), json!([400, "bad_request"])),
            (json!({"tcp": 1}), json!([400, "bad_request"])),
            (json!({"unix": "none.sock"}), json!([404, "not_found"])),
            (json!({"unix": "file"}), json!([502, "refused"])),
        ] {
            assert_eq!(dial(&agent, target.clone()).await.err(), Some(wanted), "{target}");
        }
        agent
            .refused("POST", "/v1/dial", Some(json!({"port": port})), 400, "bad_request")
            .await;
    });
}

#[test]
fn egress_is_copied_to_the_servers_socket_whenever_it_is_there() {
    test(async {
        let place = directory();
        let socket = place.path().join("proxy.sock");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let agent = Agent::start_in(
            place,
            &[
                "--proxy-socket",
                &socket.display().to_string(),
                "--proxy-port",
                &port.to_string(),
            ],
        );
        let environment: Value = agent.post("/v1/commands", json!({"argv": ["/usr/bin/env"]})).await;
        let environment = environment["stdout"]["data"].as_str().expect("text");
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            let line = format!("{name}=http://127.0.0.1:{port}\n");
            assert!(environment.contains(&line), "{environment}");
        }
        assert!(environment.contains("no_proxy=localhost,127.0.0.1"));
        let listed = agent.get("/v1/ports").await.to_string();
        assert!(!listed.contains(&format!("\"port\":{port}}}")));

        let talk = move || {
            let mut client = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
            let _ = client.write_all(b"hello");
            let _ = client.shutdown(std::net::Shutdown::Write);
            let mut answer = String::new();
            let _ = client.read_to_string(&mut answer);
            answer
        };
        let closed = tokio::task::spawn_blocking(talk).await.expect("a thread");
        assert!(closed.starts_with("HTTP/1.1 502 "), "{closed}");
        for _ in 0..2 {
            // Each time a new socket at the same path, as after a restart of the server.
            let listener = UnixListener::bind(&socket).expect("a socket");
            let server = std::thread::spawn(move || shout(listener.accept().expect("a client").0));
            let answer = tokio::task::spawn_blocking(talk).await.expect("a thread");
            assert_eq!(answer, "HELLO");
            server.join().expect("no fault");
            std::fs::remove_file(&socket).expect("it was there");
        }
    });
}
