//! What was measured: a table for people, `target/bench/results.json` for programs.

use std::path::Path;

use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// What it is compared with, in the same run.
    pub peer: Option<String>,
    pub peer_value: Option<f64>,
    /// `value / peer_value`.
    pub ratio: Option<f64>,
    pub goal: Option<String>,
    /// Whether the goal is met; `None` where there is none.
    pub ok: Option<bool>,
}

impl Measurement {
    /// A figure of ours.
    pub fn new(name: &str, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            value,
            unit,
            peer: None,
            peer_value: None,
            ratio: None,
            goal: None,
            ok: None,
        }
    }

    /// Beside a peer's.
    pub fn beside(mut self, peer: &str, value: f64) -> Self {
        self.peer = Some(peer.to_owned());
        self.peer_value = Some(value);
        self.ratio = (value > 0.0).then(|| self.value / value);
        self
    }

    /// The figure must not be above this.
    pub fn at_most(mut self, most: f64) -> Self {
        self.goal = Some(format!("≤ {most} {}", self.unit));
        self.ok = Some(self.value <= most);
        self
    }

    /// The ratio to the peer must not be below this.
    pub fn ratio_at_least(mut self, least: f64) -> Self {
        self.goal = Some(format!("≥ {least} × peer"));
        self.ok = Some(self.ratio.is_some_and(|ratio| ratio >= least));
        self
    }
}

/// Prints the table, and writes the list.
///
/// # Panics
/// Where the file cannot be written.
pub fn publish(measurements: &[Measurement], file: &Path) {
    let rows: Vec<[String; 5]> = std::iter::once(["what", "value", "peer", "ratio", "goal"].map(str::to_owned))
        .chain(measurements.iter().map(row))
        .collect();
    let widths: Vec<usize> = (0..5)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text:<width$}"))
            .collect();
        println!("{}", line.join("  ").trim_end());
    }
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, serde_json::to_string_pretty(measurements).unwrap()).unwrap();
}

fn row(m: &Measurement) -> [String; 5] {
    let number = |value: f64| {
        if value.abs() >= 100.0 {
            format!("{value:.0}")
        } else {
            format!("{value:.2}")
        }
    };
    [
        m.name.clone(),
        format!("{} {}", number(m.value), m.unit),
        m.peer.as_ref().map_or_else(
            || "–".to_owned(),
            |peer| format!("{peer}: {} {}", number(m.peer_value.unwrap_or(0.0)), m.unit),
        ),
        m.ratio.map_or_else(|| "–".to_owned(), number),
        m.goal.as_ref().map_or_else(
            || "–".to_owned(),
            |goal| format!("{goal} {}", if m.ok == Some(true) { "met" } else { "MISSED" }),
        ),
    ]
}

/// The value below which that share of the samples lies.
pub fn quantile(samples: &mut [f64], share: f64) -> f64 {
    if samples.is_empty() {
        return f64::NAN;
    }
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a short list"
    )]
    let at = ((samples.len() as f64 * share).ceil() as usize).clamp(1, samples.len()) - 1;
    samples[at]
}
