//! From what `lab` tells of a session to what its page shows. Pure, so that live events and pages cannot differ.

use std::time::Duration;

use super::mark::Mark;
use super::parts::trial::{Picture, SegmentView, TrackView, TrialEntry};
use super::parts::{
    ExportChoice, FindingView, HintsView, Progress, SessionStateView, SessionTime, StepList, StepOutput, StepView,
    TaskView, TrialPhase, TrialView, bytes,
};
use super::time::{Times, span, took};
use crate::base::Timestamp;
use crate::grading::trial::{EntryKind, Tone, Track};
use crate::lab;
use crate::model::{Finding, SessionState, Step, StepState, Verdict};
use crate::web::texts;

/// The bar's state; while it is being made, the step.
#[must_use]
pub fn state(view: &lab::SessionView) -> SessionStateView {
    let (mark, word) = texts::session(view.session.state);
    let word = match view.session.state {
        SessionState::Provisioning => step_of(&view.steps).unwrap_or_else(|| word.to_owned()),
        _ => word.to_owned(),
    };
    SessionStateView { mark, word }
}

/// `Step 2 of 5`.
#[must_use]
pub fn step_of(steps: &[Step]) -> Option<String> {
    let at = steps
        .iter()
        .position(|step| matches!(step.state, StepState::Running | StepState::Failed))
        .or_else(|| steps.iter().position(|step| step.state == StepState::Waiting))?;
    Some(format!("Step {} of {}", at + 1, steps.len()))
}

/// The time that is left.
#[must_use]
pub fn time(view: &lab::SessionView, times: &Times) -> SessionTime {
    let left = view.time.left.unwrap_or_default();
    let still = match (view.time.left, view.time.deadline, view.session.state) {
        (None, ..) | (_, Some(_), _) => None,
        (_, None, SessionState::Paused) => Some("stands still while paused".to_owned()),
        (_, None, _) => Some("stands still".to_owned()),
    };
    SessionTime {
        left: view.time.left.map_or_else(|| "no time yet".to_owned(), time_left),
        left_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        deadline: view.time.deadline.map(|deadline| deadline.0),
        until: view.time.deadline.map(|deadline| times.moment(deadline)),
        still,
    }
}

/// Minutes are rounded up: a learner with 41 min 30 s has 42 of them begun.
fn time_left(left: Duration) -> String {
    if left < Duration::from_mins(1) {
        span(left)
    } else {
        span(Duration::from_mins(left.as_secs().div_ceil(60)))
    }
}

/// `3 of 6`.
#[must_use]
pub fn progress(view: &lab::SessionView) -> Progress {
    Progress {
        passed: view.score.passing,
        all: view.score.tasks,
    }
}

/// The steps of provisioning.
#[must_use]
pub fn steps(steps: &[Step]) -> StepList {
    StepList {
        steps: steps
            .iter()
            .map(|step| {
                let (mark, word) = texts::step(step.state);
                StepView {
                    title: step.title.clone(),
                    mark,
                    word,
                    took: step.started.zip(step.finished).map(|(from, to)| took(to.since(from))),
                }
            })
            .collect(),
    }
}

/// What the step that runs or failed has printed; the last one's otherwise.
#[must_use]
pub fn output(steps: &[Step]) -> StepOutput {
    let step = steps
        .iter()
        .find(|step| matches!(step.state, StepState::Running | StepState::Failed))
        .or_else(|| steps.iter().rev().find(|step| step.state == StepState::Done));
    step.map_or_else(
        || StepOutput {
            title: "Nothing has begun".to_owned(),
            output: String::new(),
        },
        |step| StepOutput {
            title: step.title.clone(),
            output: printable(&step.output),
        },
    )
}

/// Programs colour what they print; a page shows the text.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => match letters.next() {
                // A control sequence ends with a letter, an operating system command with BEL or ST.
                Some('[') => while letters.next().is_some_and(|letter| !letter.is_ascii_alphabetic()) {},
                Some(']') => {
                    while letters
                        .next()
                        .is_some_and(|letter| letter != '\u{7}' && letter != '\u{1b}')
                    {}
                }
                _ => {}
            },
            '\n' | '\t' => plain.push(letter),
            '\r' if letters.peek() != Some(&'\n') => plain.push('\n'),
            letter if letter.is_control() => {}
            letter => plain.push(letter),
        }
    }
    plain
}

/// All tasks of a session.
#[must_use]
pub fn tasks(view: &lab::SessionView, times: &Times) -> Vec<TaskView> {
    view.tasks.iter().map(|task| self::task(view, task, times)).collect()
}

/// One task of a session.
#[must_use]
pub fn task(view: &lab::SessionView, task: &lab::TaskView, times: &Times) -> TaskView {
    let titles: Vec<String> = task
        .level
        .waits_for
        .iter()
        .filter_map(|id| view.tasks.iter().find(|other| &other.id == id))
        .map(|other| other.title.clone())
        .collect();
    let verdict = task.level.verdict;
    let (mark, word) = texts::task(verdict, task.award.is_some(), &titles);
    let mark = if task.is_trial && mark == Mark::Passed {
        Mark::Star
    } else {
        mark
    };
    let at = match (&task.award, verdict) {
        (Some(award), Verdict::Pass | Verdict::Pending | Verdict::Waiting) => Some(award.at),
        (_, Verdict::Fail | Verdict::Blocked | Verdict::Error) => Some(task.level.since),
        _ => None,
    };
    let trial = task.is_trial.then(|| trial(view, task));
    // What a trial found stands in the trial, beside its picture; not twice.
    let told = trial.as_ref().map_or(&[][..], |trial| &trial.findings);
    // The operator reads what was wrong on our side; the learner reads that it does not count.
    let findings = if verdict == Verdict::Error {
        Vec::new()
    } else {
        let all = task.level.findings.iter().map(finding);
        all.filter(|finding| !told.contains(finding)).collect()
    };
    TaskView {
        session: view.session.id.to_string(),
        id: task.id.0.clone(),
        title: task.title.clone(),
        points: task.points,
        mark,
        word,
        at: at.filter(|at| at.0 > 0).map(|at| times.moment(at)),
        open: !matches!(verdict, Verdict::Pass | Verdict::Waiting),
        text: texts::markdown(&task.text),
        findings,
        fault: verdict == Verdict::Error,
        hints: HintsView {
            shown: task.hints.shown.iter().map(|hint| texts::markdown(hint)).collect(),
            all: task.hints.total,
        },
        trial,
        live: view.may.work,
    }
}

