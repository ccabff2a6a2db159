//! The main journeys of a server that an ordinary user runs, where the tests themselves run as root: from start to end,
//! a trial, and `kill -9` in every state.

use super::crash;
use super::harness::{Walls, Wanted, is_open_to_all};
use super::journey;
use super::labs::{self, LabFolder};
use crate::support;

/// Makes a test of each name with these walls.
macro_rules! as_nobody {
    ($walls:ident: $($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            if !rustix::process::geteuid().is_root() {
                // Then the tests that bear the same names elsewhere are this one.
                return;
            }
            crate::require!(
                "bubblewrap",
                Walls::$walls == Walls::Landlock || support::has_program("bwrap"),
                "apt-get install bubblewrap"
            );
            crate::require!("ordinary-user", is_open_to_all(), "a checkout to which every user may walk (chmod o+x)");
            super::$name(Walls::$walls).await;
        }
    )*};
}

mod bubblewrap {
    use super::*;
    as_nobody! { Bubblewrap: whole_way every_step ready other_states trial }
}

mod landlock {
    use super::*;
    as_nobody! { Landlock: whole_way every_step ready other_states trial }
}

fn wanted(walls: Walls, labs: impl IntoIterator<Item = LabFolder>) -> Wanted {
    Wanted::new(walls, labs).ordinary()
}

async fn whole_way(walls: Walls) {
    journey::whole_way(wanted(walls, [journey::lab()])).await;
}

async fn every_step(walls: Walls) {
    crash::every_step(wanted(walls, [crash::gated()])).await;
}

async fn ready(walls: Walls) {
    crash::ready(wanted(walls, [labs::plain("plain")])).await;
}

async fn other_states(walls: Walls) {
    crash::other_states(wanted(walls, crash::states())).await;
}

async fn trial(walls: Walls) {
    crash::trial(wanted(walls, [crash::tried()])).await;
}
