//! Where one WebSocket frame of the agent ends and the next begins (RFC 6455, section 5.2), without looking into any.

/// Longest head of an unmasked frame: two bytes and a length of eight.
const HEAD: usize = 10;
const CLOSE: u8 = 0x8;

/// The place in a stream of unmasked frames.
#[derive(Debug, Default)]
pub(super) struct Place {
    head: [u8; HEAD],
    /// Bytes of the head that were seen.
    seen: usize,
    /// Bytes of the payload that are to come.
    payload: u64,
    closed: bool,
}

impl Place {
    /// Whether a frame may begin here.
    pub(super) fn between(&self) -> bool {
        self.seen == 0 && self.payload == 0
    }

    /// Whether a close frame has gone by.
    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    /// Goes on over these bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let step = usize::try_from(self.payload).map_or(bytes.len(), |payload| payload.min(bytes.len()));
                self.payload -= step as u64;
                bytes = &bytes[step..];
                continue;
            }
            self.head[self.seen] = bytes[0];
            self.seen += 1;
            bytes = &bytes[1..];
            if let Some(length) = self.length() {
                self.closed |= self.head[0] & 0x0f == CLOSE;
                self.seen = 0;
                self.payload = length;
            }
        }
    }

    /// Of the payload, once the head is complete.
    fn length(&self) -> Option<u64> {
        if self.seen < 2 {
            return None;
        }
        let wide = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            short => return Some(u64::from(short)),
        };
        let bytes = self.head.get(2..2 + wide).filter(|_| self.seen == 2 + wide)?;
        Some(bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)))
    }
}

/// A close frame with a code and a reason of at most 123 bytes.
pub(super) fn close(code: u16, reason: &str) -> Vec<u8> {
    let reason = &reason.as_bytes()[..reason.len().min(123)];
    let length = u8::try_from(reason.len() + 2).unwrap_or(2);
    let mut frame = vec![0x80 | CLOSE, length];
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(reason);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(opcode: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        match length {
            0..126 => frame.push(u8::try_from(length).unwrap()),
            126..65536 => {
                frame.push(126);
                frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + length, 0x88);
        frame
    }

    proptest! {
        #[test]
        fn frames_end_where_they_end_however_they_are_cut(
            lengths in prop::collection::vec(prop_oneof![0usize..300, 65530usize..65540], 1..6),
            cut in 1usize..5000,
        ) {
            let mut bytes = Vec::new();
            let mut ends = Vec::new();
            for length in lengths {
                bytes.extend(frame(2, length));
                ends.push(bytes.len());
            }
            let mut place = Place::default();
            let mut at = 0;
            for piece in bytes.chunks(cut) {
                place.pass(piece);
                at += piece.len();
                prop_assert_eq!(place.between(), ends.contains(&at));
            }
            prop_assert!(!place.closed());
        }
    }

    #[test]
    fn a_close_frame_is_seen_and_made() {
        let mut place = Place::default();
        place.pass(&close(1001, "later"));
        assert!(place.between() && place.closed());
        assert!(close(1001, &"x".repeat(500)).len() <= 127);
    }
}
