//! The matrix that `lab test` prints: a row a case, a column a task.

use std::fmt::Write;

use super::case::{Case, Cell};
use super::record::{Proof, Run};
use crate::model::Verdict;

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Pending => "pending",
        Verdict::Blocked => "blocked",
        Verdict::Error => "error",
        Verdict::Waiting => "waiting",
    }
}

fn cell(cell: &Cell) -> String {
    if cell.holds() {
        word(cell.verdict).to_owned()
    } else {
        format!("{} !", word(cell.verdict))
    }
}

/// The proof as text, with what is not as it must be below the matrix.
#[must_use]
pub fn table(proof: &Proof) -> String {
    let mut out = String::new();
    for (number, run) in proof.runs.iter().enumerate() {
        let _ = writeln!(
            out,
            "{}, run {} of {}, seed {}",
            proof.lab,
            number + 1,
            proof.runs.len(),
            run.seed
        );
        out.push_str(&matrix(run));
        complaints(&mut out, run);
        out.push('\n');
    }
    if let Some(seeds) = &proof.seeds {
        out.push_str(&seeds.text());
    }
    let cases: usize = proof.runs.iter().map(|run| run.cases.len()).sum();
    let verdict = if proof.holds() { "proven" } else { "NOT proven" };
    let seconds = proof.took / 1000;
    let _ = writeln!(
        out,
        "{}: {verdict}, {cases} cases in {seconds} s on driver {}",
        proof.lab, proof.driver
    );
    out
}

fn matrix(run: &Run) -> String {
    let Some(first) = run.cases.first() else {
        return String::new();
    };
    let mut rows = vec![
        std::iter::once("case".to_owned())
            .chain(first.cells.iter().map(|cell| cell.task.to_string()))
            .chain(["s".to_owned()])
            .collect::<Vec<_>>(),
    ];
    rows.extend(run.cases.iter().map(|case| {
        std::iter::once(case.kind.title())
            .chain(case.cells.iter().map(cell))
            .chain([format!(
                "{:.1}",
                std::time::Duration::from_millis(case.took).as_secs_f64()
            )])
            .collect()
    }));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    rows.iter().fold(String::new(), |mut out, row| {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text:<width$}"))
            .collect();
        let _ = writeln!(out, "  {}", line.join("  ").trim_end());
        out
    })
}

fn complaints(out: &mut String, run: &Run) {
    if let Some(why) = &run.broken {
        let _ = writeln!(out, "  ! {why}");
    }
    for case in &run.cases {
        for cell in case.cells.iter().filter(|cell| !cell.holds()) {
            complaint(out, case, cell);
        }
    }
}

fn complaint(out: &mut String, case: &Case, cell: &Cell) {
    let _ = writeln!(
        out,
        "  ! {}: {} must be {}, and is {}",
        case.kind.title(),
        cell.task,
        cell.expected.word(),
        word(cell.verdict)
    );
    for seen in &cell.seen {
        let _ = writeln!(out, "      seen: {}", seen.replace('\n', "\n            "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::model::{LabId, TaskId};
    use crate::proof::{CaseKind, Expected};

    #[test]
    fn what_is_wrong_stands_out() {
        let cell = |verdict, seen: &[&str]| Cell {
            task: TaskId("trains".to_owned()),
            expected: Expected::Pass,
            verdict,
            seen: seen.iter().map(ToString::to_string).collect(),
        };
        let case = |cell| Case {
            kind: CaseKind::Solution,
            cells: vec![cell],
            took: 1200,
        };
        let proof = Proof {
            lab: LabId("l".to_owned()),
            hash: String::new(),
            at: Timestamp(0),
            driver: "process".to_owned(),
            runs: vec![
                Run {
                    seed: 1,
                    cases: vec![case(cell(Verdict::Pass, &[]))],
                    broken: None,
                },
                Run {
                    seed: 2,
                    cases: vec![case(cell(Verdict::Fail, &["auc is 0.7"]))],
                    broken: None,
                },
            ],
            seeds: None,
            took: 3000,
        };
        insta::assert_snapshot!(table(&proof), @r"
        l, run 1 of 2, seed 1
          case      trains  s
          solution  pass    1.2

        l, run 2 of 2, seed 2
          case      trains  s
          solution  fail !  1.2
          ! solution: trains must be pass, and is fail
              seen: auc is 0.7

        l: NOT proven, 2 cases in 3 s on driver process
        ");
    }
}
