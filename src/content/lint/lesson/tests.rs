//! What an author of a lesson is told by the rules, as it looks in a terminal.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::LintFacts;
use crate::content::{Catalogue, Library, Roots, Severity, lint_all};

const LAB: &str = "title: Small lab\nweek: 1\nminutes: 10\nsummary: A small lab.\nneeds: { workspace: { environment: python } }\ntasks:\n  - id: greets\n    title: It greets\n    points: 10\n    checks:\n      - { file: { path: hello, as: text }, that: it.size > 0, expected: hello is there }\n    hints: [Look.]\n";

const LESSON: &str = r#"---
minutes: 5
objectives:
  - does: Mark the late columns.
    asked: late
    practised: small/greets
  - { does: Measure a leak., asked: gap, practised: example }
  - { does: Choose one., asked: more, practised: example }
prerequisites: [zero]
environment: small
versions:
  - { tool: bash, version: "5.2", checked: 2026-11-20 }
sources:
  - { title: T, url: "https://example.org" }
---
It starts with [an incident](https://example.org), see [below](#the-idea), [the lab](/labs/small) and [the week](/weeks/1).

| You know | Here |
|---|---|
| a | b |

## The idea

![Two walls, one of time and one of people, with what leaks through each of them](figures/walls.svg "Walls")

> [!PREDICT]
> What?
>
> ---
>
> That.

```console
$ echo hello
hello
```

> [!PREDICT]
> And?

## Where you are now

**Now true**: a. **Still by hand**: b.

**Explain why**: c?
"#;

const QUIZ: &str = "questions:\n  - id: late\n    kind: single\n    ask: Which is late?\n    choices:\n      - { text: \"The first of them all\", why: no }\n      - { text: The second one of all, why: yes, right: true }\n  - id: gap\n    kind: short\n    ask: How much?\n    accept: [\"0.1\"]\n    why: so\n  - id: more\n    kind: single\n    ask: Which?\n    choices:\n      - { text: \"This one, this one!\", why: yes, right: true }\n      - { text: \"That one, that one\", why: no }\n";

const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><style>@media (prefers-color-scheme: dark) { * { fill: #fff } }</style></svg>\n";

struct Fixture(TempDir);

impl Fixture {
    fn new() -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        for (path, text) in [
            ("labs/small/lab.yaml", LAB),
            ("labs/small/instructions.md", "Story.\n\n## greets\n\nIt greets.\n"),
            ("labs/small/environment/requirements.txt", "a==1 --hash=sha256:00\n"),
            (
                "curriculum/course.yaml",
                "title: T\nsummary: S\nmonths:\n  - { number: 1, title: M, gate: G }\n",
            ),
            (
                "curriculum/w01-first/week.yaml",
                "title: First\nmonth: 1\nsummary: S\noutcomes: [O]\nlessons:\n  - { slug: zero, title: Zero }\n  - { slug: one, title: One }\nlabs:\n  - id: small\n",
            ),
            ("curriculum/w01-first/one.md", LESSON),
            ("curriculum/w01-first/one.quiz.yaml", QUIZ),
            ("curriculum/w01-first/figures/walls.svg", SVG),
        ] {
            fixture.write(path, text);
        }
        fixture
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// With parts of the lesson replaced.
    fn lesson(self, parts: &[(&str, &str)]) -> Self {
        let mut text = LESSON.to_owned();
        for (from, to) in parts {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        self.write("curriculum/w01-first/one.md", &text);
        self
    }

    fn catalogue(&self) -> std::sync::Arc<Catalogue> {
        Library::open(Roots::beneath(self.0.path())).catalogue()
    }

    /// What is told of the curriculum.
    fn told(&self, took: Option<Duration>) -> Vec<String> {
        let found = lint_all(
            &self.catalogue(),
            &LintFacts {
                today: "2026-11-24".into(),
                took: &|_| took,
            },
        );
        found
            .iter()
            .filter(|one| !one.file.starts_with("labs"))
            .map(ToString::to_string)
            .collect()
    }
}

#[track_caller]
fn told_once(fixture: &Fixture, words: &str) {
    let told = fixture.told(None);
    assert!(told.len() == 1 && told[0].contains(words), "{words}: {told:#?}");
}

#[test]
fn a_lesson_that_keeps_all_rules_is_left_alone() {
    assert_eq!(Fixture::new().told(None), Vec::<String>::new());
}

#[test]
#[expect(clippy::too_many_lines, reason = "a row for each rule")]
fn each_rule_is_told_with_its_place() {
    for (parts, words) in [
        (
            &[("Mark the late", "Understand the late")][..],
            "one.md:4:11: error: nobody can see somebody understand",
        ),
        (
            &[("Mark the late", "Be aware of late")],
            "nobody can see somebody be aware",
        ),
        (
            &[("Mark the late columns.", "Mark.")],
            "one.md:4:11: error: a verb without an object",
        ),
        (&[("Mark the", "Frobnicate the")], "warning: `frobnicate` is no verb"),
        (
            &[("    asked: late\n", "")],
            "one.md:4:11: error: no question asks for this objective",
        ),
        (
            &[("asked: late", "asked: lat")],
            "one.md:5:12: error: the lesson's quiz has no question `lat` (did you mean `late`?)",
        ),
        (
            &[("    practised: small/greets\n", "")],
            "one.md:4:11: error: this objective is not practised",
        ),
        (
            &[("small/greets", "smal/greets")],
            "one.md:6:16: error: there is no lab `smal` (did you mean `small`?)",
        ),
        (
            &[("small/greets", "small/greet")],
            "has no task `greet` (did you mean `greets`?)",
        ),
        (
            &[("```console\n$ echo hello\nhello\n```\n", "")],
            "error: the lesson has no block that runs",
        ),
        (
            &[("minutes: 5", "minutes: 7")],
            "one.md:2:10: error: 7 minutes (round up",
        ),
        (&[("2026-11-20", "2026-11-25")], "error: 2026-11-25 has not come yet"),
        (
            &[("2026-11-20", "2025-11-20")],
            "warning: bash was checked more than a year ago",
        ),
        (&[("version: \"5.2\"", "version: \"\"")], "error: no version"),
        (
            &[
                ("  - { tool: bash, version: \"5.2\", checked: 2026-11-20 }\n", ""),
                ("versions:\n", ""),
            ],
            "says of no tool",
        ),
        (
            &[("environment: small", "environment: smal")],
            "one.md:10:14: error: there is no lab `smal`",
        ),
        (
            &[("[zero]", "[zer]")],
            "there is no lesson `zer` (did you mean `zero`?)",
        ),
        (&[("[zero]", "[one]")], "does not stand before this lesson"),
        (&[("| You know | Here |", "| a | b |")], "no bridge"),
        (&[("> [!PREDICT]\n> And?", "> And?")], "error: 1 predictions"),
        (
            &[(
                "![Two walls, one of time and one of people, with what leaks through each of them](figures/walls.svg \"Walls\")",
                "![Two walls, one of time and one of people, with what leaks through each of them](figures/wall.svg)",
            )],
            "no picture `figures/wall.svg`",
        ),
        (
            &[(
                "![Two walls, one of time and one of people, with what leaks through each of them]",
                "![Walls]",
            )],
            "does not say in words",
        ),
        (&[("[the week](/weeks/1)", "[x](/weeks/9)")], "there is no week `9`"),
        (&[("[the week](/weeks/1)", "[x](/weeks/1/on)")], "did you mean `one`?"),
        (
            &[("[the week](/weeks/1)", "[x](/weeks/1/one#the-ida)")],
            "there is no heading `#the-ida`",
        ),
        (&[("(#the-idea)", "(#the-ide)")], "did you mean `the-idea`?"),
        (&[("(/labs/small)", "(/labs/smal)")], "there is no lab `smal`"),
        (
            &[("[the week](/weeks/1)", "[x](/glossary/leak)")],
            "there is no term `leak`",
        ),
        (
            &[("[the week](/weeks/1)", "[x](/nowhere)")],
            "there is no page `/nowhere`",
        ),
        (&[("[the week](/weeks/1)", "[x](two.md)")], "leads nowhere"),
        (
            &[("[the week](/weeks/1)", "[x](javascript:alert(1))")],
            "`javascript:alert(1)`",
        ),
        (
            &[("[the week](/weeks/1)", "[x](data:text/html,x)")],
            "`data:text/html,x`",
        ),
        (&[("[the week](/weeks/1)", "<b onclick=x>x")], "raw HTML"),
        (
            &[("## The idea", "## The idea\n\n> [!QUESTION]\n> What?")],
            "error: a question in the text",
        ),
        (
            &[("## The idea", "## The idea\n\n> [!QUIZ]\n\n> [!QUIZ]")],
            "a second place for the quiz",
        ),
        (
            &[("**Still by hand**", "Still by hand")],
            "one.md:41:1: error: the last section has no `Still by hand`",
        ),
        (
            &[(
                "```console\n$ echo hello",
                "```yaml\na: 1\n```\n\n```console\n$ echo hello",
            )],
            "one.md:33:1: error: a block of `yaml`",
        ),
        (
            &[(
                "```console\n$ echo hello",
                "```sh\ntrue\n```\n\n```console\n$ echo hello",
            )],
            "write `bash`",
        ),
    ] {
        let fixture = Fixture::new().lesson(parts);
        let told = fixture.told(None);
        let about: Vec<&String> = told.iter().filter(|one| one.contains(words)).collect();
        assert!(!about.is_empty(), "{parts:?}: {words}: {told:#?}");
    }
}

#[test]
fn one_objective_is_too_few() {
    let fixture = Fixture::new().lesson(&[
        ("  - { does: Measure a leak., asked: gap, practised: example }\n", ""),
        ("  - { does: Choose one., asked: more, practised: example }\n", ""),
    ]);
    told_once(&fixture, "error: 1 objectives");
}

#[test]
fn comments_are_no_html() {
    let fixture = Fixture::new().lesson(&[("## The idea", "<!-- a note -->\n\n## The idea")]);
    assert_eq!(fixture.told(None), Vec::<String>::new());
}

#[test]
fn minutes_go_by_words_and_by_what_was_measured() {
    let long = "word ".repeat(230 * 6);
    let fixture = Fixture::new().lesson(&[("## The idea", &format!("{long}\n\n## The idea"))]);
    told_once(&fixture, "make 10 (write `minutes: 10`)");
    let fixture = Fixture::new();
    assert_eq!(fixture.told(Some(Duration::from_secs(30))), Vec::<String>::new());
    let told = fixture.told(Some(Duration::from_mins(20)));
    assert!(
        told.len() == 1 && told[0].contains("1200 s of commands make 25"),
        "{told:?}"
    );
    let longer = "word ".repeat(1_500);
    let fixture = Fixture::new().lesson(&[("## The idea", &format!("{longer}\n\n## The idea"))]);
    assert!(fixture.told(None).iter().any(|one| one.contains("at most 1500")));
}

#[test]
fn pictures_are_for_light_and_dark_and_are_shown() {
    let fixture = Fixture::new();
    fixture.write("curriculum/w01-first/figures/walls.svg", "<svg viewBox='0 0 1 1'/>\n");
    fixture.write(
        "curriculum/w01-first/figures/other.svg",
        &SVG.replace("viewBox", "class"),
    );
    let told = fixture.told(None);
    for words in [
        "walls.svg:1:1: error: the picture has no colours",
        "cannot be made smaller",
        "warning: no lesson shows",
    ] {
        assert!(told.iter().any(|one| one.contains(words)), "{words}: {told:#?}");
    }
}

#[test]
fn questions_are_three_to_five_and_their_choices_alike() {
    for (from, to, words) in [
        (
            "  - id: gap\n    kind: short\n    ask: How much?\n    accept: [\"0.1\"]\n    why: so\n",
            "",
            "one.quiz.yaml: error: 2 questions",
        ),
        (
            "The first of them all",
            "The first of them all, and much more besides",
            "one.quiz.yaml:2:5: warning: the choices of `late` have 21 to 44",
        ),
        (
            "The first of them all",
            "The first of them",
            "the right choice is the longest each time",
        ),
    ] {
        let fixture = Fixture::new();
        assert!(QUIZ.contains(from));
        fixture.write("curriculum/w01-first/one.quiz.yaml", &QUIZ.replace(from, to));
        let told = fixture.told(None);
        assert!(told.iter().any(|one| one.contains(words)), "{words}: {told:#?}");
    }
    let fixture = Fixture::new();
    fs::remove_file(fixture.0.path().join("curriculum/w01-first/one.quiz.yaml")).unwrap();
    told_once(&fixture, "the lesson asks no questions");
}

#[test]
fn a_later_week_has_a_question_that_comes_back() {
    let fixture = Fixture::new();
    fixture.write(
        "curriculum/w02-second/week.yaml",
        "title: Second\nmonth: 1\nsummary: S\noutcomes: [O]\nlessons:\n  - { slug: one, title: One }\n",
    );
    let lesson = LESSON.replace("[zero]", "[w01/one]");
    fixture.write("curriculum/w02-second/one.md", &lesson);
    fixture.write("curriculum/w02-second/one.quiz.yaml", QUIZ);
    fixture.write("curriculum/w02-second/figures/walls.svg", SVG);
    assert_eq!(fixture.told(None), Vec::<String>::new());
    fs::rename(
        fixture.0.path().join("curriculum/w02-second"),
        fixture.0.path().join("curriculum/w06-second"),
    )
    .unwrap();
    told_once(&fixture, "no question of weeks 2 to 5 can come back");
}

/// The content that is shipped keeps the rules that a program can check.
#[test]
fn our_own_pictures_are_in_order() {
    let catalogue = Library::open(Roots::beneath(Path::new(env!("CARGO_MANIFEST_DIR")))).catalogue();
    let facts = LintFacts {
        today: "2026-11-24".into(),
        took: &|_| None,
    };
    let wrong: Vec<String> = lint_all(&catalogue, &facts)
        .iter()
        .filter(|one| one.rule == "pictures" && one.severity == Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}
