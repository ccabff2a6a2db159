//! Lab sessions on a real database, with engines that are killed and replaced.

/// Leaves a test that needs a real agent where there is none.
macro_rules! require_agent {
    ($world:expr) => {
        crate::require!("agent", $world.fake.has_agent(), "make agent");
    };
}

mod crashes;
mod faults;
mod life;
mod process;
mod world;
