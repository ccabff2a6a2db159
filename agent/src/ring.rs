//! The last bytes of a terminal's output, addressed by sequence number (the count of bytes ever put
//! in before them). Never grows past its capacity, never allocates after it was made, does no IO.

/// A ring of the newest `capacity` bytes.
pub struct Ring {
    data: Box<[u8]>,
    end: u64,
}

impl Ring {
    /// An empty ring. The kernel gives memory only to the part that was ever written.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a ring holds at least one byte");
        Self {
            data: vec![0; capacity].into_boxed_slice(),
            end: 0,
        }
    }

    /// Sequence number of the next byte: bytes ever put in.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Sequence number of the oldest byte that is still there.
    pub fn oldest(&self) -> u64 {
        self.end.saturating_sub(self.data.len() as u64)
    }

    pub fn capacity(&self) -> usize {
        self.data.len()
    }

    /// Room for the next bytes, at least one and at most `max`, to be filled and then [committed](Self::commit).
    /// What is written here overwrites the oldest bytes at once.
    pub fn spare(&mut self, max: usize) -> &mut [u8] {
        let start = self.index(self.end);
        let length = max.clamp(1, self.data.len() - start);
        &mut self.data[start..start + length]
    }

    /// The first `count` bytes of [`spare`](Self::spare) are output now.
    pub fn commit(&mut self, count: usize) {
        self.end += count as u64;
    }

    /// Copies at most `max` bytes from sequence number `from` on. The caller has made sure that `from`
    /// lies between [`oldest`](Self::oldest) and [`end`](Self::end).
    pub fn copy(&self, from: u64, max: usize) -> Vec<u8> {
        debug_assert!(from >= self.oldest() && from <= self.end);
        let available = usize::try_from(self.end - from).unwrap_or(usize::MAX);
        let length = available.min(max).min(self.data.len());
        let start = self.index(from);
        let first = length.min(self.data.len() - start);
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&self.data[start..start + first]);
        bytes.extend_from_slice(&self.data[..length - first]);
        bytes
    }

    fn index(&self, sequence: u64) -> usize {
        usize::try_from(sequence % self.data.len() as u64).expect("a remainder of a usize fits a usize")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn put(ring: &mut Ring, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = ring.spare(bytes.len());
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            ring.commit(count);
            bytes = &bytes[count..];
        }
    }

    #[test]
    fn forgets_only_the_oldest() {
        let mut ring = Ring::new(4);
        put(&mut ring, b"abcdef");
        assert_eq!((ring.oldest(), ring.end()), (2, 6));
        assert_eq!(ring.copy(2, 10), b"cdef");
        assert_eq!(ring.copy(5, 10), b"f");
        assert_eq!(ring.copy(6, 10), b"");
    }

    proptest! {
        #[test]
        fn is_the_tail_of_all_that_was_put_in(
            capacity in 1_usize..70,
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
            offset in 0_usize..200,
            max in 0_usize..100,
        ) {
            let mut ring = Ring::new(capacity);
            let mut all = Vec::new();
            for piece in &pieces {
                put(&mut ring, piece);
                all.extend_from_slice(piece);
                prop_assert_eq!(ring.end(), all.len() as u64);
                prop_assert_eq!(ring.oldest(), all.len().saturating_sub(capacity) as u64);
                let oldest = all.len().saturating_sub(capacity);
                let from = (oldest + offset).min(all.len());
                let to = (from + max).min(all.len());
                prop_assert_eq!(ring.copy(from as u64, max), &all[from..to]);
            }
        }
    }
}
