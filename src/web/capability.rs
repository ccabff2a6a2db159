//! Addresses of service tabs: a name that cannot be guessed, on an origin of its own, for one service of one session.
//!
//! The label before `.localhost` holds the session, the service's port and 128 bits of a keyed hash over both. So it is
//! good on every server that has the secret, also after a restart, and needs no list; it dies with the session, which
//! is looked at on every use.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::base::SessionId;

/// Makes and reads the labels.
#[derive(Clone)]
pub struct Capabilities([u8; 32]);

/// Length of what is written as base 32: session, port, hash.
const BYTES: usize = 16 + 2 + 16;
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl Capabilities {
    /// With the installation's secret.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The label of a session's port: 55 letters and digits.
    #[must_use]
    pub fn label(&self, session: SessionId, port: u16) -> String {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(session.0.as_bytes());
        bytes[16..18].copy_from_slice(&port.to_be_bytes());
        bytes[18..].copy_from_slice(&self.proof(session, port));
        encode(&bytes)
    }

    /// What a label stands for, if it is one of ours.
    #[must_use]
    pub fn read(&self, label: &str) -> Option<(SessionId, u16)> {
        let bytes = decode(label)?;
        let session = SessionId(Uuid::from_slice(&bytes[..16]).ok()?);
        let port = u16::from_be_bytes([bytes[16], bytes[17]]);
        // All bytes are looked at, whatever the first ones are.
        let differing = self
            .proof(session, port)
            .iter()
            .zip(&bytes[18..])
            .fold(0, |differing, (ours, theirs)| differing | (ours ^ theirs));
        (differing == 0).then_some((session, port))
    }

    /// The keyed hash: HMAC (RFC 2104) with SHA-256, the first 128 bits.
    fn proof(&self, session: SessionId, port: u16) -> [u8; 16] {
        let pad = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(self.0).for_each(|(byte, key)| *byte ^= key);
            block
        };
        let inner = Sha256::new()
            .chain_update(pad(0x36))
            .chain_update(b"service tab")
            .chain_update(session.0.as_bytes())
            .chain_update(port.to_be_bytes())
            .finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let mut proof = [0; 16];
        proof.copy_from_slice(&outer[..16]);
        proof
    }
}

/// Base 32 (RFC 4648, section 6) in lower case without padding.
fn encode(bytes: &[u8; BYTES]) -> String {
    let mut text = String::with_capacity(BYTES * 8 / 5 + 1);
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(DIGITS[(held << (5 - bits) & 31) as usize]));
    }
    text
}

fn decode(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != (BYTES * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = [0; BYTES];
    let mut filled = 0;
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == letter)?;
        held = held << 5 | u32::try_from(digit).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *bytes.get_mut(filled)? = u8::try_from(held >> bits & 255).ok()?;
            filled += 1;
        }
    }
    (filled == BYTES).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(Uuid::from_u128(0x0190_b6a4_0000_7000_8000_0000_0000_0001));

    #[test]
    fn a_label_reads_back_and_fits_into_a_name() {
        let capabilities = Capabilities::new([7; 32]);
        let label = capabilities.label(SESSION, 8080);
        assert!(label.len() <= 63);
        assert!(
            label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
        assert_eq!(capabilities.read(&label), Some((SESSION, 8080)));
    }

    #[test]
    fn nothing_else_is_read() {
        let capabilities = Capabilities::new([7; 32]);
        let label = capabilities.label(SESSION, 8080);
        assert_eq!(Capabilities::new([8; 32]).read(&label), None);
        for at in 0..label.len() - 1 {
            let mut other = label.clone().into_bytes();
            other[at] = if other[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(
                capabilities.read(&String::from_utf8(other).unwrap()),
                None,
                "letter {at}"
            );
        }
        for label in ["", "a", "www", &"a".repeat(63), "é"] {
            assert_eq!(capabilities.read(label), None, "{label}");
        }
    }
}
