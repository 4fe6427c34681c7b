use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};

/// What every token begins with, so that people and scanners of source code know one when they see it.
const PREFIX: &str = "untxt_";

const SECRET: usize = 32;
const CHECKSUM: usize = 4;

/// A token: `untxt_`, 256 random bits and four bytes of their SHA-256, in hexadecimal. The checksum says that something was
/// a token of ours without asking anybody, and tells a typing error from a token that is revoked.
pub(super) struct Secret([u8; SECRET]);

impl Secret {
    pub(super) fn generate() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut bytes = [0; SECRET];
        rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a token, `None` if it has another form or its checksum is wrong.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut bytes = [0; SECRET + CHECKSUM];
        hex::decode_to_slice(text.strip_prefix(PREFIX)?, &mut bytes).ok()?;
        let mut secret = [0; SECRET];
        secret.copy_from_slice(&bytes[..SECRET]);
        let secret = Self(secret);
        (secret.checksum() == bytes[SECRET..]).then_some(secret)
    }

    /// Gives what its person keeps.
    pub(super) fn text(&self) -> String {
        format!("{PREFIX}{}{}", hex::encode(self.0), hex::encode(self.checksum()))
    }

    /// Gives what is stored. The secret is random: nothing slower is needed.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.0).as_ref());
        hash
    }

    /// Says nothing of the stored hash: it is of other bytes.
    fn checksum(&self) -> [u8; CHECKSUM] {
        let all = digest(&SHA256, &[PREFIX.as_bytes(), &self.0].concat());
        let mut checksum = [0; CHECKSUM];
        checksum.copy_from_slice(&all.as_ref()[..CHECKSUM]);
        checksum
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_a_mistyped_one_is_none() {
        let secret = Secret::generate().expect("random");
        let text = secret.text();
        assert_eq!(text.len(), 78);
        assert_eq!(Secret::read(&text).expect("ours").hash(), secret.hash());
        assert_ne!(Secret::generate().expect("random").hash(), secret.hash());
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'0' { b'1' } else { b'0' };
            assert!(Secret::read(&String::from_utf8(changed).expect("text")).is_none(), "{position}");
        }
        for other in ["", "untxt_", &text[6..], &format!("{text}0"), &format!("{text} "), "untxt_é"] {
            assert!(Secret::read(other).is_none(), "{other}");
        }
        assert!(!format!("{secret:?}").contains(&text[6..20]));
    }
}
