//! Who is let in.

use serde_json::json;

use crate::support::{Agent, SESSION, test, with};

#[test]
fn health_says_who_answers_and_what_holds() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let health = agent.get("/v1/health").await;
        assert_eq!(health["protocol"], 1);
        assert_eq!(health["session"], SESSION);
        assert_eq!(health["install"], "install-of-the-test");
        assert_eq!(health["pid"], agent.child.id());
        assert_eq!(health["terminals"], 0);
        let line = std::fs::read_to_string(format!("/proc/{}/stat", agent.child.id())).expect("the agent runs");
        let start = line
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_ascii_whitespace().nth(19));
        assert_eq!(health["start_ticks"].to_string(), start.expect("a start time"));
        let enforced = health["enforced"].as_array().expect("a list");
        assert!(enforced.contains(&json!({"kind": "not_dumpable"})));
        assert!(enforced.contains(&json!({"kind": "no_new_privileges"})));
    });
}

#[test]
fn another_session_is_misdirected() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        for session in [Some("other"), Some(""), None] {
            let mut request = http::Request::builder().uri("/v1/health").header("host", "agent");
            if let Some(session) = session {
                request = request.header("halfway-session", session);
            }
            let response = agent.send(with(request, None)).await;
            assert_eq!(response.status(), 421, "{session:?}");
            assert_eq!(response.headers()["halfway-protocol"], "1");
        }
    });
}

#[test]
fn a_token_is_asked_for_before_anything_else() {
    test(async {
        let directory = crate::support::directory();
        let token = directory.path().join("token");
        std::fs::write(&token, "a-long-secret\n").expect("a token");
        let token = token.display().to_string();
        let mut agent = Agent::start_in(directory, &["--token-file", &token]);
        for wrong in [None, Some("a-long-secreT"), Some("a-long"), Some("")] {
            agent.token = wrong.map(str::to_owned);
            agent.refused("GET", "/v1/health", None, 401, "wrong_token").await;
        }
        let stranger = http::Request::builder()
            .uri("/v1/health")
            .header("host", "agent")
            .header("halfway-session", "other");
        assert_eq!(agent.send(with(stranger, None)).await.status(), 401);
        agent.token = Some("a-long-secret".to_owned());
        let health = agent.get("/v1/health").await;
        assert!(
            health["enforced"]
                .as_array()
                .is_some_and(|list| list.contains(&json!({"kind": "token"})))
        );
    });
}

#[test]
fn another_protocol_is_told_so() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        for (version, status) in [("1", 200), ("2", 400), ("0", 400), ("x", 400), ("", 400)] {
            let request = agent.request("GET", "/v1/health").header("halfway-protocol", version);
            let response = agent.send(with(request, None)).await;
            assert_eq!(response.status(), status, "protocol {version:?}");
        }
    });
}

#[test]
fn mistakes_have_a_kind_and_a_message() {
    test(async {
        let agent = Agent::start::<&str>(&[]);
        let nowhere = [
            ("GET", "/v1/nothing", 404, "not_found"),
            ("GET", "/", 404, "not_found"),
            ("GET", "/v1/commands", 405, "method_not_allowed"),
            ("GET", "/v1/terminals/7/stream", 404, "not_found"),
            ("DELETE", "/v1/terminals/x", 404, "not_found"),
        ];
        for (method, path, status, kind) in nowhere {
            agent.refused(method, path, None, status, kind).await;
        }
        let id = agent.terminal(json!({})).await;
        let stream = format!("/v1/terminals/{id}/stream");
        agent.refused("GET", &stream, None, 400, "bad_request").await;
        let after = format!("{stream}?after=-1");
        agent.refused("GET", &after, None, 400, "bad_request").await;
        for body in [json!(1), json!({"cols": 0}), json!({"rows": "many"})] {
            agent
                .refused("POST", "/v1/terminals", Some(body), 400, "bad_request")
                .await;
        }
    });
}
