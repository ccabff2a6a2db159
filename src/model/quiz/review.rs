//! When a question comes back. An expanding schedule: a day after a wrong answer, and after right ones 5, 12 and 30
//! days, each step only for an answer that was given when it was due.
//!
//! Retrieval that is spaced holds better than the same retrieval massed (g = 0.74; Latimier, Peyre and Ramus,
//! "A Meta-Analytic Review of the Benefit of Spacing out Retrieval Practice Episodes on Retention", Educational
//! Psychology Review 33, 2021). The same review finds no difference between expanding and even gaps, so the gaps
//! follow what is wanted here, to remember over a course of months: the best gap is 10 to 20 % of the time over which
//! something is to be kept (Cepeda and others, "Spacing Effects in Learning", Psychological Science 19, 2008).

use std::time::Duration;

use crate::base::Timestamp;

const DAY: Duration = Duration::from_hours(24);

/// Days after an answer that was right when it was due, the first time, the second time, …
pub const DAYS_AFTER_RIGHT: [u32; 3] = [5, 12, 30];
/// Days after an answer that was wrong.
pub const DAYS_AFTER_WRONG: u32 = 1;

/// An answer that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub at: Timestamp,
    pub right: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It comes back. `step` is how many answers of the schedule were right in a row.
    Due { at: Timestamp, step: usize },
    /// It was right at every step and does not come back.
    Settled,
}

impl Next {
    /// Whether it is due.
    #[must_use]
    pub fn is_due(self, now: Timestamp) -> bool {
        matches!(self, Self::Due { at, .. } if at <= now)
    }
}

/// When a question comes back to a person who gave these answers, oldest first; `None` where there are none.
///
/// An answer that is right before its time changes nothing: who tries again at once, with the explanation before their
/// eyes, has not shown that they remember. One that is wrong begins anew at any time.
#[must_use]
pub fn next(tries: &[Tried]) -> Option<Next> {
    tries.iter().fold(None, |next, tried| {
        let step = match next {
            _ if !tried.right => return Some(due(tried.at, DAYS_AFTER_WRONG, 0)),
            None => 0,
            Some(Next::Due { at, step }) if at <= tried.at => step,
            early => return early,
        };
        Some(match DAYS_AFTER_RIGHT.get(step) {
            Some(days) => due(tried.at, *days, step + 1),
            None => Next::Settled,
        })
    })
}

fn due(from: Timestamp, days: u32, step: usize) -> Next {
    Next::Due {
        at: from.after(DAY * days),
        step,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(days: u32) -> Timestamp {
        Timestamp(1_700_000_000_000_000).after(DAY * days)
    }

    fn tried(days: u32, right: bool) -> Tried {
        Tried { at: day(days), right }
    }

    fn back(days: u32, step: usize) -> Next {
        Next::Due { at: day(days), step }
    }

    #[test]
    fn right_answers_come_back_later_and_later() {
        assert_eq!(next(&[]), None);
        let mut tries = vec![tried(0, true)];
        assert_eq!(next(&tries), Some(back(5, 1)));
        tries.push(tried(6, true));
        assert_eq!(next(&tries), Some(back(18, 2)));
        tries.push(tried(18, true));
        assert_eq!(next(&tries), Some(back(48, 3)));
        tries.push(tried(48, true));
        assert_eq!(next(&tries), Some(Next::Settled));
        tries.push(tried(49, true));
        assert_eq!(next(&tries), Some(Next::Settled));
        tries.push(tried(60, false));
        assert_eq!(next(&tries), Some(back(61, 0)));
    }

    #[test]
    fn a_wrong_answer_comes_back_the_next_day_whatever_follows_at_once() {
        let tries = [tried(0, false), tried(0, true)];
        assert_eq!(next(&tries), Some(back(1, 0)));
        let tries = [tried(0, false), tried(0, true), tried(1, true)];
        assert_eq!(next(&tries), Some(back(6, 1)));
        let tries = [tried(0, true), tried(5, false), tried(6, true)];
        assert_eq!(next(&tries), Some(back(11, 1)));
    }

    #[test]
    fn due_is_told_by_the_clock_alone() {
        let next = next(&[tried(0, true)]).unwrap();
        assert!(!next.is_due(Timestamp(day(5).0 - 1)));
        assert!(next.is_due(day(5)));
        assert!(!Next::Settled.is_due(day(1000)));
    }

    #[test]
    fn the_end_of_time_is_no_trouble() {
        let tries = [Tried {
            at: Timestamp(i64::MAX),
            right: true,
        }];
        assert_eq!(
            next(&tries),
            Some(Next::Due {
                at: Timestamp(i64::MAX),
                step: 1
            })
        );
    }

    proptest! {
        #[test]
        fn it_never_comes_back_before_the_last_wrong_answer_was_slept_over(tries in prop::collection::vec((0_u32..100, any::<bool>()), 1..12)) {
            let mut tries: Vec<Tried> = tries.into_iter().map(|(at, right)| tried(at, right)).collect();
            tries.sort_by_key(|tried| tried.at);
            let next = next(&tries).unwrap();
            if let Next::Due { at, step } = next {
                prop_assert!(step <= DAYS_AFTER_RIGHT.len());
                let wrong = tries.iter().rev().find(|tried| !tried.right);
                if let Some(wrong) = wrong {
                    prop_assert!(at >= wrong.at.after(DAY));
                }
                prop_assert!(tries.last().unwrap().right || step == 0);
            } else {
                prop_assert!(tries.iter().rev().take(DAYS_AFTER_RIGHT.len() + 1).all(|tried| tried.right));
            }
        }
    }
}
