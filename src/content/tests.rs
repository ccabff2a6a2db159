//! What an author is told, as it looks in a terminal, for each kind of mistake.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::model::{Assertion, LabId, Offset, TaskWork};

const LAB: &str = r#"title: Small lab
week: 1
minutes: 10
summary: A small lab.
parameters:
  seed: { integer: [1, 9] }
  at: { integer: [0, 3] }
setup:
  - { title: Plant, run: [sh, setup/plant.sh], timeout: 5s }
services:
  - { name: site, title: Your site, port: 8080 }
tasks:
  - id: greets
    title: It greets
    points: 10
    checks:
      - file: { path: hello.json, as: json }
        that: it.seed == params.seed && it.text.matches('^hello')
        expected: hello.json greets with the seed ${seed}
        seen: "'the seed is ' + string(it.seed)"
        say:
          - { when: it.seed == 0, text: Zero is no seed. }
      - http: { port: 8080, path: "/hello?seed=${seed}" }
        match: { status: 200, json: { seed: "${seed}" } }
        expected: The site answers
    hints: [Look at hello.json.]
  - id: survives
    title: It survives
    points: 10
    needs: [greets]
    trial:
      act:
        - flip_byte: { path: hello.json, at: "${at}" }
        - put: { from: checks/odd.json, to: hello.json }
        - http: { port: 8080, as: answer }
        - wait: 100ms
      watch:
        site: { http: { port: 8080 } }
      hold:
        - { that: answer.status == 422, expected: Odd input is refused }
        - { never: site.status >= 500, expected: No request fails }
        - eventually: { within: 2s, that: site.status == 200 }
          expected: The site is back
    hints: [Validate.]
"#;

/// A small lab that has everything, in a folder of its own.
struct Fixture(TempDir);

impl Fixture {
    fn new() -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        fs::create_dir(fixture.0.path().join("curriculum")).unwrap();
        for (path, text) in [
            ("lab.yaml", LAB),
            (
                "instructions.md",
                "The story of ${seed}.\n\n## greets\n\nIt greets.\n\n## survives\n\nIt survives.\n",
            ),
            ("setup/plant.sh", "true\n"),
            ("checks/odd.json", "{}\n"),
            ("workspace/README.md", "x\n"),
            ("solution/hello.json", "{}\n"),
            ("undo/undo.yaml", "remove: [hello.json]\n"),
            ("wrong/zero/wrong.yaml", "why: Says zero.\nfails: [greets]\n"),
            ("wrong/zero/hello.json", "{}\n"),
        ] {
            fixture.write(path, text);
        }
        fixture
    }

    fn folder(&self) -> std::path::PathBuf {
        self.0.path().join("labs/small")
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.folder().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// With a part of lab.yaml replaced.
    fn lab(self, from: &str, to: &str) -> Self {
        assert!(LAB.contains(from), "{from}");
        self.write("lab.yaml", LAB.replacen(from, to, 1));
        self
    }

    fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    fn without(self, path: &str) -> Self {
        fs::remove_file(self.folder().join(path)).unwrap();
        self
    }

    fn library(&self) -> Library {
        Library::open(Roots::beneath(self.0.path()))
    }

    /// What its author is told, of the lab alone.
    fn told(&self) -> String {
        let catalogue = self.library().catalogue();
        let mut told: Vec<String> = catalogue
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.file.starts_with("labs"))
            .map(|diagnostic| diagnostic.render(false).trim_end().to_owned())
            .collect();
        if told.is_empty() {
            told.push("nothing wrong".into());
        }
        told.join("\n\n")
    }
}

#[test]
fn a_good_lab_is_read() {
    let fixture = Fixture::new();
    assert_eq!(fixture.told(), "nothing wrong");
    let catalogue = fixture.library().catalogue();
    let entry = catalogue.lab(&LabId("small".into())).unwrap();
    let lab = &entry.lab;
    assert_eq!((lab.points(), lab.tasks.len(), lab.setup.len()), (20, 2, 1));
    assert_eq!(lab.story, "The story of ${seed}.");
    assert_eq!(lab.tasks[0].text, "It greets.");
    assert_eq!(entry.proof.wrong[0].fails[0].0, "greets");
    assert_eq!(entry.proof.undo.as_ref().unwrap().remove, ["hello.json"]);
    assert_eq!(entry.proof.solution.as_ref().unwrap().files, [Path::new("hello.json")]);

    let drawn = parameters::draw(lab, 7);
    assert_eq!(drawn, parameters::draw(lab, 7));
    let filled = parameters::fill(lab, &drawn);
    assert_eq!(filled.story, format!("The story of {}.", drawn["seed"]));
    let TaskWork::Checks(checks) = &filled.tasks[0].work else {
        panic!()
    };
    let Assertion::Match(value) = &checks[1].assertion else {
        panic!()
    };
    assert_eq!(value["json"]["seed"], drawn["seed"]);
    let TaskWork::Trial(trial) = &filled.tasks[1].work else {
        panic!()
    };
    let crate::model::Act::FlipByte { at, .. } = &trial.act[0] else {
        panic!()
    };
    assert_eq!(*at, Offset::At(drawn["at"].as_u64().unwrap()));
}

