//! A trial: its phase, its picture and the same as a table.

use std::fmt::Write as _;

use askama::Template;

use crate::web::pages::mark::Mark;

/// Where a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialPhase {
    /// It has not run.
    Never,
    Act,
    Watch,
    Restore,
    /// It is over; see the verdict.
    Over,
}

/// A line of the trial's table, and a mark on its time line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialEntry {
    /// Milliseconds after the start.
    pub at: u64,
    /// `act`, `watch`, `hold`, `restore`.
    pub kind: String,
    pub text: String,
    /// `Some(false)` for what did not hold.
    pub ok: Option<bool>,
}

/// The trial panel of a task.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/trial.html")]
pub struct TrialView {
    pub session: String,
    pub task: String,
    pub title: String,
    pub phase: TrialPhase,
    pub mark: Mark,
    /// The verdict or the phase in words.
    pub word: String,
    /// What must hold, a line each.
    pub invariants: Vec<String>,
    /// `30 s`.
    pub deadline: String,
    pub entries: Vec<TrialEntry>,
    /// `Some(true)` where everything was put back.
    pub restored: Option<bool>,
    /// Why it cannot be started now.
    pub refused: Option<String>,
    pub live: bool,
}

impl TrialView {
    /// A trial that was survived.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            session: "0190b6a4-0000-7000-8000-000000000001".into(),
            task: "survives".into(),
            title: "Wrong input never gives an answer".into(),
            phase: TrialPhase::Over,
            mark: Mark::Star,
            word: "Held".into(),
            invariants: vec!["never an answer for a missing column".into()],
            deadline: "30 s".into(),
            entries: vec![
                TrialEntry {
                    at: 0,
                    kind: "act".into(),
                    text: "put checks/batches to incoming".into(),
                    ok: None,
                },
                TrialEntry {
                    at: 1200,
                    kind: "hold".into(),
                    text: "never an answer for a missing column".into(),
                    ok: Some(true),
                },
            ],
            restored: Some(true),
            refused: None,
            live: true,
        }
    }

    /// Whether it runs now.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self.phase, TrialPhase::Act | TrialPhase::Watch | TrialPhase::Restore)
    }

    /// The time line: acts as bars, what was seen as points, what did not hold as crosses.
    #[must_use]
    pub fn picture(&self) -> String {
        let end = self.entries.iter().map(|entry| entry.at).max().unwrap_or(0).max(1);
        let mut svg = String::from("<path class=\"axis\" d=\"M6 56H474\"/>");
        for entry in &self.entries {
            let x = 6 + entry.at * 468 / end;
            let drawn = match (entry.kind.as_str(), entry.ok) {
                (_, Some(false)) => write!(
                    svg,
                    "<path class=\"fail\" d=\"M{} 36l8 8m0-8l-8 8\"/>",
                    x.saturating_sub(4)
                ),
                ("act", _) => write!(svg, "<path class=\"act\" d=\"M{x} 8V56\"/>"),
                ("restore", _) => write!(svg, "<path class=\"restore\" d=\"M{x} 28V56\"/>"),
                (_, Some(true)) => write!(svg, "<path class=\"pass\" d=\"M{} 40l3 3 6-7\"/>", x.saturating_sub(4)),
                (_, None) => write!(svg, "<circle class=\"dot\" cx=\"{x}\" cy=\"56\" r=\"3\"/>"),
            };
            debug_assert!(drawn.is_ok(), "writing to a string cannot fail");
        }
        let _ = write!(
            svg,
            "<text x=\"6\" y=\"76\">0 s</text><text x=\"474\" y=\"76\" text-anchor=\"end\">{}</text>",
            seconds(end)
        );
        svg
    }

    /// What the picture shows, in words.
    #[must_use]
    pub fn alternative(&self) -> String {
        let acts = self.entries.iter().filter(|entry| entry.kind == "act").count();
        let broken = self.entries.iter().filter(|entry| entry.ok == Some(false)).count();
        format!(
            "Time line of the trial: {acts} acts, {broken} moments at which something did not hold. The table below has the same."
        )
    }
}

impl TrialEntry {
    /// `1.2 s`.
    #[must_use]
    pub fn time(&self) -> String {
        seconds(self.at)
    }

    /// The result in a word.
    #[must_use]
    pub fn result(&self) -> &'static str {
        match self.ok {
            Some(true) => "held",
            Some(false) => "did not hold",
            None => "",
        }
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_mark_for_each_entry() {
        let mut trial = TrialView::sample();
        trial.entries.push(TrialEntry {
            at: 2400,
            kind: "hold".into(),
            text: "broke".into(),
            ok: Some(false),
        });
        let svg = trial.picture();
        assert!(
            svg.contains("class=\"act\"") && svg.contains("class=\"fail\"") && svg.contains("2.4 s"),
            "{svg}"
        );
    }

    #[test]
    fn a_trial_without_entries_has_a_picture_too() {
        let mut trial = TrialView::sample();
        trial.entries.clear();
        assert!(trial.picture().contains("0.0 s"));
    }
}
