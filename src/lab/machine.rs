//! What is to be done about a session, from its row, from what the driver reports and from the time. Pure: it decides
//! and never acts, so every restart is a fresh look at the same facts.

use std::time::Duration;

use super::time;
use crate::base::Timestamp;
use crate::model::{LabSession, SessionState};

/// What the driver reports about a session's sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Its agent answers.
    Running,
    /// An agent is there that speaks a protocol which this server does not know.
    Outdated,
    /// The workspace is intact, nothing runs.
    Stopped,
    /// There is nothing.
    Absent,
    /// The driver could not say: nothing may be concluded from that.
    Unknown,
}

/// What is known besides the row.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    pub runtime: Runtime,
    /// A task of this server is at work on the session and will leave it in another state.
    pub driven: bool,
    /// How long nobody has looked or typed.
    pub idle: Duration,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    Nothing,
    /// Start or go on provisioning.
    Provision,
    /// See to it that it is watched and graded.
    Serve,
    /// Nothing runs any more, or what runs cannot be talked to: the row must say so.
    Pause(PauseReason),
    /// The time is up: keep an export, stop, and pause (or end, where it cannot be extended any more).
    TimeUp,
    /// Something runs that should not.
    Stop,
    /// The workspace is gone.
    Lost,
    /// Export, remove everything, and end.
    Finish,
    /// Remove what is left of a session that has ended.
    Remove,
}

/// Why a session pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseReason {
    /// The sandbox's processes are gone: a reboot, or its agent was killed.
    Stopped,
    /// Its agent is of another version.
    Outdated,
    /// Nobody was there.
    Idle,
    /// The time is up.
    Time,
}

impl PauseReason {
    /// For the learner.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Stopped => {
                "Stopped: the lab's programs are gone, as after a restart of the machine. Your files are as you left them. Resume starts new terminals."
            }
            Self::Outdated => {
                "This lab was started by another version of Halfway. Your files are safe: Resume restarts the lab with them; running programs end."
            }
            Self::Idle => {
                "Paused because nobody was here. Your files are as you left them. Resume starts new terminals."
            }
            Self::Time => {
                "The time is up. Your work is kept as an export and in place: extend the time and resume to go on."
            }
        }
    }
}

