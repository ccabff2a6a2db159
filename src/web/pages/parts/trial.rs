//! A trial: its phase, its picture and the same as a table.

use std::fmt::Write as _;

use askama::Template;

use super::task::FindingView;
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
    /// `act`, `seen`, `held`, `broken`, `restore`, `note`.
    pub kind: &'static str,
    pub text: String,
}

/// One lane of the picture: what was true of one thing, over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackView {
    pub label: String,
    pub segments: Vec<SegmentView>,
}

/// A piece of a lane, in milliseconds after the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentView {
    pub from: u64,
    pub to: u64,
    /// Class that gives shape and colour: `pass`, `fail`, `wait`.
    pub class: &'static str,
    pub text: String,
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
    pub entries: Vec<TrialEntry>,
    pub tracks: Vec<TrackView>,
    /// When watching ends, in milliseconds after the start.
    pub deadline: Option<u64>,
    /// What did not hold.
    pub findings: Vec<FindingView>,
    /// `Some(true)` where everything was put back.
    pub restored: Option<bool>,
    /// What restoring left as it is, and why.
    pub notes: Vec<String>,
    /// Why it cannot be started now.
    pub refused: Option<String>,
    pub live: bool,
}

/// The picture's measures, in its own units.
const LEFT: u64 = 6;
const RIGHT: u64 = 474;
const LANE: usize = 34;
const TOP: usize = 26;

impl TrialView {
    /// A trial that was survived.
    #[must_use]
    pub fn sample() -> Self {
        let entry = |at, kind, text: &str| TrialEntry {
            at,
            kind,
            text: text.into(),
        };
        let segment = |from, to, class, text: &str| SegmentView {
            from,
            to,
            class,
            text: text.into(),
        };
        Self {
            session: "0190b6a4-0000-7000-8000-000000000001".into(),
            task: "survives".into(),
            title: "Wrong input never gives an answer".into(),
            phase: TrialPhase::Over,
            mark: Mark::Star,
            word: "it held".into(),
            entries: vec![
                entry(0, "act", "put checks/batches to incoming"),
                entry(1200, "held", "never an answer for a missing column"),
                entry(1400, "restore", "everything was put back"),
            ],
            tracks: vec![TrackView {
                label: "never an answer for a missing column".into(),
                segments: vec![segment(0, 200, "wait", "not known"), segment(200, 1400, "pass", "true")],
            }],
            deadline: Some(1300),
            findings: vec![],
            restored: Some(true),
            notes: vec![],
            refused: None,
            live: true,
        }
    }

    /// Whether it runs now.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self.phase, TrialPhase::Act | TrialPhase::Watch | TrialPhase::Restore)
    }

    /// Height of the picture, in its own units.
    #[must_use]
    pub fn height(&self) -> usize {
        TOP + LANE * self.tracks.len() + 26
    }

    /// The time line: a numbered mark for each act, lanes for what had to hold, and the deadline.
    #[must_use]
    pub fn picture(&self) -> String {
        let end = self
            .entries
            .iter()
            .map(|entry| entry.at)
            .chain(self.deadline)
            .chain(
                self.tracks
                    .iter()
                    .flat_map(|track| track.segments.iter().map(|segment| segment.to)),
            )
            .max()
            .unwrap_or(0)
            .max(1);
        let place = |at: u64| LEFT + at.min(end).saturating_mul(RIGHT - LEFT) / end;
        let axis = TOP + LANE * self.tracks.len();
        let mut svg = format!("<path class=\"axis\" d=\"M{LEFT} {axis}H{RIGHT}\"/>");
        for (number, track) in self.tracks.iter().enumerate() {
            let top = TOP + LANE * number;
            let _ = write!(
                svg,
                "<text x=\"{LEFT}\" y=\"{}\">{}</text>",
                top + 11,
                escaped(&track.label)
            );
            for segment in &track.segments {
                let (from, to) = (place(segment.from), place(segment.to));
                // What did not hold is drawn higher, so that it is seen without its colour.
                let (y, height) = if segment.class == "fail" {
                    (top + 16, 12)
                } else {
                    (top + 20, 4)
                };
                let _ = write!(
                    svg,
                    "<rect class=\"{}\" x=\"{from}\" y=\"{y}\" width=\"{}\" height=\"{height}\"><title>{}</title></rect>",
                    segment.class,
                    (to - from.min(to)).max(2),
                    escaped(&segment.text)
                );
            }
        }
        for (number, entry) in self.entries.iter().enumerate().filter(|(_, entry)| entry.kind == "act") {
            let x = place(entry.at);
            let _ = write!(
                svg,
                "<path class=\"tick\" d=\"M{x} 14V{axis}\"/><text x=\"{x}\" y=\"11\" text-anchor=\"middle\">{}</text>",
                number + 1
            );
        }
        if let Some(deadline) = self.deadline {
            let x = place(deadline);
            let _ = write!(
                svg,
                "<path class=\"deadline\" d=\"M{x} 14V{axis}\" stroke-dasharray=\"4 4\"/>"
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{0}\">0 s</text><text x=\"{RIGHT}\" y=\"{0}\" text-anchor=\"end\">{1}</text>",
            axis + 18,
            seconds(end)
        );
        svg
    }

    /// What the picture shows, in words.
    #[must_use]
    pub fn alternative(&self) -> String {
        format!(
            "Time line of the trial: {} acts, {} conditions; the table below says the same.",
            self.entries.iter().filter(|entry| entry.kind == "act").count(),
            self.tracks.len()
        )
    }
}

impl TrialEntry {
    /// `1.2 s`.
    #[must_use]
    pub fn time(&self) -> String {
        seconds(self.at)
    }
}

/// As text of an SVG.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_acts_lanes_and_the_deadline() {
        let mut trial = TrialView::sample();
        trial.tracks[0].label = "a <b>".into();
        let svg = trial.picture();
        assert_eq!(svg.matches("class=\"tick\"").count(), 1, "{svg}");
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert_eq!(svg.matches("class=\"deadline\"").count(), 1, "{svg}");
        assert!(svg.contains("1.4 s") && svg.contains("a &lt;b&gt;"), "{svg}");
    }

    #[test]
    fn a_trial_without_entries_has_a_picture_too() {
        let mut trial = TrialView::sample();
        trial.entries.clear();
        trial.tracks.clear();
        trial.deadline = None;
        assert!(trial.picture().contains("0.0 s"));
    }
}
