//! Pieces that several pages share, each a template of its own, so that a live event can carry exactly what the page has.

pub mod task;
pub mod trial;

use serde::Serialize;

use super::mark::Mark;
use super::time::Moment;
use crate::web::templates::View;

pub use task::{FindingView, HintsView, TaskView};
pub use trial::{TrialPhase, TrialView};

/// A session that runs, as a card.
#[derive(Clone, Debug, Serialize)]
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

impl View for RunningLab {
    const TEMPLATE: &'static str = "parts/running.html";
}

/// The session's state in the bar: shape and word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionStateView {
    pub mark: Mark,
    pub word: String,
}

impl View for SessionStateView {
    const TEMPLATE: &'static str = "parts/session_state.html";
}

/// The time that is left, and until when, by the server's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

impl View for SessionTime {
    const TEMPLATE: &'static str = "parts/session_time.html";
}

/// `3 of 6` with a ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub passed: usize,
    pub all: usize,
}

impl View for Progress {
    const TEMPLATE: &'static str = "parts/progress.html";
}

/// One step of provisioning in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepView {
    pub title: String,
    pub mark: Mark,
    /// `Done`, `Running`, `Waits`, `Failed`.
    pub word: &'static str,
    /// `0.4 s`.
    pub took: Option<String>,
}

/// All steps of provisioning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepList {
    pub steps: Vec<StepView>,
}

impl View for StepList {
    const TEMPLATE: &'static str = "parts/steps.html";
}

/// The last lines of the step that runs, or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepOutput {
    pub title: String,
    pub output: String,
}

impl View for StepOutput {
    const TEMPLATE: &'static str = "parts/step_output.html";
}

/// One attempt in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

/// A limit of a lab, in the units in which labs are written: `256 MiB`, `1.5 GiB`; powers of 1024.
#[must_use]
pub fn limit(count: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut tenths, mut unit) = (count, 0, 0);
    while whole >= 1024 && unit + 1 < units.len() {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    if tenths == 0 {
        format!("{whole} {}", units[unit])
    } else {
        format!("{whole}.{tenths} {}", units[unit])
    }
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
    fn limits_read_as_labs_write_them() {
        assert_eq!(limit(256 << 20), "256 MiB");
        assert_eq!(limit(2 << 30), "2 GiB");
        assert_eq!(limit(3 << 29), "1.5 GiB");
        assert_eq!(limit(1000), "1000 B");
    }

    #[test]
    fn the_arc_is_a_part_of_the_ring() {
        let html = Progress { passed: 3, all: 6 }.render().unwrap();
        assert!(html.contains("stroke-dasharray=\"37.7 75.4\""), "{html}");
        let html = Progress { passed: 0, all: 0 }.render().unwrap();
        assert!(html.contains("stroke-dasharray=\"0 75.4\""), "{html}");
    }
}
