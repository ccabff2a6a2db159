//! What a driver's sandboxes promise, how it is enforced, and what would bring a promise that is missing.
//!
//! Plain values: a driver fills them from what it has really tried. Nothing here enforces anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Guarantee;

/// A typed set of guarantees, each with how it is enforced; and those that are missing, each with the way out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guarantees {
    given: BTreeMap<Guarantee, String>,
    missing: BTreeMap<Guarantee, Missing>,
}

/// A guarantee that a driver does not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Why not, in one sentence.
    pub why: String,
    /// The command that would bring it, where there is one.
    pub fix: Option<String>,
}

impl Guarantees {
    /// Adds a guarantee and how it is enforced, in words: `a network namespace of its own`.
    #[must_use]
    pub fn with(mut self, guarantee: Guarantee, enforced_by: impl Into<String>) -> Self {
        self.missing.remove(&guarantee);
        self.given.insert(guarantee, enforced_by.into());
        self
    }

    /// Records that a guarantee is not given.
    #[must_use]
    pub fn without(mut self, guarantee: Guarantee, why: impl Into<String>, fix: Option<String>) -> Self {
        self.given.remove(&guarantee);
        self.missing.insert(guarantee, Missing { why: why.into(), fix });
        self
    }

    /// Whether the guarantee is given.
    #[must_use]
    pub fn has(&self, guarantee: Guarantee) -> bool {
        self.given.contains_key(&guarantee)
    }

    /// How a given guarantee is enforced.
    #[must_use]
    pub fn enforced_by(&self, guarantee: Guarantee) -> Option<&str> {
        self.given.get(&guarantee).map(String::as_str)
    }

    /// Why a guarantee is missing.
    #[must_use]
    pub fn missing(&self, guarantee: Guarantee) -> Option<&Missing> {
        self.missing.get(&guarantee)
    }

    /// The given ones with how they are enforced, in a fixed order.
    pub fn given(&self) -> impl Iterator<Item = (Guarantee, &str)> {
        self.given.iter().map(|(guarantee, how)| (*guarantee, how.as_str()))
    }

    /// The missing ones, in a fixed order.
    pub fn all_missing(&self) -> impl Iterator<Item = (Guarantee, &Missing)> {
        self.missing.iter().map(|(guarantee, missing)| (*guarantee, missing))
    }

    /// Those of `demanded` that are not given. A stronger guarantee stands for the weaker one of its kind.
    #[must_use]
    pub fn lacking(&self, demanded: &BTreeSet<Guarantee>) -> Vec<Guarantee> {
        demanded
            .iter()
            .copied()
            .filter(|wanted| !self.has(*wanted) && !stronger(*wanted).is_some_and(|other| self.has(other)))
            .collect()
    }
}

/// The guarantee that includes this one.
fn stronger(guarantee: Guarantee) -> Option<Guarantee> {
    match guarantee {
        Guarantee::OwnPorts => Some(Guarantee::OwnNetwork),
        Guarantee::MemorySampled => Some(Guarantee::MemoryLimited),
        Guarantee::DiskSampled => Some(Guarantee::DiskLimited),
        Guarantee::NoSignals => Some(Guarantee::OwnProcesses),
        _ => None,
    }
}

/// What a guarantee means to a reader, in a few words.
#[must_use]
pub fn words(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::OwnFiles => "other people's files are out of reach",
        Guarantee::OwnProcesses => "other processes cannot be seen",
        Guarantee::NoSignals => "other processes cannot be signalled or traced",
        Guarantee::OwnNetwork => "a network of its own",
        Guarantee::OwnPorts => "TCP ports of its own only",
        Guarantee::EgressEnforced => "the lab's network policy cannot be circumvented",
        Guarantee::HiddenData => "hidden data is out of reach",
        Guarantee::ProcessesLimited => "the number of processes is limited",
        Guarantee::MemoryLimited => "memory is limited",
        Guarantee::MemorySampled => "memory is limited for each process and watched as a whole",
        Guarantee::DiskLimited => "disk use is limited",
        Guarantee::DiskSampled => "the size of a file is limited, and disk use is watched",
        Guarantee::OutlivesServer => "terminals and programs outlive a restart of the server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_guarantee_stands_for_the_weaker() {
        let given = Guarantees::default()
            .with(Guarantee::OwnNetwork, "a namespace")
            .without(Guarantee::MemoryLimited, "no cgroup", None);
        let demanded = BTreeSet::from([Guarantee::OwnPorts, Guarantee::OwnNetwork, Guarantee::MemoryLimited]);
        assert_eq!(given.lacking(&demanded), [Guarantee::MemoryLimited]);
        assert_eq!(given.enforced_by(Guarantee::OwnNetwork), Some("a namespace"));
        assert!(given.missing(Guarantee::MemoryLimited).is_some());
    }
}