/// Decides. `idle_limit` is `None` where sessions may idle for ever.
#[must_use]
pub fn decide(row: &LabSession, facts: Facts, now: Timestamp, idle_limit: Option<Duration>) -> Decision {
    if facts.driven {
        return Decision::Nothing;
    }
    match (row.state, facts.runtime) {
        (SessionState::Queued | SessionState::Provisioning, _) => Decision::Provision,
        (SessionState::Ending, _) => Decision::Finish,
        (SessionState::Ready, Runtime::Running) => {
            if time::left(row, now).is_some_and(|left| left.is_zero()) {
                Decision::TimeUp
            } else if idle_limit.is_some_and(|limit| facts.idle >= limit) {
                Decision::Pause(PauseReason::Idle)
            } else {
                Decision::Serve
            }
        }
        (SessionState::Ready, Runtime::Stopped) => Decision::Pause(PauseReason::Stopped),
        (SessionState::Ready, Runtime::Outdated) => Decision::Pause(PauseReason::Outdated),
        (SessionState::Ready | SessionState::Paused, Runtime::Absent) => Decision::Lost,
        (SessionState::Paused | SessionState::Failed, Runtime::Running | Runtime::Outdated) => Decision::Stop,
        (SessionState::Ended, Runtime::Running | Runtime::Outdated | Runtime::Stopped) => Decision::Remove,
        (SessionState::Ready | SessionState::Paused | SessionState::Failed | SessionState::Ended, _) => {
            Decision::Nothing
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::base::{Clock, PersonId, Random, SessionId};
    use crate::model::LabId;

    pub(in crate::lab) fn row(state: SessionState) -> LabSession {
        let (clock, random) = (Clock::manual(Timestamp(1_000_000)), Random::seeded(1));
        LabSession {
            id: SessionId::fresh(&clock, &random),
            person: PersonId::fresh(&clock, &random),
            workshop: None,
            lab: LabId("one".to_owned()),
            lab_hash: String::new(),
            state,
            reason: None,
            seed: 1,
            parameters: BTreeMap::new(),
            driver: "fake".to_owned(),
            created: Timestamp(0),
            ready: None,
            ended: None,
            deadline: None,
            left: None,
            extensions: 0,
            from_export: None,
            revision: 0,
        }
    }

    /// A world in which decisions are carried out in single side effects, and the server may die between any two.
    #[derive(Clone, Debug)]
    struct World {
        row: LabSession,
        runtime: Runtime,
        steps_left: u32,
        now: Timestamp,
    }

    impl World {
        fn become_state(&mut self, next: SessionState) {
            assert!(
                self.row.state.may_become(next),
                "{:?} may not become {next:?}",
                self.row.state
            );
            self.row.state = next;
        }

        /// Carries out one decision, at most `effects` side effects of it; true where it got to its end.
        fn act(&mut self, decision: Decision, effects: usize) -> bool {
            type Effect = fn(&mut World);
            let plan: Vec<Effect> = match decision {
                Decision::Nothing | Decision::Serve => vec![],
                Decision::Provision => {
                    let mut plan: Vec<Effect> = vec![];
                    if self.row.state == SessionState::Queued {
                        plan.push(|w| w.become_state(SessionState::Provisioning));
                    }
                    for _ in 0..self.steps_left {
                        plan.push(|w| w.steps_left -= 1);
                    }
                    plan.push(|w| w.runtime = Runtime::Running);
                    plan.push(|w| {
                        w.become_state(SessionState::Ready);
                        let (row, now) = (&mut w.row, w.now);
                        time::run(row, now, Duration::from_hours(1));
                    });
                    plan
                }
                Decision::Pause(_) | Decision::TimeUp => vec![
                    |w| {
                        w.become_state(SessionState::Paused);
                        let (row, now) = (&mut w.row, w.now);
                        time::stand_still(row, now);
                    },
                    |w| w.runtime = Runtime::Stopped,
                ],
                Decision::Stop => vec![|w| w.runtime = Runtime::Stopped],
                Decision::Lost => vec![|w| w.become_state(SessionState::Failed)],
                Decision::Finish => vec![|w| w.runtime = Runtime::Absent, |w| w.become_state(SessionState::Ended)],
                Decision::Remove => vec![|w| w.runtime = Runtime::Absent],
            };
            let whole = effects >= plan.len();
            for effect in plan.into_iter().take(effects) {
                effect(self);
            }
            whole
        }

        fn decide(&self) -> Decision {
            let facts = Facts {
                runtime: self.runtime,
                driven: false,
                idle: Duration::ZERO,
            };
            decide(&self.row, facts, self.now, None)
        }
    }

    fn states() -> impl Strategy<Value = SessionState> {
        prop::sample::select(vec![
            SessionState::Queued,
            SessionState::Provisioning,
            SessionState::Ready,
            SessionState::Paused,
            SessionState::Ending,
            SessionState::Ended,
            SessionState::Failed,
        ])
    }

    fn runtimes() -> impl Strategy<Value = Runtime> {
        prop::sample::select(vec![
            Runtime::Running,
            Runtime::Outdated,
            Runtime::Stopped,
            Runtime::Absent,
        ])
    }

    proptest! {
        /// From any state, whatever the driver reports and wherever the server dies, no transition is illegal and
        /// a few ticks later nothing is left to be done.
        #[test]
        fn converges_wherever_the_server_dies(
            state in states(),
            runtime in runtimes(),
            steps in 0u32..5,
            deaths in prop::collection::vec(0usize..6, 0..8),
            expired: bool,
        ) {
            let mut world = World { row: row(state), runtime, steps_left: steps, now: Timestamp(10_000_000) };
            if state == SessionState::Ready {
                world.row.deadline = Some(Timestamp(if expired { 9_000_000 } else { 99_000_000 }));
            }
            for effects in deaths {
                world.act(world.decide(), effects);
            }
            for _ in 0..6 {
                prop_assert!(world.act(world.decide(), usize::MAX));
            }
            prop_assert!(matches!(world.decide(), Decision::Nothing | Decision::Serve), "{world:?}");
            prop_assert!(!matches!(world.row.state, SessionState::Queued | SessionState::Provisioning | SessionState::Ending));
        }

        /// A driver that cannot say leads to nothing that loses work.
        #[test]
        fn nothing_is_concluded_from_silence(state in states()) {
            let facts = Facts { runtime: Runtime::Unknown, driven: false, idle: Duration::ZERO };
            let decision = decide(&row(state), facts, Timestamp(1), None);
            prop_assert!(matches!(decision, Decision::Nothing | Decision::Provision | Decision::Finish));
        }

        /// Whoever is driven is left alone.
        #[test]
        fn one_at_a_time(state in states(), runtime in runtimes()) {
            let facts = Facts { runtime, driven: true, idle: Duration::MAX };
            prop_assert_eq!(decide(&row(state), facts, Timestamp(i64::MAX), Some(Duration::ZERO)), Decision::Nothing);
        }
    }

    #[test]
    fn idle_sessions_pause_only_where_configured() {
        let facts = Facts {
            runtime: Runtime::Running,
            driven: false,
            idle: Duration::from_mins(31),
        };
        let ready = row(SessionState::Ready);
        assert_eq!(decide(&ready, facts, Timestamp(1), None), Decision::Serve);
        let limit = Some(Duration::from_mins(30));
        assert_eq!(
            decide(&ready, facts, Timestamp(1), limit),
            Decision::Pause(PauseReason::Idle)
        );
    }
}
