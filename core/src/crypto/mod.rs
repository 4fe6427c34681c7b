//! Keys and sealed data: root key (KMS) → owner key → document key → one sub-key per purpose.
//!
//! It promises AES-256-GCM only, full associated data on every value, and that keys are zeroised. It refuses to
//! know where wrapped keys and sealed values are stored: callers get and give bytes.
//! Formats: small values `0x01 | key version (u32, big endian) | nonce (12) | ciphertext | tag (16)` (Tink AEAD with
//! TINK prefix, the version bound as associated data too); files Tink streaming AEAD `AES256_GCM_HKDF_1MB`.

mod aead;
pub mod age;
#[cfg(test)]
mod attacks;
mod context;
mod document_key;
mod kms;
mod label_key;
mod memory;
mod owner_key;
mod places;
mod ring;
mod search_key;
mod stream;

pub(crate) use aead::MAX_RANDOM_NONCES;
pub use document_key::{DocumentKey, WrappedDocumentKey};
pub(crate) use kms::read_private_file;
pub use kms::{GeneratedKey, KeyContext, Kms, KmsError, LocalKms, WrappedKey, connect};
pub use label_key::{LabelKey, WrappedLabelKey};
pub use memory::prepare_key_memory;
pub use owner_key::{IndexWrapping, KeyState, OwnerKey, Renewed, WrappedOwnerKey};
pub use ring::KeyRing;
pub use search_key::{SearchKey, TokenKind};
pub use stream::{SealedFile, StreamOpener, StreamSealer};

use context::{Context, Purpose};

/// Why something could not be sealed or opened. It never says anything about the content.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// Wrong key, wrong associated data, or changed bytes.
    #[error("sealed data does not open: wrong key, wrong place or changed bytes")]
    Corrupt,
    /// The key file is missing, malformed, or readable by others.
    #[error("{0}")]
    KeyFile(String),
    /// There is no memory that a key may lie in.
    #[error("the system gives no memory for keys")]
    Memory(#[source] std::io::Error),
    /// The key was destroyed: what it sealed is gone for good.
    #[error("the key was destroyed, so nothing that it sealed opens again")]
    KeyDestroyed,
    /// A provider of the root key can't be used as it is set up.
    #[error("the root key's provider can't be used: {0}")]
    Provider(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The key management service failed; try again later.
    #[error(transparent)]
    Kms(#[from] KmsError),
}
