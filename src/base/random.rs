//! Randomness: the machine's, or seeded where a draw must be repeatable.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// A source of random values, shared by clones.
#[derive(Clone, Debug)]
pub struct Random(Arc<Mutex<ChaCha20Rng>>);

impl Random {
    /// Seeded by the operating system: fit for secrets.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that draws from the machine"
    )]
    pub fn system() -> Self {
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        Self(Arc::new(Mutex::new(ChaCha20Rng::from_seed(seed))))
    }

    /// The same values for the same seed, on every machine and version: fit for a lab's parameters.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with(|rng| rng.fill_bytes(&mut bytes));
        bytes
    }

    /// A random 64-bit number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.with(Rng::next_u64)
    }

    /// An integer within `low..=high`; `low` where the range is empty.
    #[must_use]
    pub fn integer(&self, low: i64, high: i64) -> i64 {
        if low >= high {
            return low;
        }
        self.with(|rng| rng.random_range(low..=high))
    }

    /// One of `items`, or nothing where there are none.
    #[must_use]
    pub fn choose<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(items.len()).ok()?.checked_sub(1)?;
        items.get(usize::try_from(self.integer(0, last)).ok()?)
    }

    /// A secret of 128 bits in lower-case hexadecimal.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.bytes()))
    }

    fn with<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself() {
        let (a, b) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(a.number(), b.number());
        assert_eq!(a.token(), b.token());
        assert_ne!(Random::seeded(8).token(), Random::seeded(9).token());
    }

    #[test]
    fn draws_stay_in_range() {
        let random = Random::seeded(3);
        for _ in 0..200 {
            assert!((2..=4).contains(&random.integer(2, 4)));
        }
        assert_eq!(random.integer(5, 5), 5);
        assert_eq!(random.choose::<u8>(&[]), None);
    }
}
