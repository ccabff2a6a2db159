//! Figures of lab sessions for whoever operates the server.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::grading::trial::TrialVerdict;
use crate::model::{LabSession, SessionState};

const SESSIONS: &str = "halfway_sessions";
const READY: &str = "halfway_session_ready_seconds";
const FAILED: &str = "halfway_sessions_failed_total";
const AWARDS: &str = "halfway_awards_total";
const TRIALS: &str = "halfway_trials_total";
const FAULTS: &str = "halfway_check_faults_total";

/// The states that a session can stay in.
const LASTING: [SessionState; 6] = [
    SessionState::Queued,
    SessionState::Provisioning,
    SessionState::Ready,
    SessionState::Paused,
    SessionState::Ending,
    SessionState::Failed,
];

/// Says what the figures are, once.
pub fn describe() {
    describe_gauge!(SESSIONS, "Lab sessions that have not ended, by state.");
    describe_histogram!(READY, Unit::Seconds, "From a session's start to its prompt, by lab.");
    describe_counter!(FAILED, "Sessions that failed, by lab.");
    describe_counter!(AWARDS, "Tasks achieved.");
    describe_counter!(TRIALS, "Trials that are over, by verdict.");
    describe_counter!(FAULTS, "Checks that could not be done; they cost learners nothing.");
}

/// How many sessions are in which state.
pub(super) fn live(rows: &[LabSession]) {
    for state in LASTING {
        let number = rows.iter().filter(|row| row.state == state).count();
        // More sessions than a u32 holds fit on no machine.
        gauge!(SESSIONS, "state" => state.word()).set(f64::from(u32::try_from(number).unwrap_or(u32::MAX)));
    }
}

/// A session has gone from one state to another.
pub(super) fn state_changed(before: &LabSession, row: &LabSession) {
    if let (None, Some(ready)) = (before.ready, row.ready) {
        histogram!(READY, "lab" => row.lab.to_string()).record(ready.since(row.created).as_secs_f64());
    }
    if before.state != row.state && row.state == SessionState::Failed {
        counter!(FAILED, "lab" => row.lab.to_string()).increment(1);
    }
}

/// A task was achieved.
pub(super) fn awarded() {
    counter!(AWARDS).increment(1);
}

/// A check could not be done.
pub(super) fn fault() {
    counter!(FAULTS).increment(1);
}

/// A trial is over.
pub(super) fn trial_over(verdict: TrialVerdict) {
    let word = match verdict {
        TrialVerdict::Held => "held",
        TrialVerdict::Violated => "violated",
        TrialVerdict::Error => "error",
        TrialVerdict::Cancelled => "cancelled",
    };
    counter!(TRIALS, "verdict" => word).increment(1);
}
