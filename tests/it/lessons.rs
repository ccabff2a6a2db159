//! Lessons whose blocks are run behind real walls: what is as shown, and everything that can go wrong with a block.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::{require, support};

const FIX: &str = "apt-get install bubblewrap, and build the agent";

/// A curriculum of one lesson without an environment, and a state directory.
struct Course(tempfile::TempDir);

impl Course {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("its mode");
        let course = Self(folder);
        std::fs::create_dir(course.0.path().join("labs")).expect("a directory");
        course.write("curriculum/course.yaml", "title: T\nsummary: S\nmonths: []\n");
        course.write(
            "curriculum/w01-a/week.yaml",
            "title: A\nmonth: 1\nsummary: S\noutcomes: [O]\nlessons:\n  - { slug: b, title: B }\n",
        );
        course.write(
            "curriculum/w01-a/b.md",
            &format!("---\nminutes: 5\nobjectives: []\n---\n{text}"),
        );
        course
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn lesson(&self) -> String {
        std::fs::read_to_string(self.0.path().join("curriculum/w01-a/b.md")).expect("the lesson")
    }

    /// Whether it holds, and what is said.
    fn test(&self, arguments: &[&str]) -> (bool, String) {
        let root = self.0.path();
        let output = Command::new(env!("CARGO_BIN_EXE_halfway"))
            .args(["lesson", "test"])
            .args(arguments)
            .arg("--state")
            .arg(root.join("state"))
            .arg("--labs")
            .arg(root.join("labs"))
            .arg("--curriculum")
            .arg(root.join("curriculum"))
            .current_dir(root)
            .output()
            .expect("the program");
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.success(), said)
    }
}

/// Whether the plainest block can be run here.
fn walls() -> bool {
    support::has_program("bwrap") && Course::new("```bash\ntrue\n```\n").test(&[]).0
}