fn finding(finding: &Finding) -> FindingView {
    FindingView {
        expected: finding.expected.clone(),
        seen: finding.seen.clone(),
        place: finding.place.clone(),
        say: finding.say.clone(),
    }
}

fn trial(view: &lab::SessionView, task: &lab::TaskView) -> TrialView {
    let run = task.trial.as_ref();
    let phase = match run.map(|run| run.phase) {
        None => TrialPhase::Never,
        Some(lab::TrialPhase::Act) => TrialPhase::Act,
        Some(lab::TrialPhase::Watch) => TrialPhase::Watch,
        Some(lab::TrialPhase::Restore) => TrialPhase::Restore,
        Some(lab::TrialPhase::Done) => TrialPhase::Over,
    };
    let (mark, word) = match (phase, run.and_then(|run| run.verdict)) {
        (TrialPhase::Never, _) => (Mark::Dot, "not run yet"),
        (TrialPhase::Act, _) => (Mark::Clock, "it acts"),
        (TrialPhase::Watch, _) => (Mark::Clock, "it watches"),
        (TrialPhase::Restore, _) => (Mark::Clock, "it puts everything back"),
        (TrialPhase::Over, Some(Verdict::Pass)) => (Mark::Star, "it held"),
        (TrialPhase::Over, Some(Verdict::Error) | None) => (Mark::OurFault, "our fault, not counted; run it again"),
        (TrialPhase::Over, Some(Verdict::Blocked)) => (Mark::NotYet, "something that it needs is not there"),
        (TrialPhase::Over, Some(_)) => (Mark::NotYet, "it did not hold"),
    };
    let offset = |at: Timestamp| {
        run.map_or(0, |run| {
            u64::try_from(at.since(run.started).as_millis()).unwrap_or(u64::MAX)
        })
    };
    let waits = task.level.verdict == Verdict::Waiting;
    let entries: Vec<_> = run.map_or_else(Vec::new, |run| {
        run.timeline
            .iter()
            .map(|entry| TrialEntry {
                at: offset(entry.at),
                kind: kind(entry.kind),
                text: entry.text.clone(),
            })
            .collect()
    });
    let tracks: Vec<_> = run.map_or_else(Vec::new, |run| run.tracks.iter().map(track).collect());
    let deadline = run.and_then(|run| run.deadline).map(offset);
    TrialView {
        session: view.session.id.to_string(),
        task: task.id.0.clone(),
        title: task.title.clone(),
        phase,
        mark,
        word: word.to_owned(),
        picture: Picture::of(&entries, &tracks, deadline),
        entries,
        deadline,
        findings: run
            .filter(|run| run.verdict != Some(Verdict::Error))
            .map_or_else(Vec::new, |run| run.findings.iter().map(finding).collect()),
        restored: run.and_then(|run| run.restored),
        notes: run.map_or_else(Vec::new, |run| run.notes.clone()),
        refused: waits.then(|| "It can run once the tasks that it waits for have passed.".to_owned()),
        live: view.may.work,
    }
}

fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Act => "act",
        EntryKind::Observation => "seen",
        EntryKind::Held => "held",
        EntryKind::Violation => "broken",
        EntryKind::Restore => "restore",
        EntryKind::Note => "note",
    }
}

fn track(track: &Track) -> TrackView {
    TrackView {
        label: track.label.clone(),
        segments: track
            .segments
            .iter()
            .map(|segment| SegmentView {
                from: segment.from_ms,
                to: segment.to_ms,
                class: match segment.tone {
                    Tone::Good => "pass",
                    Tone::Bad => "fail",
                    Tone::Unknown => "wait",
                    Tone::Plain => "plain",
                },
                text: segment.text.clone(),
            })
            .collect(),
    }
}

/// An archive to start from or to download.
#[must_use]
pub fn export(export: &lab::ExportView, times: &Times) -> ExportChoice {
    ExportChoice {
        id: export.name.clone(),
        at: times.moment(export.made),
        size: if export.partial {
            format!(
                "{}, not everything: halfway-left-out.txt in it names the rest",
                bytes(export.size)
            )
        } else {
            bytes(export.size)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_text_alone() {
        assert_eq!(
            printable("\u{1b}[32mgreen\u{1b}[0m\r\n10%\r20%\u{7}\u{1b}]0;title\u{7}x\n"),
            "green\n10%\n20%x\n"
        );
        assert_eq!(printable("\u{1b}["), "");
    }

    #[test]
    fn begun_minutes_count() {
        assert_eq!(time_left(Duration::from_secs(59)), "59 s");
        assert_eq!(time_left(Duration::from_secs(2490)), "42 min");
        assert_eq!(time_left(Duration::from_hours(2)), "2 h");
    }
}
