//! The three phases, with programs that have no walls around them: what is handed to whom, and what is made of it.
//! That the walls hold is tested with real sandboxes, in `tests/it/`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::base::{Clock, InstallId, Random, SessionId, Timestamp};
use crate::grading::engine::tests::{lab, task};
use crate::grading::probe::{ProbeContext, observe, sweep_scratch};
use crate::grading::{CheckRef, Engine, Stored};
use crate::model::check::{Assertion, Check, LearnerCommand, Probe, RefereeProbe};
use crate::model::{Limits, Observation, Parameters, TaskId, TaskWork, Verdict};
use crate::sandbox::Driver;
use crate::sandbox::fake::{FakeDriver, Operation};

pub(in crate::grading) struct Bench {
    folder: tempfile::TempDir,
    pub context: ProbeContext,
    driver: FakeDriver,
}

impl Bench {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Clock::manual(Timestamp(1)), Random::seeded(1));
        let session = SessionId::fresh(&clock, &random);
        let driver = FakeDriver::new(folder.path().join("state"), InstallId::fresh(&clock, &random));
        let session_folder = driver.prepare(session).await.unwrap();
        std::fs::create_dir_all(folder.path().join("lab/checks")).unwrap();
        let context = ProbeContext {
            session,
            lab_folder: folder.path().join("lab"),
            limits: Limits::default(),
            parameters: Arc::new(Parameters::from([("seed".to_owned(), json!(7))])),
            sandbox: None,
            workspace: driver.workspace(session).await.unwrap(),
            folder: session_folder,
            runner: driver.runner(),
            environment: None,
            referees: Arc::new(Semaphore::new(1)),
        };
        Self {
            folder,
            context,
            driver,
        }
    }

    fn script(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join("lab/checks").join(name), text).unwrap();
    }

    pub fn workspace(&self, name: &str, text: &str) {
        std::fs::write(self.context.folder.workspace().join(name), text).unwrap();
    }

    /// Runs a referee with a judge, and perhaps learner's commands, in shell.
    async fn judge(&self, commands: &[&str], judge: &str) -> Observation {
        self.script("judge.sh", judge);
        observe(&referee(commands, None), &self.context).await
    }
}

fn referee(commands: &[&str], prepare: Option<&str>) -> Probe {
    let shell = |script: &str| vec!["sh".to_owned(), script.to_owned()];
    Probe::Referee(RefereeProbe {
        watches: Vec::new(),
        prepare: prepare.map(shell),
        learner: commands
            .iter()
            .enumerate()
            .map(|(index, command)| LearnerCommand {
                id: format!("c{index}"),
                run: vec!["sh".to_owned(), "-c".to_owned(), (*command).to_owned()],
                timeout: Duration::from_mins(1),
            })
            .collect(),
        judge: shell("checks/judge.sh"),
        timeout: Duration::from_mins(1),
    })
}

fn value(seen: Observation) -> Value {
    match seen {
        Observation::Value(value) => value,
        other => panic!("{other:?}"),
    }
}

fn is_fault(seen: &Observation, words: &str) -> bool {
    matches!(seen, Observation::Fault(why) if why.contains(words))
}

#[tokio::test]
async fn each_phase_gets_what_it_is_for() {
    let bench = Bench::new().await;
    std::fs::write(bench.context.folder.hidden().join("labels"), "hidden").unwrap();
    bench.workspace("train.py", "mine");
    bench.script(
        "prepare.sh",
        "grep -q 7 parameters.json && cp \"$HALFWAY_HIDDEN/labels\" \"$HALFWAY_SECRET/answers\" && echo in > \"$HALFWAY_IN/x\"",
    );
    bench.script(
        "judge.sh",
        "printf '{\"in\": \"%s\", \"answers\": \"%s\", \"out\": \"%s\", \"learner\": \"%s\", \"names\": \"%s\", \"commands\": %s}' \
           \"$(cat \"$HALFWAY_IN/x\")\" \"$(cat \"$HALFWAY_SECRET/answers\")\" \"$(tr '\\n' ' ' < \"$HALFWAY_OUT/y\")\" \
           \"$(cat \"$HALFWAY_LEARNER/train.py\")\" \"$(tr '\\n' ' ' < \"$HALFWAY_OUT/names\")\" \"$(cat commands.json)\"",
    );
    let commands = [
        "cat \"$HALFWAY_IN/x\" train.py > \"$HALFWAY_OUT/y\"; echo out; echo err >&2; exit 3",
        "env | grep -o '^HALFWAY_[A-Z]*' | sort > \"$HALFWAY_OUT/names\"",
    ];
    let seen = value(observe(&referee(&commands, Some("checks/prepare.sh")), &bench.context).await);
    assert_eq!(seen["in"], "in");
    assert_eq!(seen["answers"], "hidden");
    assert_eq!(seen["out"], "in mine");
    assert_eq!(seen["learner"], "mine");
    assert_eq!(seen["names"], "HALFWAY_IN HALFWAY_OUT HALFWAY_WORKSPACE ");
    let first = &seen["commands"][0];
    assert_eq!(
        (&first["id"], &first["exit_code"], &first["timed_out"]),
        (&json!("c0"), &json!(3), &json!(false))
    );
    assert_eq!((&first["stdout"], &first["stderr"]), (&json!("out\n"), &json!("err\n")));
}

