//! A lab's set-up that fails, hangs or fills the disk: the learner reads why, with what the step printed, and Retry
//! works once the cause is gone.

use serde_json::Value;

use super::harness::{Server, Walls, Wanted};
use super::labs;
use crate::support;

const FAILS: &str = "echo about-to-fail\necho to-stderr >&2\nexit 3\n";
const HANGS: &str = "trap '' TERM INT HUP\necho about-to-hang\n(trap '' TERM; while :; do sleep 1000; done) &\nwhile :; do sleep 1000; done\n";
const FILLS: &str =
    "echo about-to-fill\nwhile :; do head -c 4000000 /dev/zero >> \"$HALFWAY_WORKSPACE/large\" || exit 1; done\n";
const FLOODS: &str = "yes 'a line of a flood'\n";

#[tokio::test]
async fn is_told_and_can_be_tried_again() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    broken(Walls::Bubblewrap).await;
}

#[tokio::test]
async fn is_told_and_can_be_tried_again_without_bubblewrap() {
    broken(Walls::Landlock).await;
}

async fn broken(walls: Walls) {
    let cases = [
        ("fails", FAILS, "60s", "about-to-fail", "3"),
        ("hangs", HANGS, "1s", "about-to-hang", "1 s"),
        ("fills", FILLS, "60s", "about-to-fill", "16 MiB"),
        ("floods", FLOODS, "2s", "a line of a flood", "2 s"),
    ];
    let lab = |name: &str, script: &str, timeout: &str| labs::with_set_up(name, &[script], timeout);
    let all = cases.map(|(name, script, timeout, ..)| lab(name, script, timeout));
    let server = Server::start(Wanted::new(walls, all)).await;
    for (name, _, _, printed, reason) in cases {
        let id = server.start_lab(name).await;
        let failed = failed(&server, &id).await;
        let told = failed["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{name}: {told}");
        assert_eq!(failed["steps"][1]["state"], "failed", "{name}: {failed}");
        let page = server.get(&format!("/sessions/{id}")).await.expect(200).text();
        assert!(page.contains(printed), "{name}: {page}");
        assert!(page.contains("/retry") && page.contains("/end"), "{name}: {page}");
        assert!(page.len() < 200_000, "{name}: {} bytes", page.len());
        // Nothing of the script runs any more.
        let remains: Vec<String> = server
            .remains()
            .into_iter()
            .filter(|one| one.contains("process"))
            .collect();
        assert!(remains.is_empty(), "{name}: {remains:?}");

        lab(name, "echo well now\n", "60s").write(&server.labs());
        server.post(&format!("/sessions/{id}/retry"), "").await.expect(303);
        server.until_state(&id, "ready").await;
        assert!(!server.workspace(&id).join("large").exists(), "the files are fresh");
        server.end(&id).await;
    }
    assert!(server.resident() < 200 << 20, "{} bytes resident", server.resident());
    server.assert_nothing_unowned(&[]);
}

pub async fn failed(server: &Server, id: &str) -> Value {
    server
        .until("failed", async || {
            let session = server.session(id).await;
            (session["state"] == "failed").then_some(session)
        })
        .await
}
