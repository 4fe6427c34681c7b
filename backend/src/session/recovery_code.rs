//! Codes for the day the phone is gone: 80 random bits each, good once, stored only as their SHA-256.

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    error::Unspecified,
    rand,
};

use super::totp::base32;

const BYTES: usize = 10;
const CHARS: usize = 16;

pub(crate) struct RecoveryCode(String);

impl RecoveryCode {
    pub(crate) fn generate() -> Result<Self, Unspecified> {
        let mut bytes = [0; BYTES];
        rand::fill(&mut bytes)?;
        Ok(Self(base32(&bytes).to_lowercase()))
    }

    /// Reads what somebody typed, with or without hyphens, spaces and capitals; `None`: it is no such code.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let code: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).flat_map(char::to_lowercase).collect();
        let is_code = code.len() == CHARS && code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
        is_code.then_some(Self(code))
    }

    /// Gives what its person writes down: four groups of four.
    pub(crate) fn text(&self) -> String {
        self.0.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
    }

    /// Gives what is stored.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.0.as_bytes()).as_ref());
        hash
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::generate().expect("random");
        let text = code.text();
        assert_eq!(text.len(), 19);
        for typed in [text.clone(), text.to_uppercase(), text.replace('-', ""), text.replace('-', " ")] {
            assert_eq!(RecoveryCode::read(&typed).expect("a code").hash(), code.hash());
        }
        for bad in ["", "123456", &text[1..], &text.replace(&text[..1], "1")] {
            assert!(RecoveryCode::read(bad).is_none(), "{bad}");
        }
        assert_ne!(RecoveryCode::generate().expect("random").hash(), code.hash());
    }
}
