//! Gives each session a user id and a range of ports that no other session of this installation has.

use std::collections::HashSet;
use std::path::Path;

use super::config::ProcessConfig;
use super::record::Share;
use crate::sandbox::error::SandboxError;
use crate::sandbox::folder::SessionFolder;

/// The first share that is free. The caller makes sure that only one is given out at a time.
pub(super) fn allot(state: &Path, config: &ProcessConfig, root: bool) -> Result<Share, SandboxError> {
    let taken: Vec<Share> = sessions(state)
        .filter_map(|session| Share::load(&SessionFolder::new(state, session)))
        .collect();
    let users: HashSet<u32> = taken.iter().filter_map(|share| share.user).collect();
    let ports: HashSet<u16> = taken.iter().map(|share| share.ports.0).collect();
    let user = if root {
        let free = (config.users.0..=config.users.1).find(|user| *user != 0 && !users.contains(user));
        Some(free.ok_or(SandboxError::Exhausted("user ids"))?)
    } else {
        None
    };
    let each = config.ports_each.max(2);
    let first = (config.ports.0..=config.ports.1)
        .step_by(usize::from(each))
        .find(|first| {
            first.checked_add(each - 1).is_some_and(|last| last <= config.ports.1)
                && *first > 0
                && !ports.contains(first)
        })
        .ok_or(SandboxError::Exhausted("ports"))?;
    Ok(Share {
        user,
        ports: (first, first + (each - 1)),
    })
}

/// Sessions that have a folder.
pub(super) fn sessions(state: &Path) -> impl Iterator<Item = crate::base::SessionId> + use<> {
    std::fs::read_dir(state.join("sessions"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Clock, Random, SessionId, Timestamp};

    #[test]
    fn no_two_sessions_share_and_the_last_is_told() {
        let state = tempfile::tempdir().unwrap();
        let config = ProcessConfig {
            ports: (100, 131),
            users: (5, 900),
            ..ProcessConfig::default()
        };
        let (clock, random) = (Clock::manual(Timestamp(0)), Random::seeded(1));
        let mut seen = Vec::new();
        for _ in 0..2 {
            let folder = SessionFolder::new(state.path(), SessionId::fresh(&clock, &random));
            folder.make(None).unwrap();
            let share = allot(state.path(), &config, true).unwrap();
            share.save(&folder).unwrap();
            seen.push(share);
        }
        assert_eq!(seen[0].ports, (100, 115));
        assert_eq!(seen[1].ports, (116, 131));
        assert_ne!(seen[0].user, seen[1].user);
        assert!(matches!(
            allot(state.path(), &config, true),
            Err(SandboxError::Exhausted("ports"))
        ));
    }
}
