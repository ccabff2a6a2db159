//! The time of a session: runs while it is ready, stands still otherwise, can be extended, warns before it is up.

use std::time::Duration;

use crate::base::Timestamp;
use crate::model::LabSession;

/// Warnings come when so many minutes are left.
pub const WARNINGS: [u64; 3] = [15, 5, 1];

/// What is left; `None` where no time was given yet.
#[must_use]
pub fn left(row: &LabSession, now: Timestamp) -> Option<Duration> {
    row.left.or_else(|| row.deadline.map(|deadline| deadline.since(now)))
}

/// How much of its time was used, pauses left out; `None` where no time was given yet.
#[must_use]
pub fn used(row: &LabSession, limit: Duration, extension: Duration, now: Timestamp) -> Option<Duration> {
    let given = limit.saturating_add(extension.saturating_mul(row.extensions));
    left(row, now).map(|left| given.saturating_sub(left))
}

/// Lets the time run: what was left, or `limit` the first time.
pub fn run(row: &mut LabSession, now: Timestamp, limit: Duration) {
    let left = left(row, now).unwrap_or(limit);
    row.deadline = Some(now.after(left));
    row.left = None;
}

/// Stops the time.
pub fn stand_still(row: &mut LabSession, now: Timestamp) {
    row.left = left(row, now);
    row.deadline = None;
}

/// Adds `by`, whether the time runs or stands; false where `most` extensions were used or no time was given yet.
#[must_use]
pub fn extend(row: &mut LabSession, by: Duration, most: u32, now: Timestamp) -> bool {
    if row.extensions >= most {
        return false;
    }
    if let Some(left) = &mut row.left {
        *left += by;
    } else if let Some(deadline) = &mut row.deadline {
        // A deadline that has just passed is extended from now on: the learner gets all of what the button says.
        *deadline = (*deadline).max(now).after(by);
    } else {
        return false;
    }
    row.extensions += 1;
    true
}

/// The smallest of [`WARNINGS`] that was crossed on the way from `before` to `after`, in minutes.
#[must_use]
pub fn warning(before: Duration, after: Duration) -> Option<u64> {
    WARNINGS.into_iter().rev().find(|minutes| {
        let mark = Duration::from_mins(*minutes);
        before > mark && after <= mark && !after.is_zero()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SessionState;

    fn session() -> LabSession {
        super::super::machine::tests::row(SessionState::Ready)
    }

    #[test]
    fn standing_still_keeps_what_was_left() {
        let mut row = session();
        assert_eq!(left(&row, Timestamp(0)), None);
        run(&mut row, Timestamp(0), Duration::from_mins(1));
        stand_still(&mut row, Timestamp(20_000_000));
        assert_eq!(left(&row, Timestamp(i64::MAX)), Some(Duration::from_secs(40)));
        stand_still(&mut row, Timestamp(90_000_000));
        run(&mut row, Timestamp(100_000_000), Duration::from_mins(1));
        assert_eq!(left(&row, Timestamp(110_000_000)), Some(Duration::from_secs(30)));
        assert_eq!(left(&row, Timestamp(900_000_000)), Some(Duration::ZERO));
    }

    #[test]
    fn what_was_used_is_counted_without_pauses() {
        let (limit, extension) = (Duration::from_mins(10), Duration::from_mins(5));
        let mut row = session();
        assert_eq!(used(&row, limit, extension, Timestamp(0)), None);
        run(&mut row, Timestamp(0), limit);
        assert!(extend(&mut row, extension, 2, Timestamp(0)));
        stand_still(&mut row, Timestamp(180_000_000));
        assert_eq!(
            used(&row, limit, extension, Timestamp(i64::MAX)),
            Some(Duration::from_mins(3))
        );
    }

    #[test]
    fn extensions_end() {
        let mut row = session();
        assert!(!extend(&mut row, Duration::from_secs(30), 2, Timestamp(0)));
        run(&mut row, Timestamp(0), Duration::from_secs(10));
        assert!(extend(&mut row, Duration::from_secs(30), 2, Timestamp(0)));
        stand_still(&mut row, Timestamp(0));
        assert!(extend(&mut row, Duration::from_secs(30), 2, Timestamp(0)));
        assert!(!extend(&mut row, Duration::from_secs(30), 2, Timestamp(0)));
        assert_eq!(left(&row, Timestamp(0)), Some(Duration::from_secs(70)));
    }

    #[test]
    fn each_warning_comes_once() {
        let minute = Duration::from_mins;
        assert_eq!(warning(minute(16), minute(15)), Some(15));
        assert_eq!(warning(minute(15), minute(14)), None);
        assert_eq!(warning(minute(20), minute(4)), Some(5), "only the most urgent of two");
        assert_eq!(warning(minute(2), Duration::from_secs(59)), Some(1));
        assert_eq!(warning(minute(2), Duration::ZERO), None, "too late for a warning");
    }
}