#[test]
fn what_changed_is_read_again_and_nothing_else() {
    let fixture = Fixture::new();
    let library = fixture.library();
    let before = library.catalogue();
    assert!(!library.refresh());
    fixture.write("lab.yaml", LAB.replacen("Small lab", "Another lab", 1));
    assert!(library.refresh());
    let (id, after) = (LabId("small".into()), library.catalogue());
    assert_eq!(after.lab(&id).unwrap().lab.title, "Another lab");
    assert_ne!(after.lab(&id).unwrap().lab.hash, before.lab(&id).unwrap().lab.hash);
    fs::remove_dir_all(fixture.folder()).unwrap();
    assert!(library.refresh());
    assert!(library.catalogue().labs.is_empty());
}

#[test]
fn a_broken_lab_leaves_the_others_alone() {
    let fixture = Fixture::new();
    let other = fixture.0.path().join("labs/other");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("lab.yaml"), "title: [").unwrap();
    let catalogue = fixture.library().catalogue();
    assert!(catalogue.lab(&LabId("small".into())).is_some());
    assert!(!catalogue.broken[&LabId("other".into())].is_empty());
    assert!(catalogue.has_errors());
}

macro_rules! told {
    ($($name:ident: $fixture:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!($fixture.told());
        })*
    };
}

