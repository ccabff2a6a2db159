//! What `lesson test` prints: a row a block, and below it where the lesson does not show what happens.

use std::fmt::Write as _;

use super::{LessonReport, Outcome};

/// A row a block: language, line, seconds, how it came out.
#[must_use]
pub fn table(report: &LessonReport) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", report.file);
    let _ = writeln!(out, "  {:<8}  {:>5}  {:>6}  outcome", "block", "line", "s");
    for block in &report.blocks {
        let (seconds, word) = match &block.outcome {
            Outcome::Same => (format!("{:.1}", block.took.as_secs_f64()), "ok"),
            Outcome::Wrong(_) => (format!("{:.1}", block.took.as_secs_f64()), "NOT as shown"),
            Outcome::Written => ("-".to_owned(), "written"),
            Outcome::NotRun => ("-".to_owned(), "not run, as it says"),
        };
        let _ = writeln!(out, "  {:<8}  {:>5}  {seconds:>6}  {word}", block.language, block.line);
    }
    let _ = writeln!(
        out,
        "  {}, {:.1} s",
        if report.holds() { "all as shown" } else { "NOT as shown" },
        report.took().as_secs_f64()
    );
    out
}

/// Each place where it is not as shown: `file:line: what`, then the difference.
#[must_use]
pub fn complaints(report: &LessonReport) -> String {
    let mut out = String::new();
    for block in &report.blocks {
        let Outcome::Wrong(complaints) = &block.outcome else {
            continue;
        };
        for complaint in complaints {
            let _ = writeln!(out, "{}:{}: {}", report.file, complaint.line, complaint.message);
            for line in &complaint.detail {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{BlockReport, Complaint};
    use super::*;

    #[test]
    fn what_is_wrong_stands_below_with_its_place() {
        let block = |language: &str, line, outcome| BlockReport {
            language: language.into(),
            line,
            took: Duration::from_millis(1240),
            outcome,
            edits: Vec::new(),
        };
        let report = LessonReport {
            file: "curriculum/w01-a/b.md".into(),
            blocks: vec![
                block("python", 9, Outcome::Written),
                block("console", 20, Outcome::Same),
                block(
                    "bash",
                    30,
                    Outcome::Wrong(vec![Complaint {
                        line: 31,
                        message: "it prints something else".into(),
                        detail: vec!["- a".into(), "+ b".into()],
                    }]),
                ),
            ],
        };
        insta::assert_snapshot!(format!("{}{}", table(&report), complaints(&report)), @r"
        curriculum/w01-a/b.md
          block      line       s  outcome
          python        9       -  written
          console      20     1.2  ok
          bash         30     1.2  NOT as shown
          NOT as shown, 3.7 s
        curriculum/w01-a/b.md:31: it prints something else
            - a
            + b
        ");
    }
}
