//! Gives each session a user id and a range of ports that no other session of this installation has.

use std::collections::HashSet;
use std::path::Path;

use super::config::ProcessConfig;
use super::proc;
use super::record::Share;
use crate::base::InstallId;
use crate::sandbox::error::SandboxError;
use crate::sandbox::folder::SessionFolder;

/// A share that is free. The caller makes sure that only one is given out at a time. Two installations on one machine
/// begin at different places, as neither knows of the other's.
pub(super) fn allot(
    state: &Path,
    install: InstallId,
    config: &ProcessConfig,
    root: bool,
) -> Result<Share, SandboxError> {
    let taken: Vec<Share> = sessions(state)
        .filter_map(|session| Share::load(&SessionFolder::new(state, session)))
        .collect();
    let mut users: HashSet<u32> = taken.iter().filter_map(|share| share.user).collect();
    if root {
        // Another installation may have begun at the same place: who ends a session must never meet another's programs.
        users.extend(proc::users());
    }
    let ports: HashSet<u16> = taken.iter().map(|share| share.ports.0).collect();
    let user = if root {
        let all: Vec<u32> = (config.users.0.max(1)..=config.users.1).collect();
        let free = from_place(install, &all).find(|user| !users.contains(user));
        Some(free.ok_or(SandboxError::Exhausted("user ids"))?)
    } else {
        None
    };
    let each = config.ports_each.max(2);
    let all: Vec<u16> = (config.ports.0.max(1)..=config.ports.1)
        .step_by(usize::from(each))
        .filter(|first| first.checked_add(each - 1).is_some_and(|last| last <= config.ports.1))
        .collect();
    let first = from_place(install, &all)
        .find(|first| !ports.contains(first))
        .ok_or(SandboxError::Exhausted("ports"))?;
    Ok(Share {
        user,
        ports: (first, first + (each - 1)),
    })
}

/// All of them, beginning at a place that the installation's id decides.
fn from_place<T: Copy>(install: InstallId, all: &[T]) -> impl Iterator<Item = T> {
    // The end of the id is random.
    let number = install.0.as_u128() % (all.len().max(1) as u128);
    let start = usize::try_from(number).unwrap_or(0);
    all.iter().cycle().skip(start).take(all.len()).copied()
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
        let install = InstallId::fresh(&clock, &random);
        let mut seen = Vec::new();
        for _ in 0..2 {
            let folder = SessionFolder::new(state.path(), SessionId::fresh(&clock, &random));
            folder.make(None).unwrap();
            let share = allot(state.path(), install, &config, true).unwrap();
            share.save(&folder).unwrap();
            seen.push(share);
        }
        let mut ports: Vec<_> = seen.iter().map(|share| share.ports).collect();
        ports.sort_unstable();
        assert_eq!(ports, [(100, 115), (116, 131)]);
        assert_ne!(seen[0].user, seen[1].user);
        assert!(matches!(
            allot(state.path(), install, &config, true),
            Err(SandboxError::Exhausted("ports"))
        ));
    }
}