told! {
    yaml_that_does_not_parse: Fixture::new().lab("minutes: 10", "minutes: [10");
    yaml_with_a_tab: Fixture::new().lab("  seed:", "\tseed:");
    yaml_with_a_wrong_key: Fixture::new().lab("summary:", "sumary:");
    yaml_with_a_wrong_key_deep_inside: Fixture::new().lab("port: 8080, as: answer", "prot: 8080, as: answer");
    yaml_without_a_key: Fixture::new().lab("title: Small lab\n", "");
    yaml_of_a_wrong_kind: Fixture::new().lab("minutes: 10", "minutes: ten");
    yaml_with_a_key_twice: Fixture::new().lab("week: 1", "week: 1\nweek: 2");
    yaml_with_an_unknown_word: Fixture::new().lab("as: json", "as: jsn");
    yaml_that_is_empty: Fixture::new().with("lab.yaml", "");
    yaml_that_explodes: Fixture::new().lab("match: { status: 200, json: { seed: \"${seed}\" } }", &bomb());
    yaml_that_is_too_deep: Fixture::new().lab("match: { status: 200", &format!("match: {{ deep: {}{}, status: 200", "[".repeat(150), "]".repeat(150)));
    yaml_that_is_huge: Fixture::new().with("lab.yaml", "#".repeat(2 << 20));
    yaml_that_is_not_utf8: Fixture::new().with("lab.yaml", b"title: ok\nsummary: \xff\xfe\n");
    lab_yaml_missing: Fixture::new().without("lab.yaml");

    cel_that_does_not_parse: Fixture::new().lab("it.seed == 0", "it.seed = 0");
    cel_with_a_wrong_function: Fixture::new().lab("it.text.matches", "it.text.match");
    cel_with_a_wrong_name: Fixture::new().lab("answer.status == 422", "anwser.status == 422");
    cel_that_is_no_condition: Fixture::new().lab("it.seed == params.seed && it.text.matches('^hello')", "size(it.text)");
    cel_with_a_wrong_pattern: Fixture::new().lab("'^hello'", "'^(hello'");
    cel_with_a_wrong_parameter: Fixture::new().lab("params.seed", "params.sed");
    cel_in_a_block_of_lines: Fixture::new().lab("it.seed == params.seed && it.text.matches('^hello')", "|\n          it.seed == params.seed &&\n          nope(it)");

    parameter_unknown_in_a_text: Fixture::new().lab("with the seed ${seed}", "with the seed ${sed}");
    parameter_broken_in_a_text: Fixture::new().lab("with the seed ${seed}", "in ${HOME}");
    parameter_unknown_in_the_instructions: Fixture::new()
        .with("instructions.md", "Story.\n\n## greets\n\nWith ${sead}.\n\n## survives\n\nText.\n");
    parameter_in_the_title: Fixture::new().lab("title: Small lab", "title: \"Lab ${seed}\"");
    parameter_drawn_in_two_ways: Fixture::new().lab("{ integer: [1, 9] }", "{ integer: [1, 9], words: 2 }");
    parameter_from_an_empty_range: Fixture::new().lab("[1, 9]", "[9, 1]");
    parameter_with_a_bad_name: Fixture::new()
        .lab("  at: { integer", "  it: { words: 0 }\n  at-x: { choice: [a] }\n  at: { integer");

    instructions_missing: Fixture::new().without("instructions.md");
    instructions_with_wrong_headings: Fixture::new()
        .with("instructions.md", "Story.\n\n## greet\n\nText.\n\n## survives\n\n## survives\n\nx\n\n```\n## not a heading\n```\n");
    instructions_without_a_story: Fixture::new().with("instructions.md", "## greets\nText.\n## survives\nText.\n");

    tasks_that_need_each_other: Fixture::new().lab("hints: [Look at hello.json.]", "needs: [survives]");
    tasks_that_need_nothing_known: Fixture::new().lab("needs: [greets]", "needs: [greats]");
    task_twice: Fixture::new().lab("id: survives", "id: greets");
    task_with_a_bad_id: Fixture::new().lab("id: survives", "id: It Survives");
    task_without_a_check: Fixture::new().lab("    trial:\n", "    checks: []\n    trial:\n");
    check_that_looks_at_two_things: Fixture::new()
        .lab("      - http: { port: 8080, path", "      - file: { path: x, as: text }\n        http: { port: 8080, path");
    check_that_asserts_nothing: Fixture::new().lab("match: { status: 200, json: { seed: \"${seed}\" } }\n        ", "");
    check_that_rests_on_a_command: Fixture::new().lab(
        "      - file: { path: hello.json, as: json }\n        that: it.seed == params.seed && it.text.matches('^hello')",
        "      - command: { run: [cat, hello.json] }\n        that: it.exit_code == 0",
    ).lab_again("      - http: { port: 8080, path: \"/hello?seed=${seed}\" }\n        match: { status: 200, json: { seed: \"${seed}\" } }\n        expected: The site answers\n", "");

    duration_without_a_unit: Fixture::new().lab("timeout: 5s", "timeout: 5");
    size_without_a_unit: Fixture::new().lab("services:", "limits: { memory: 2GB, processes: 2 }\nservices:");
    path_out_of_the_workspace: Fixture::new().lab("path: hello.json, as", "path: ../hello.json, as");
    file_that_is_named_and_missing: Fixture::new().lab("checks/odd.json", "checks/old.json");
    script_that_is_named_and_missing: Fixture::new().lab("setup/plant.sh", "setup/plants.sh");
    python_without_an_environment: Fixture::new().lab("[sh, setup/plant.sh]", "[python, setup/plant.sh]");
    environment_that_is_missing: Fixture::new().lab("parameters:", "needs: { workspace: { environment: python } }\nparameters:");
    environment_that_is_not_locked: Fixture::new()
        .lab("parameters:", "needs: { workspace: { environment: python } }\nparameters:")
        .with("environment/requirements.txt", "# pins\nnumpy==2.4.6 \\\n    --hash=sha256:00\npandas>=2\nscipy==1.0\n");
    guarantee_unknown: Fixture::new().lab("parameters:", "needs: { guarantees: [own-file] }\nparameters:");

    wrong_solution_of_no_task: Fixture::new().with("wrong/zero/wrong.yaml", "why: x\nfails: [greet]\n");
    wrong_solution_without_a_reason: Fixture::new().with("wrong/zero/wrong.yaml", "fails: [greets]\n");
    wrong_solution_that_changes_nothing: Fixture::new().without("wrong/zero/hello.json");
    undo_that_leads_out: Fixture::new().with("undo/undo.yaml", "remove: [/etc/passwd]\n");
    lints_of_a_careless_lab: careless();
}

