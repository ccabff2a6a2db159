//! Identifiers: UUID version 7, each of its own type so that they cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Clock, Random};

/// A fresh UUID version 7 (RFC 9562, section 5.7): sorts by the time it was made.
#[must_use]
pub fn uuid_v7(clock: &Clock, random: &Random) -> Uuid {
    let millis = u64::try_from(clock.now().0 / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random.bytes()).into_uuid()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh one.
            #[must_use]
            pub fn fresh(clock: &Clock, random: &Random) -> Self {
                Self(uuid_v7(clock, random))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id! {
    /// One installation of Halfway: everything that it makes outside its own process carries it.
    InstallId
}
id! {
    /// A learner, instructor or author.
    PersonId
}
id! {
    /// One attempt of one person at one lab.
    SessionId
}
id! {
    /// One run of a trial.
    TrialId
}
id! {
    /// A room that an instructor opened.
    WorkshopId
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    #[test]
    fn later_ids_sort_later() {
        let clock = Clock::manual(Timestamp(1_000_000));
        let random = Random::seeded(1);
        let first = SessionId::fresh(&clock, &random);
        clock.advance(std::time::Duration::from_millis(1));
        let second = SessionId::fresh(&clock, &random);
        assert!(first < second);
        assert_eq!(first.to_string().parse::<SessionId>().unwrap(), first);
        assert_eq!(first.0.get_version_num(), 7);
    }
}
