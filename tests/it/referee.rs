//! The referee behind real walls, in both forms of the process driver: everything that a learner might try to be
//! graded without having done the work.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use halfway::base::{Clock, InstallId, Random, SessionId};
use halfway::grading::ProbeContext;
use halfway::grading::probe::observe;
use halfway::model::check::{LearnerCommand, RefereeProbe};
use halfway::model::{Limits, Observation, Parameters, Probe};
use halfway::sandbox::process::ProcessDriver;
use halfway::sandbox::{Driver, EgressConfig, FormChoice, ProcessConfig};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{require, support};

/// Tells where its modules come from, and what it finds of the learner's.
const JUDGE: &str = r#"
import json, os, sys
out = os.environ["HALFWAY_OUT"]
found = {}
for name in sorted(os.listdir(out)):
    with open(os.path.join(out, name), errors="replace") as file:
        found[name] = file.read()
again = {name: open(os.path.join(out, name), errors="replace").read() for name in sorted(os.listdir(out))}
learner = [path for path in sys.path + [json.__file__] if "workspace" in path or "learner" in path]
print(json.dumps({
    "out": found,
    "steady": found == again,
    "learner_modules": learner,
    "tampered": hasattr(sys, "tampered") or "PYTHONPATH" in os.environ,
    "answers": open(os.path.join(os.environ["HALFWAY_SECRET"], "answers")).read(),
    "commands": json.load(open("commands.json")),
}))
"#;

const PREPARE: &str = r#"
import os
labels = open(os.path.join(os.environ["HALFWAY_HIDDEN"], "labels")).read()
open(os.path.join(os.environ["HALFWAY_SECRET"], "answers"), "w").write(labels)
open(os.path.join(os.environ["HALFWAY_IN"], "rows"), "w").write("1,2,3")
"#;

/// What would be loaded by a judge that looks into the workspace.
const TAMPER: &str = "import sys\nsys.tampered = True\n";

struct Bench {
    folder: tempfile::TempDir,
    context: ProbeContext,
}

impl Bench {
    /// `None` where this machine has no such walls.
    async fn new(form: FormChoice) -> Option<Self> {
        // World-readable above, as the sandbox's user is not the one that runs the test.
        let folder = tempfile::tempdir().ok()?;
        open_up(folder.path());
        let (clock, random) = (Clock::system(), Random::system());
        let install = InstallId::fresh(&clock, &random);
        let session = SessionId::fresh(&clock, &random);
        let config = ProcessConfig {
            form,
            ..ProcessConfig::default()
        };
        let driver = ProcessDriver::open(
            &folder.path().join("state"),
            install,
            config,
            EgressConfig::default(),
            random,
        )
        .await
        .inspect_err(|error| println!("{form:?}: {error}"))
        .ok()?;
        let session_folder = driver.prepare(session).await.ok()?;
        let checks = folder.path().join("lab/checks");
        std::fs::create_dir_all(&checks).unwrap();
        std::fs::write(checks.join("judge.py"), JUDGE).unwrap();
        std::fs::write(checks.join("prepare.py"), PREPARE).unwrap();
        let labels = session_folder.hidden().join("labels");
        std::fs::write(&labels, "LABELS").unwrap();
        open_up(&labels);
        let context = ProbeContext {
            session,
            lab_folder: folder.path().join("lab"),
            limits: Limits::default(),
            parameters: Arc::new(Parameters::new()),
            sandbox: None,
            workspace: driver.workspace(session).await.ok()?,
            folder: session_folder,
            runner: driver.runner(),
            environment: None,
            referees: Arc::new(Semaphore::new(1)),
        };
        let bench = Self { folder, context };
        // Without an agent, or where the walls cannot be built, even the plainest run does not start.
        match bench.run(&["true"]).await {
            Observation::Value(_) => Some(bench),
            other => {
                println!("{form:?}: {other:?}");
                None
            }
        }
    }

    async fn run(&self, commands: &[&str]) -> Observation {
        let python = |script: &str| vec!["python3".to_owned(), script.to_owned()];
        let probe = Probe::Referee(RefereeProbe {
            watches: Vec::new(),
            prepare: Some(python("checks/prepare.py")),
            learner: commands
                .iter()
                .enumerate()
                .map(|(index, command)| LearnerCommand {
                    id: format!("c{index}"),
                    run: vec!["sh".to_owned(), "-c".to_owned(), (*command).to_owned()],
                    timeout: Duration::from_mins(1),
                })
                .collect(),
            judge: python("checks/judge.py"),
            timeout: Duration::from_mins(1),
        });
        observe(&probe, &self.context).await
    }

