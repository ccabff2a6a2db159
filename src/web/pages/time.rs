//! Times as the learner reads them: the server's clock in the server's time zone.

use serde::Serialize;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::Timestamp;

/// An instant with the text that is shown for it; the exact value goes into `datetime`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// RFC 3339 in UTC.
    pub exact: String,
    /// `15:10`, or `24 Nov, 15:10` on another day.
    pub text: String,
}

/// Renders instants relative to one present.
#[derive(Clone, Debug)]
pub struct Times {
    now: Timestamp,
    zone: TimeZone,
}

impl Times {
    /// In the zone of this machine.
    #[must_use]
    pub fn here(now: Timestamp) -> Self {
        Self {
            now,
            zone: TimeZone::system(),
        }
    }

    /// In UTC.
    #[must_use]
    pub fn utc(now: Timestamp) -> Self {
        Self {
            now,
            zone: TimeZone::UTC,
        }
    }

    /// The present that everything is relative to.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Hour and minute; with the day where it is not today.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> Moment {
        let text = match (self.zoned(at), self.zoned(self.now)) {
            (Some(at), Some(now)) if at.date() == now.date() => at.strftime("%H:%M").to_string(),
            (Some(at), Some(now)) if at.year() == now.year() => at.strftime("%-d %b, %H:%M").to_string(),
            (Some(at), _) => at.strftime("%-d %b %Y, %H:%M").to_string(),
            (None, _) => at.rfc3339(),
        };
        Moment {
            exact: at.rfc3339(),
            text,
        }
    }

    /// The day: `24 November 2026`.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Moment {
        Moment {
            exact: at.rfc3339(),
            text: self
                .zoned(at)
                .map_or_else(|| at.rfc3339(), |at| at.strftime("%-d %B %Y").to_string()),
        }
    }

    fn zoned(&self, at: Timestamp) -> Option<jiff::ZonedDateTime> {
        Some(
            jiff::Timestamp::from_microsecond(at.0)
                .ok()?
                .to_zoned_datetime(self.zone.clone()),
        )
    }
}

/// A length of time in one or two units: `40 s`, `42 min`, `2 h 5 min`, `3 d 4 h`.
#[must_use]
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |first: u64, unit: &str, second: u64, small: &str| {
        if second == 0 {
            format!("{first} {unit}")
        } else {
            format!("{first} {unit} {second} {small}")
        }
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86400 => two(hours, "h", minutes % 60, "min"),
        _ => two(days, "d", hours % 24, "h"),
    }
}

/// How long something took, short enough to matter: `0.4 s`, then as [`span`].
#[must_use]
pub fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        span(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_795_608_000_000_000);

    #[test]
    fn today_is_an_hour_and_another_day_has_its_date() {
        let times = Times::utc(NOON);
        assert_eq!(times.moment(NOON).text, "12:00");
        assert_eq!(times.moment(NOON).exact, "2026-11-25T12:00:00Z");
        assert_eq!(
            times.moment(NOON.before(Duration::from_hours(24))).text,
            "24 Nov, 12:00"
        );
        assert_eq!(
            times.moment(NOON.before(Duration::from_hours(24 * 400))).text,
            "21 Oct 2025, 12:00"
        );
        assert_eq!(times.day(NOON).text, "25 November 2026");
        assert_eq!(times.moment(Timestamp(i64::MAX)).text, "out of range");
    }

    #[test]
    fn spans_have_at_most_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (7500, "2 h 5 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        assert_eq!(took(Duration::from_millis(420)), "0.4 s");
    }
}