#[tokio::test]
async fn a_command_has_a_copy_of_its_own() {
    let bench = Bench::new().await;
    bench.workspace("metrics.json", "before");
    let seen = bench
        .judge(
            &[
                "echo forged > metrics.json; echo left > behind",
                "cat metrics.json > \"$HALFWAY_OUT/seen\"; ls >> \"$HALFWAY_OUT/seen\"",
            ],
            "printf '{\"seen\": \"%s\", \"judged\": \"%s\"}' \"$(tr '\\n' ' ' < \"$HALFWAY_OUT/seen\")\" \"$(cat \"$HALFWAY_LEARNER/metrics.json\")\"",
        )
        .await;
    assert_eq!(value(seen), json!({"seen": "beforemetrics.json ", "judged": "before"}));
    let own = std::fs::read_to_string(bench.context.folder.workspace().join("metrics.json")).unwrap();
    assert_eq!(own, "before");
}

#[tokio::test]
async fn what_is_no_plain_file_does_not_reach_the_judge() {
    let bench = Bench::new().await;
    std::os::unix::fs::symlink("/etc/passwd", bench.context.folder.workspace().join("link")).unwrap();
    let seen = bench
        .judge(
            &["cd \"$HALFWAY_OUT\" && ln -s /etc/passwd a && ln -s ../secret b && mkfifo c && echo good > d"],
            "printf '{\"out\": \"%s\", \"learner\": \"%s\"}' \"$(ls \"$HALFWAY_OUT\")\" \"$(ls \"$HALFWAY_LEARNER\")\"",
        )
        .await;
    assert_eq!(value(seen), json!({"out": "d", "learner": ""}));
}

#[tokio::test]
async fn the_labs_programs_that_fail_are_a_fault() {
    let bench = Bench::new().await;
    for (judge, words) in [
        ("echo broken >&2; exit 1", "the judge ended with 1: broken"),
        ("echo '{\"a\": '", "printed no JSON object"),
        ("echo '[1]'", "printed no JSON object"),
        ("head -c 3000000 /dev/zero", "printed no JSON object"),
    ] {
        let seen = bench.judge(&[], judge).await;
        assert!(is_fault(&seen, words), "{judge}: {seen:?}");
    }
    bench.script("prepare.sh", "exit 4");
    let seen = observe(&referee(&[], Some("checks/prepare.sh")), &bench.context).await;
    assert!(is_fault(&seen, "the preparation ended with 4"), "{seen:?}");
}

#[tokio::test]
async fn too_much_is_the_learners_and_is_cut_off() {
    let bench = Bench::new().await;
    let seen = bench
        .judge(&["cd \"$HALFWAY_OUT\" && seq 6000 | xargs touch"], "echo '{}'")
        .await;
    assert!(
        matches!(&seen, Observation::Unreadable(why) if why.contains("more than")),
        "{seen:?}"
    );
    let seen = bench
        .judge(
            &["yes | head -c 5000000"],
            "printf '{\"size\": %s}' \"$(wc -c < commands.json)\"",
        )
        .await;
    assert!(value(seen)["size"].as_u64().is_some_and(|size| size < 200_000));
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let bench = Bench::new().await;
    let scratch = bench.context.folder.scratch();
    bench
        .judge(&["mkdir -p deep/er && chmod 0 deep/er deep"], "echo '{}'")
        .await;
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    assert_eq!(
        bench
            .driver
            .calls()
            .iter()
            .filter(|(what, _)| *what == Operation::Run)
            .count(),
        2
    );
    // What a killed server leaves.
    std::fs::create_dir_all(scratch.join("referee-99/secret")).unwrap();
    std::fs::create_dir_all(scratch.join("other")).unwrap();
    sweep_scratch(&bench.context.folder).await.unwrap();
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 1);
}

/// A lab that recomputes what it is told: a file that claims much earns nothing.
#[tokio::test]
async fn a_claim_earns_nothing() {
    let bench = Bench::new().await;
    bench.script(
        "prepare.sh",
        "echo '1 0 1 1' > \"$HALFWAY_SECRET/answers\"; echo '5 6 7 8' > \"$HALFWAY_IN/rows\"",
    );
    bench.script(
        "judge.sh",
        "right=0; set -- $(cat \"$HALFWAY_SECRET/answers\"); for given in $(cat \"$HALFWAY_OUT/answers\"); do
           [ \"$given\" = \"$1\" ] && right=$((right + 1)); shift; done; echo \"{\\\"right\\\": $right}\"",
    );
    let check = Check {
        probe: referee(&["sh predict.sh"], Some("checks/prepare.sh")),
        assertion: Assertion::That("it.right >= 4".to_owned()),
        expected: None,
        seen: None,
        stable_for: None,
        say: Vec::new(),
    };
    let definition = lab(vec![task("a", &[], TaskWork::Checks(vec![check.clone()]))]);
    let mut engine = Engine::new(&definition, &Parameters::new(), Stored::default());
    let mut verdict = BTreeMap::new();
    for (name, program) in [
        (
            "claims",
            "echo 'accuracy 1.0'; echo '{\"right\": 4}' > \"$HALFWAY_OUT/metrics.json\"",
        ),
        (
            "peeks",
            "cat \"$HALFWAY_SECRET/answers\" /secret/answers > \"$HALFWAY_OUT/answers\"",
        ),
        ("guesses", "echo '1 1 1 1' > \"$HALFWAY_OUT/answers\""),
        ("knows", "echo '1 0 1 1' > \"$HALFWAY_OUT/answers\""),
    ] {
        bench.workspace("predict.sh", program);
        bench.workspace("metrics.json", "{\"right\": 4}");
        bench.workspace("train.log", "right: 4");
        let seen = observe(&check.probe, &bench.context).await;
        engine.observe(&CheckRef::new(&TaskId("a".to_owned()), 0), &seen, Timestamp(1));
        verdict.insert(name, engine.status()[0].level.verdict);
    }
    assert_eq!(
        verdict,
        BTreeMap::from([
            ("claims", Verdict::Fail),
            ("guesses", Verdict::Fail),
            ("knows", Verdict::Pass),
            ("peeks", Verdict::Fail),
        ])
    );
}
