//! The refresh token: random, stored only as its SHA-256, replaced at every use.
//!
//! It carries a keyed tag, so that a genuine token that was replaced long ago can be told from noise: showing one
//! means that somebody kept a copy, and ends the session; noise with a guessed session id ends nothing.

use std::fmt;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
    hmac, rand,
};
use untxt_core::domain::{SessionId, UserId};
use uuid::Uuid;

const BODY: usize = 16 + 16 + 32;
const LENGTH: usize = BODY + 32;

/// A token that was made by us.
pub(crate) struct RefreshToken {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    bytes: [u8; LENGTH],
}

/// Maker and reader of refresh tokens.
#[derive(Debug)]
pub(crate) struct RefreshTokens {
    key: hmac::Key,
}

impl RefreshTokens {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// Makes a new token with 256 random bits.
    pub(crate) fn issue(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<RefreshToken, aws_lc_rs::error::Unspecified> {
        let mut bytes = [0; LENGTH];
        bytes[..16].copy_from_slice(session.as_uuid().as_bytes());
        bytes[16..32].copy_from_slice(user.as_uuid().as_bytes());
        rand::fill(&mut bytes[32..BODY])?;
        let tag = hmac::sign(&self.key, &bytes[..BODY]);
        bytes[BODY..].copy_from_slice(tag.as_ref());
        Ok(RefreshToken { user, session, bytes })
    }

    /// Reads a token, `None` if it was not made by us.
    pub(crate) fn read(&self, text: &str) -> Option<RefreshToken> {
        let mut bytes = [0; LENGTH];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        let tag = hmac::sign(&self.key, &bytes[..BODY]);
        verify_slices_are_equal(tag.as_ref(), &bytes[BODY..]).ok()?;
        let session = Uuid::from_slice(&bytes[..16]).ok()?.into();
        let user = Uuid::from_slice(&bytes[16..32]).ok()?.into();
        Some(RefreshToken { user, session, bytes })
    }
}

impl RefreshToken {
    /// Gives what is stored.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.bytes).as_ref());
        hash
    }

    /// Gives what the browser keeps.
    pub(crate) fn text(&self) -> String {
        hex::encode(self.bytes)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("session", &self.session).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_every_changed_one_refused() {
        let tokens = RefreshTokens::new(&[1; 32]);
        let token = tokens.issue(UserId::generate(), SessionId::generate()).expect("a token");
        let read = tokens.read(&token.text()).expect("ours");
        assert_eq!((read.user, read.session, read.hash()), (token.user, token.session, token.hash()));
        for position in 0..LENGTH {
            let mut changed = token.bytes;
            changed[position] ^= 1;
            assert!(tokens.read(&hex::encode(changed)).is_none());
        }
        assert!(RefreshTokens::new(&[2; 32]).read(&token.text()).is_none());
        assert!(tokens.read("").is_none());
        assert_ne!(tokens.issue(token.user, token.session).expect("another").hash(), token.hash());
        assert!(!format!("{token:?}").contains(&token.text()[64..128]));
    }
}