    async fn seen(&self, commands: &[&str]) -> Value {
        match self.run(commands).await {
            Observation::Value(value) => value,
            other => panic!("{other:?}"),
        }
    }
}

fn open_up(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

async fn tries_everything(form: FormChoice, part: &str, fix: &str) {
    require!("python3", support::has_program("python3"), "apt-get install python3");
    let bench = Bench::new(form).await;
    require!(part, bench.is_some(), fix);
    let bench = bench.expect("required above");

    // Modules of the learner's under the names that a judge, or Python itself, asks for.
    let workspace = bench.context.folder.workspace();
    for name in ["json.py", "os.py", "sitecustomize.py", "usercustomize.py", "tamper.pth"] {
        std::fs::write(workspace.join(name), TAMPER).unwrap();
    }
    let site = bench.context.folder.home().join(".local/lib/python3.11/site-packages");
    std::fs::create_dir_all(&site).unwrap();
    std::fs::write(site.join("usercustomize.py"), TAMPER).unwrap();
    let seen = bench
        .seen(&["cp json.py sitecustomize.py \"$HALFWAY_OUT\"; cp json.py /tmp/ 2>/dev/null; cat \"$HALFWAY_IN/rows\""])
        .await;
    assert_eq!(
        (&seen["learner_modules"], &seen["tampered"]),
        (&json!([]), &json!(false))
    );
    assert_eq!(seen["commands"][0]["stdout"], "1,2,3");
    assert_eq!(seen["answers"], "LABELS");

    // Hidden data and answers, by their names inside and by where they really are.
    let state = bench.folder.path().join("state");
    let command = format!(
        "cat /hidden/labels /secret/answers /lab/checks/judge.py {0}/sessions/*/hidden/labels \
         {0}/sessions/*/scratch/*/secret/answers {1}/checks/judge.py > \"$HALFWAY_OUT/stolen\" 2>/dev/null; \
         find {0}/sessions/*/scratch -name answers >> \"$HALFWAY_OUT/stolen\" 2>/dev/null; \
         echo x > \"$HALFWAY_IN/rows\"; echo tried",
        state.display(),
        bench.context.lab_folder.display()
    );
    let seen = bench.seen(&[&command]).await;
    assert_eq!(seen["out"]["stolen"], "");
    assert_eq!(seen["commands"][0]["stdout"], "tried\n");

    // A program that stays behind and writes on, under a session and group of its own.
    let stay = "for n in 1 2 3; do (setsid sh -c 'while :; do echo forged > \"$HALFWAY_OUT/answer\"; done' &) ; done; \
                echo honest > \"$HALFWAY_OUT/answer\"";
    let seen = bench.seen(&[stay, "echo honest > \"$HALFWAY_OUT/answer\""]).await;
    assert_eq!(
        (&seen["out"]["answer"], &seen["steady"]),
        (&json!("honest\n"), &json!(true))
    );

    // Links to what the judge may read and the learner may not.
    let links = "cd \"$HALFWAY_OUT\" && ln -s /secret/answers a && ln -s /hidden/labels b && mkfifo c && echo d > d";
    let seen = bench.seen(&[links]).await;
    assert_eq!(seen["out"], json!({"d": "d\n"}));

    // Output without end, and a file without end.
    let seen = bench
        .seen(&["yes | head -c 20000000; yes | head -c 20000000 >&2; exit 7"])
        .await;
    assert!(
        seen["commands"][0]["stdout"]
            .as_str()
            .is_some_and(|text| text.len() <= 64 << 10)
    );
    assert_eq!(seen["commands"][0]["exit_code"], 7);
    let seen = bench
        .seen(&["head -c 300000000 /dev/zero > \"$HALFWAY_WORKSPACE/big\"; echo $?"])
        .await;
    assert_ne!(seen["commands"][0]["stdout"], "0\n");

    // No network, not even loopback to what another run left.
    let dial = "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 22), 2)' 2>/dev/null; echo $?";
    assert_eq!(bench.seen(&[dial]).await["commands"][0]["stdout"], "1\n");

    assert_eq!(std::fs::read_dir(bench.context.folder.scratch()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_earned_by_cheating_behind_bubblewrap() {
    tries_everything(
        FormChoice::Bubblewrap,
        "bubblewrap",
        "apt-get install bubblewrap, and build the agent",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_earned_by_cheating_behind_landlock() {
    tries_everything(
        FormChoice::Landlock,
        "landlock",
        "a kernel from 6.12 on with Landlock, and build the agent",
    )
    .await;
}