impl Fixture {
    /// With a second part of lab.yaml replaced.
    fn lab_again(self, from: &str, to: &str) -> Self {
        let path = self.folder().join("lab.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        self
    }
}

fn careless() -> Fixture {
    let fixture = Fixture::new().with(
        "lab.yaml",
        "title: A lab.\nweek: 1\nminutes: 240\nsummary: x\ntasks:\n  - id: task-1\n    title: Do it\n    points: 20\n    checks:\n      - file: { path: x, as: text }\n        that: it.size > 0\n",
    );
    fs::remove_dir_all(fixture.folder().join("wrong")).unwrap();
    fs::remove_dir_all(fixture.folder().join("undo")).unwrap();
    fs::remove_dir_all(fixture.folder().join("solution")).unwrap();
    fixture.with("instructions.md", "Story.\n\n## task-1\n\nText.\n")
}

/// Ten anchors, each ten times the one before: ten billion values.
fn bomb() -> String {
    let mut lines = vec!["match:".to_owned(), format!("a0: &a0 [{}]", ["x"; 10].join(", "))];
    for level in 1..10 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        lines.push(format!("a{level}: &a{level} [{inner}]"));
    }
    lines.join("\n          ")
}

#[test]
fn links_and_odd_files_are_refused() {
    let fixture = Fixture::new();
    symlink("/etc/passwd", fixture.folder().join("workspace/passwd")).unwrap();
    symlink("..", fixture.folder().join("loop")).unwrap();
    symlink(fixture.folder(), fixture.0.path().join("labs/linked")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        fixture.folder().join("checks/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let odd = std::ffi::OsStr::new("n").to_owned();
    let mut name = std::os::unix::ffi::OsStringExt::into_vec(odd);
    name.push(0xff);
    let name: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(name);
    fs::write(fixture.folder().join(name), "x").unwrap();
    insta::assert_snapshot!(fixture.told());
}

#[test]
fn a_curriculum_is_read_and_judged() {
    let fixture = Fixture::new();
    let write = |path: &str, text: &str| {
        let path = fixture.0.path().join("curriculum").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "course.yaml",
        "title: T\nsummary: S\nmonths:\n  - { number: 1, title: M, gate: G }\n",
    );
    write(
        "w01-first/week.yaml",
        "title: First\nmonth: 1\nsummary: S\noutcomes: [O]\nstages: [data]\nlessons:\n  - { slug: one, title: One }\n  - { slug: two, title: Two }\nlabs:\n  - id: small\n  - { title: Planned, minutes: 75 }\n",
    );
    write(
        "w01-first/one.md",
        "---\nminutes: 10\nobjectives:\n  - { does: Read a matrix., asked: q, practised: example }\nversions:\n  - { tool: t, version: \"1.10\", checked: 2026-11-20 }\n---\n## Text\n\n![x](figures/f.svg)\n",
    );
    write("w01-first/figures/f.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    let catalogue = fixture.library().catalogue();
    assert_eq!(catalogue.diagnostics, []);
    let week = &catalogue.curriculum.weeks[0];
    assert_eq!((week.number, week.lessons.len()), (1, 2));
    assert_eq!(week.labs[0].title, "Small lab");
    assert_eq!(week.labs[1].id, None);
    assert!(week.lessons[1].body.is_none());
    let lesson = catalogue.lesson(1, "one").unwrap();
    assert_eq!(lesson.lesson.body.as_ref().unwrap().versions[0].version, "1.10");
    assert!(lesson.rendered().html.contains("src=\"/weeks/1/figures/f.svg\""));
    assert!(catalogue.figure(1, "f.svg").is_some());

    write("w01-first/stray.md", "x");
    write("w01-first/two.md", "---\nminutes: ten\nobjectives: []\n---\nText\n");
    write("w01-first/figures/bad.svg", "<svg onload='x()'/>");
    write("w1-wrong/week.yaml", "");
    write(
        "w02-second/week.yaml",
        "title: Second\nmonth: 3\nsummary: S\noutcomes: []\nstages: [dta]\nlessons: []\nlabs:\n  - id: smal\n",
    );
    let told: Vec<String> = fixture
        .library()
        .catalogue()
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(false).trim_end().to_owned())
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

/// The content that is shipped has no errors.
#[test]
fn our_own_content_is_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue = Library::open(Roots::beneath(root)).catalogue();
    assert!(
        !catalogue.has_errors(),
        "{}",
        report::text(&catalogue.diagnostics, false)
    );
    for lesson in catalogue.lessons.values() {
        assert!(!lesson.rendered().html.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_lab_yaml_panics(at in 0..LAB.len(), junk in "[\\[\\]{}:\"'&*!|>%@`#,\n\t a-z0-9$.-]{0,6}", cut in 0_usize..40) {
        let (start, end) = (at, (at + cut).min(LAB.len()));
        let text = format!("{}{junk}{}", &LAB[..start], &LAB[end..]);
        let fixture = Fixture::new().with("lab.yaml", text);
        drop(fixture.told());
    }
}
