//! A trial: its phase, its picture and the same as a table.

use serde::Serialize;

use super::task::FindingView;
use crate::web::pages::mark::Mark;
use crate::web::templates::View;

/// Where a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrialEntry {
    /// Milliseconds after the start.
    pub at: u64,
    /// `act`, `seen`, `held`, `broken`, `restore`, `note`.
    pub kind: &'static str,
    pub text: String,
}

/// What was true of one thing over time.
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

/// The time line in a picture's own units: a numbered mark for each act, a lane for each thing that had to hold, and
/// the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// What it shows, in words.
    pub alternative: String,
    pub acts: Vec<ActMark>,
    pub lanes: Vec<Lane>,
    /// Horizontal place of the deadline.
    pub deadline: Option<u64>,
    /// Its whole length in milliseconds.
    pub end: u64,
}

/// An act, or several that are too close to be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActMark {
    pub x: u64,
    /// Numbers in the table: `1`, `2–4`.
    pub label: String,
}

/// What was true of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lane {
    pub label: String,
    pub bars: Vec<Bar>,
}

/// A piece of a lane. What did not hold is drawn higher, so that it is seen without its colour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bar {
    pub x: u64,
    pub width: u64,
    pub class: &'static str,
    pub text: String,
}

/// The trial panel of a task.
#[derive(Clone, Debug, Serialize)]
pub struct TrialView {
    pub session: String,
    pub task: String,
    pub title: String,
    pub phase: TrialPhase,
    pub mark: Mark,
    /// The verdict or the phase in words.
    pub word: String,
    pub entries: Vec<TrialEntry>,
    /// `None` where nothing has happened.
    pub picture: Option<Picture>,
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

impl View for TrialView {
    const TEMPLATE: &'static str = "parts/trial.html";
}

/// The picture is 480 units wide; marks keep off its edges.
const LEFT: u64 = 6;
const RIGHT: u64 = 474;
/// Marks that are closer than this share one label.
const CLOSE: u64 = 26;

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
        let entries = vec![
            entry(0, "act", "put checks/batches to incoming"),
            entry(1200, "held", "never an answer for a missing column"),
            entry(1400, "restore", "everything was put back"),
        ];
        let tracks = [TrackView {
            label: "never an answer for a missing column".into(),
            segments: vec![segment(0, 200, "wait", "not known"), segment(200, 1400, "pass", "true")],
        }];
        Self {
            session: "0190b6a4-0000-7000-8000-000000000001".into(),
            task: "survives".into(),
            title: "Wrong input never gives an answer".into(),
            phase: TrialPhase::Over,
            mark: Mark::Star,
            word: "it held".into(),
            picture: Picture::of(&entries, &tracks, Some(1300)),
            entries,
            deadline: Some(1300),
            findings: vec![],
            restored: Some(true),
            notes: vec![],
            refused: None,
            live: true,
        }
    }
}

impl Picture {
    /// Of what happened and what was true; `None` where nothing happened.
    #[must_use]
    pub fn of(entries: &[TrialEntry], tracks: &[TrackView], deadline: Option<u64>) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let ends = tracks
            .iter()
            .flat_map(|track| track.segments.iter().map(|segment| segment.to));
        let end = entries
            .iter()
            .map(|entry| entry.at)
            .chain(deadline)
            .chain(ends)
            .max()
            .unwrap_or(0)
            .max(1);
        let place = |at: u64| LEFT + at.min(end).saturating_mul(RIGHT - LEFT) / end;
        let acts = || {
            entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.kind == "act")
                .map(|(at, entry)| (at + 1, place(entry.at)))
        };
        Some(Self {
            alternative: format!(
                "Time line of the trial: {}, {}; the table below says the same.",
                count(acts().count(), "act"),
                count(tracks.len(), "condition")
            ),
            acts: marks(acts()),
            lanes: tracks
                .iter()
                .map(|track| Lane {
                    label: track.label.clone(),
                    bars: track
                        .segments
                        .iter()
                        .map(|segment| {
                            let (from, to) = (place(segment.from), place(segment.to));
                            Bar {
                                x: from,
                                width: to.saturating_sub(from).max(2),
                                class: segment.class,
                                text: segment.text.clone(),
                            }
                        })
                        .collect(),
                })
                .collect(),
            deadline: deadline.map(place),
            end,
        })
    }
}

/// Marks from numbers and places, in the order of time.
fn marks(acts: impl Iterator<Item = (usize, u64)>) -> Vec<ActMark> {
    let mut marks: Vec<(usize, usize, u64)> = Vec::new();
    for (number, x) in acts {
        match marks.last_mut() {
            Some((_, last, at)) if x.abs_diff(*at) < CLOSE => *last = number,
            _ => marks.push((number, number, x)),
        }
    }
    marks
        .into_iter()
        .map(|(first, last, x)| ActMark {
            x,
            label: if first == last {
                first.to_string()
            } else {
                format!("{first}–{last}")
            },
        })
        .collect()
}

fn count(many: usize, what: &str) -> String {
    match many {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_acts_lanes_and_the_deadline() {
        let mut trial = TrialView::sample();
        trial.picture.as_mut().unwrap().lanes[0].label = "a <b> and `c`".into();
        let html = trial.render().unwrap();
        assert_eq!(html.matches("class=\"tick\"").count(), 2, "{html}");
        assert_eq!(html.matches("<rect").count(), 2, "{html}");
        assert_eq!(html.matches("class=\"deadline\"").count(), 1, "{html}");
        assert!(
            html.contains("1.4 s") && html.contains("a &#60;b&#62; and <code>c</code>"),
            "{html}"
        );
    }

    #[test]
    fn acts_that_are_close_share_a_label() {
        let labels = |places: &[u64]| {
            marks(places.iter().enumerate().map(|(at, x)| (at + 1, *x)))
                .into_iter()
                .map(|mark| mark.label)
                .collect::<Vec<_>>()
        };
        assert_eq!(labels(&[6, 10, 200]), ["1–2", "3"]);
        assert_eq!(labels(&[6, 100]), ["1", "2"]);
        assert!(labels(&[]).is_empty());
    }

    #[test]
    fn a_trial_without_entries_has_no_picture() {
        assert_eq!(Picture::of(&[], &[], Some(3)), None);
        let mut trial = TrialView::sample();
        trial.entries.clear();
        trial.picture = None;
        assert!(!trial.render().unwrap().contains("timeline"));
    }
}
