use std::{fmt, str::FromStr};

use aws_lc_rs::{agreement, rand};
use zeroize::Zeroizing;

use super::{AgeError, bech32};

pub(super) const KEY_LEN: usize = 32;
const RECIPIENT_PREFIX: &str = "age";
const IDENTITY_PREFIX: &str = "age-secret-key-";

/// Whom a file is sealed for: a public X25519 key, spelled `age1…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(pub(super) [u8; KEY_LEN]);

/// Who opens files: a secret X25519 key, spelled `AGE-SECRET-KEY-1…`.
pub struct Identity {
    pub(super) secret: agreement::PrivateKey,
    bytes: Zeroizing<[u8; KEY_LEN]>,
    pub(super) public: [u8; KEY_LEN],
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("recipient", &self.recipient().to_string()).finish_non_exhaustive()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::encode(RECIPIENT_PREFIX, &self.0))
    }
}

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        if text.to_ascii_lowercase().starts_with(IDENTITY_PREFIX) {
            return Err(AgeError::Key(
                "this is an identity, which is secret; give its recipient, which begins with age1",
            ));
        }
        let bytes = bech32::decode(RECIPIENT_PREFIX, text).and_then(|bytes| bytes.as_slice().try_into().ok());
        bytes.map(Self).ok_or(AgeError::Key("this is no recipient; one begins with age1 and has 62 characters"))
    }
}

impl Identity {
    /// Makes a new random identity.
    ///
    /// # Errors
    /// [`AgeError::Key`] when the random source fails.
    pub fn generate() -> Result<Self, AgeError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| AgeError::Key("no randomness to be had"))?;
        Self::from_bytes(bytes)
    }

    /// Reads the identities of a file: one a line, besides comments and empty lines.
    ///
    /// # Errors
    /// [`AgeError::Key`] when there is none, or a line is something else.
    pub fn read_all(text: &str) -> Result<Vec<Self>, AgeError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identities = lines.map(str::parse).collect::<Result<Vec<Self>, _>>()?;
        if identities.is_empty() { Err(AgeError::Key("this file holds no identity")) } else { Ok(identities) }
    }

    /// Gives the recipient whose files this identity opens.
    #[must_use]
    pub const fn recipient(&self) -> Recipient {
        Recipient(self.public)
    }

    /// Spells the secret, to be kept by whoever asked for it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(bech32::encode(IDENTITY_PREFIX, self.bytes.as_slice()).to_ascii_uppercase())
    }

    fn from_bytes(bytes: Zeroizing<[u8; KEY_LEN]>) -> Result<Self, AgeError> {
        let unusable = "this is no usable X25519 key";
        let secret = agreement::PrivateKey::from_private_key(&agreement::X25519, bytes.as_slice())
            .map_err(|_| AgeError::Key(unusable))?;
        let public = secret.compute_public_key().map_err(|_| AgeError::Key(unusable))?;
        let public = public.as_ref().try_into().map_err(|_| AgeError::Key(unusable))?;
        Ok(Self { secret, bytes, public })
    }
}

impl FromStr for Identity {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let unknown = AgeError::Key("this is no identity; one begins with AGE-SECRET-KEY-1");
        let Some(decoded) = bech32::decode(IDENTITY_PREFIX, text) else { return Err(unknown) };
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        if decoded.len() != KEY_LEN {
            return Err(unknown);
        }
        bytes.copy_from_slice(&decoded);
        Self::from_bytes(bytes)
    }
}
