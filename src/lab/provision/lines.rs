//! What a step prints while it runs.

use std::sync::Mutex;

use crate::lab::labs::lock;
use crate::sandbox::StepLog;

/// What a step's output keeps, in bytes, from its end.
pub(super) const TAIL: usize = 32 * 1024;

/// What a step prints: its end is kept, and what is new since the last look.
#[derive(Default)]
pub(super) struct Lines(Mutex<Printed>);

#[derive(Default)]
struct Printed {
    tail: String,
    fresh: String,
}

impl Lines {
    pub fn push(&self, text: &str) {
        let mut printed = lock(&self.0);
        for buffer in [&mut *printed].into_iter().flat_map(|p| [&mut p.tail, &mut p.fresh]) {
            buffer.push_str(text);
            if buffer.len() > 2 * TAIL {
                cut_front(buffer);
            }
        }
    }

    /// What is new, and all that is kept; nothing where nothing is new.
    pub fn take(&self) -> Option<(String, String)> {
        let mut printed = lock(&self.0);
        if printed.fresh.is_empty() {
            return None;
        }
        cut_front(&mut printed.tail);
        let mut fresh = std::mem::take(&mut printed.fresh);
        cut_front(&mut fresh);
        Some((fresh, printed.tail.clone()))
    }
}

impl StepLog for Lines {
    fn line(&self, text: &str) {
        self.push(&format!("{text}\n"));
    }
}

/// Keeps the last [`TAIL`] bytes, from the beginning of a line where there is one.
fn cut_front(text: &mut String) {
    let Some(mut from) = text.len().checked_sub(TAIL).filter(|from| *from > 0) else {
        return;
    };
    while !text.is_char_boundary(from) {
        from += 1;
    }
    if let Some(end) = text[from..].find('\n').filter(|end| from + end + 1 < text.len()) {
        from += end + 1;
    }
    text.drain(..from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_keeps_its_end() {
        let lines = Lines::default();
        for number in 0..100_000 {
            lines.line(&number.to_string());
        }
        let (fresh, tail) = lines.take().unwrap();
        assert!(fresh.len() <= TAIL && tail.len() <= TAIL);
        assert!(tail.ends_with("99998\n99999\n"));
        assert!(tail.starts_with(|c: char| c.is_ascii_digit()));
        assert_eq!(lines.take(), None);
    }
}
