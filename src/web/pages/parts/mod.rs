//! Pieces that several pages share, each a template of its own, so that a live event can carry exactly what the page has.

pub mod task;
pub mod trial;

use askama::Template;

use super::mark::Mark;
use super::time::Moment;

pub use task::{FindingView, HintsView, TaskView};
pub use trial::{TrialPhase, TrialView};

/// A session that runs, as a card.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/running.html")]
pub struct RunningLab {
    pub title: String,
    pub mark: Mark,
    /// `Ready`, `Paused`…
    pub state: String,
    /// `3 of 6 tasks`.
    pub progress: String,
    /// `41 min left`.
    pub time: Option<String>,
    pub href: String,
}

/// The session's state in the bar: shape and word.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/session_state.html")]
pub struct SessionStateView {
    pub mark: Mark,
    pub word: String,
}

/// The time that is left, and until when, by the server's clock.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/session_time.html")]
pub struct SessionTime {
    /// `42 min`.
    pub left: String,
    /// In milliseconds when this was rendered.
    pub left_ms: u64,
    /// When the time is up, in microseconds, for the page to count down to.
    pub deadline: Option<i64>,
    /// `None` while the time stands still.
    pub until: Option<Moment>,
    /// Why it stands still.
    pub still: Option<String>,
}

/// `3 of 6` with a ring.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/progress.html")]
pub struct Progress {
    pub passed: usize,
    pub all: usize,
}

impl Progress {
    /// Length of the arc for a radius of 12, one decimal.
    #[must_use]
    pub fn arc(&self) -> String {
        let whole = 75.4;
        if self.all == 0 {
            return "0".to_owned();
        }
        #[expect(clippy::cast_precision_loss, reason = "a lab has a handful of tasks")]
        let arc = whole * self.passed as f64 / self.all as f64;
        format!("{arc:.1}")
    }
}

/// One step of provisioning in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    pub title: String,
    pub mark: Mark,
    /// `Done`, `Running`, `Waits`, `Failed`.
    pub word: &'static str,
    /// `0.4 s`.
    pub took: Option<String>,
}

/// All steps of provisioning.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/steps.html")]
pub struct StepList {
    pub steps: Vec<StepView>,
}

/// The last lines of the step that runs, or failed.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/step_output.html")]
pub struct StepOutput {
    pub title: String,
    pub output: String,
}

/// One attempt in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub title: String,
    pub href: String,
    pub mark: Mark,
    pub state: String,
    pub begun: Moment,
    /// `4 of 6 tasks`.
    pub progress: String,
}

/// A saved workspace that a new session can start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportChoice {
    /// As the form sends it.
    pub id: String,
    pub at: Moment,
    /// `1.2 MB`.
    pub size: String,
}

/// A number of bytes in words: `512 B`, `1.5 kB`, `2.0 GB`; powers of 1000.
#[must_use]
pub fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_unit_that_fits() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1500), "1.5 kB");
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(bytes(2 << 30), "2.1 GB");
        assert_eq!(bytes(u64::MAX), "18.4 EB");
    }

    #[test]
    fn the_arc_is_a_part_of_the_ring() {
        assert_eq!(Progress { passed: 3, all: 6 }.arc(), "37.7");
        assert_eq!(Progress { passed: 0, all: 0 }.arc(), "0");
    }
}