const GOOD: &str = r#"```python file=src/a.py
import sys
print("out"); print("err", file=sys.stderr); print("out again")
```

```console
$ python3 src/a.py
out
err
out again
$ cat <<'EOF' > words
> one
> two
> EOF
$ for word in $(cat words); do echo $word; done; \
> cd src
one
...
$ pwd
/workspace/src
$ nothing-of-that-name
bash: nothing-of-that-name: command not found
(exit 127)
$ printf 'a  \n\n'
a
```

> ```bash
> cat words
> ```
>
> ```output
> one
> two
> ```

```json norun="an excerpt"
{}
```

```console
$ pwd; ls
/workspace
src
words
```
"#;

#[test]
fn blocks_run_in_order_in_one_workspace() {
    require!("bubblewrap", walls(), FIX);
    let course = Course::new(GOOD);
    let (holds, said) = course.test(&[]);
    assert!(holds, "{said}");
    assert!(
        said.contains("all as shown") && said.contains("not run, as it says"),
        "{said}"
    );
    // Nothing is left, and what was measured is kept.
    let state = course.0.path().join("state");
    assert_eq!(entries(&state.join("proof")), 0);
    assert!(state.join("lessons.json").is_file());
    for name in ["1/b", "w01/b", "b", "curriculum/w01-a/b.md"] {
        let (holds, said) = course.test(&[name]);
        assert!(holds, "{name}: {said}");
    }
    let (holds, said) = course.test(&["1/c"]);
    assert!(!holds && said.contains("there is `1/b`"), "{said}");
}

fn entries(path: &Path) -> usize {
    std::fs::read_dir(path).map_or(0, Iterator::count)
}

#[test]
fn what_is_not_as_shown_is_told_with_its_line() {
    require!("bubblewrap", walls(), FIX);
    let front = 4;
    for (text, line, words) in [
        (
            "```console\n$ echo a; echo b; echo c\na\nx\nc\n```\n",
            3,
            &["- x", "+ b", "something else"][..],
        ),
        (
            "```console\n$ true\n$ sh -c 'echo why; exit 3'\n```\n",
            3,
            &["ends with 3", "(exit 3)", "why"],
        ),
        ("```console\n$ true\n(exit 2)\n```\n", 2, &["ends with 0, and with 2"]),
        ("```console\n$ exit 4\n$ echo never\n```\n", 3, &["was not run"]),
        (
            "```bash\necho before\nfalse\necho after\n```\n",
            2,
            &["ends with 1, and must end with 0", "before"],
        ),
        (
            "```python\nraise SystemExit('oh no')\n```\n",
            2,
            &["ends with 1", "oh no"],
        ),
        ("```bash\necho a\n```\n\n```output\nb\n```\n", 6, &["- b", "+ a"]),
        ("```console\n$ printf '\\xff\\xfe\\n'\n```\n", 3, &["not UTF-8"]),
        ("```console\n$ yes | head -c 200000\n```\n", 2, &["more than 64 KiB"]),
        ("```bash\nkill -9 $$\n```\n", 2, &["signal 9"]),
        ("```yaml\na: 1\n```\n", 2, &["norun="]),
        (
            "```bash\nln -s /etc/passwd words\n```\n\n```text file=words\nmine\n```\n",
            6,
            &["cannot be written"],
        ),
        (
            "```console\n$ ls / | grep -c home; cat /proc/net/dev | grep -c eth; true\nx\n```\n",
            3,
            &["+ 0"],
        ),
    ] {
        let (holds, said) = Course::new(text).test(&[]);
        let place = format!("curriculum/w01-a/b.md:{}: ", front + line);
        assert!(!holds && said.contains(&place), "{text}: {place}: {said}");
        for word in words {
            assert!(said.contains(word), "{text}: {word}: {said}");
        }
    }
}

#[test]
fn an_environment_that_is_missing_is_told() {
    let course = Course::new("```bash\ntrue\n```\n");
    course.write(
        "curriculum/w01-a/b.md",
        "---\nminutes: 5\nobjectives: []\nenvironment: nowhere\n---\n```bash\ntrue\n```\n",
    );
    let (holds, said) = course.test(&[]);
    assert!(!holds && said.contains("`nowhere`, and there is no such lab"), "{said}");
}

#[test]
fn an_update_changes_output_alone() {
    require!("bubblewrap", walls(), FIX);
    let course = Course::new(
        "Text.\n\n> ```console\n> $ echo new; echo newer\n> old\n> $ echo more\n> $ sh -c 'echo bad; exit 2'\n> worse\n> (exit 2)\n> $ echo '$ rm'\n> safe\n> ```\n\n```bash\nfalse\n```\n",
    );
    let (holds, said) = course.test(&["--update"]);
    assert!(!holds && said.contains("read as a command"), "{said}");
    assert_eq!(
        course.lesson(),
        "---\nminutes: 5\nobjectives: []\n---\nText.\n\n> ```console\n> $ echo new; echo newer\n> new\n> newer\n> $ echo more\n> more\n> $ sh -c 'echo bad; exit 2'\n> bad\n> (exit 2)\n> $ echo '$ rm'\n> safe\n> ```\n\n```bash\nfalse\n```\n"
    );
}

/// A block that hangs is stopped, and so is what it has started. The limit is set here: the product's is a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_hangs_is_stopped() {
    use std::sync::Arc;

    use halfway::base::{Clock, InstallId, Random};
    use halfway::content::{Library, Roots};
    use halfway::proof::lesson::{LessonProver, Limits, Outcome, complaints};
    use halfway::sandbox::{EgressConfig, ProcessConfig, ProcessDriver};

    require!(
        "bubblewrap",
        tokio::task::spawn_blocking(walls).await.unwrap_or(false),
        FIX
    );
    let course = Course::new(
        "```console\n$ echo begun\nbegun\n$ (setsid sleep 1000 &); echo waits; sleep 1000\n$ echo never\n```\n\n```bash\necho next\n```\n\n```output\nnext\n```\n",
    );
    let catalogue = Library::open(Roots::beneath(course.0.path())).catalogue();
    let entry = catalogue.lesson(1, "b").expect("the lesson");
    let (clock, random) = (Clock::system(), Random::system());
    let driver = ProcessDriver::open(
        &course.0.path().join("state"),
        InstallId::fresh(&clock, &random),
        ProcessConfig::default(),
        EgressConfig::default(),
        random.clone(),
    )
    .await
    .expect("the driver");
    let prover = LessonProver {
        driver: Arc::new(driver),
        clock,
        random,
        limits: Limits {
            time: Duration::from_secs(2),
            ..Limits::default()
        },
    };
    let body = entry.lesson.body.as_ref().expect("its body");
    let report = prover.prove(body, None).await.expect("a report");
    let told = complaints(&report);
    assert!(
        told.contains("b.md:8: it did not end within 2 s") && told.contains("waits"),
        "{told}"
    );
    assert!(!told.contains("b.md:6"), "{told}");
    assert_eq!(report.blocks[1].outcome, Outcome::Same, "{told}");
}
