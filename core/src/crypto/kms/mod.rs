//! The seam to whoever holds the root key: a key file, a cloud's key service, a hardware module.
//!
//! It promises that what a root key wrapped for one use opens for no other. It refuses to know what the wrapped keys
//! open, and never gives a root key away.

#[cfg(feature = "kms-aws")]
mod aws;
#[cfg(feature = "kms-azure")]
mod azure;
mod binding;
mod bounded;
mod connect;
#[cfg(feature = "kms-gcp")]
mod gcp;
mod local;
#[cfg(feature = "kms-pkcs11")]
mod pkcs11;
mod private_file;
#[cfg(any(feature = "kms-vault", feature = "kms-azure", feature = "kms-gcp"))]
mod rest;
#[cfg(feature = "kms-vault")]
mod vault;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{aead::SecretKey, context::length_prefixed};
use crate::domain::OwnerId;

pub use connect::connect;
pub use local::LocalKms;
pub(crate) use private_file::read as read_private_file;

/// Why the key management service gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// The service does not answer; nothing is wrong with the data.
    #[error("the key service does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service answers, and does not let us in: credentials or its policy.
    #[error("the key service does not let us use the root key; check its credentials and policy")]
    Denied(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service refuses: wrong key, wrong context or changed bytes.
    #[error("the key service refuses to unwrap this key")]
    Refused,
}

/// What a root key wraps something for. Every provider binds it: AWS as encryption context, others as associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyContext {
    /// One version of an owner's key.
    OwnerKey {
        /// Whose.
        owner: OwnerId,
        /// 1, 2, 3, …
        version: u32,
    },
    /// An owner's index key, as it was wrapped before owner keys wrapped it.
    IndexKey {
        /// Whose.
        owner: OwnerId,
        /// Version of the owner key beside it.
        version: u32,
    },
    /// The hash of a backup's files.
    Backup,
    /// Nothing: a round trip that shows that the service works.
    Check,
}

/// A key that a root key wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Id of the root key.
    pub key_id: String,
    /// As the service gave it.
    pub bytes: Vec<u8>,
}

/// A new key, in clear and wrapped.
#[derive(Debug)]
pub struct GeneratedKey {
    /// 32 bytes.
    pub key: Zeroizing<Vec<u8>>,
    /// The same, wrapped.
    pub wrapped: WrappedKey,
}

/// Who holds the root key. It wraps and unwraps 32-byte keys and never gives the root key away.
#[async_trait]
pub trait Kms: Send + Sync + std::fmt::Debug {
    /// Gives the id of the root key that wraps new keys, beginning with the provider's name; stored beside what it
    /// wrapped.
    fn key_id(&self) -> String;

    /// Says whether it can unwrap what the root key of this id wrapped.
    fn holds(&self, key_id: &str) -> bool;

    /// Makes a random 32-byte key and wraps it, bound to `context`.
    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KmsError> {
        let key = SecretKey::generate().map_err(|error| KmsError::Unavailable(error.into()))?;
        let key = Zeroizing::new(key.as_bytes().to_vec());
        let wrapped = self.wrap(&key, context).await?;
        Ok(GeneratedKey { key, wrapped })
    }

    /// Wraps a key, bound to `context`, with the root key that is [`Self::key_id`] now.
    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError>;

    /// Unwraps a key that the root key `key_id` wrapped with the same context.
    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError>;

    /// Makes a key and unwraps it, to see whether it works: what backend and worker need, and no more.
    async fn check(&self) -> Result<(), KmsError> {
        let GeneratedKey { key, wrapped } = self.generate(&KeyContext::Check).await?;
        let again = self.unwrap(&wrapped.key_id, &wrapped.bytes, &KeyContext::Check).await?;
        if *again == *key { Ok(()) } else { Err(KmsError::Refused) }
    }
}

impl KeyContext {
    /// Gives it as associated data; never changed, or what was wrapped no longer opens.
    #[must_use]
    pub fn associated_data(&self) -> Vec<u8> {
        match self {
            Self::OwnerKey { owner, version } => owner_data("owner key", *owner, *version),
            Self::IndexKey { owner, version } => owner_data("index key", *owner, *version),
            Self::Backup => b"untxt backup, version 1".to_vec(),
            Self::Check => b"untxt check".to_vec(),
        }
    }

    /// Gives it as names and values that a policy of the key service can ask for and its log shows.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let (purpose, key) = match self {
            Self::OwnerKey { owner, version } => ("owner-key", Some((owner, version))),
            Self::IndexKey { owner, version } => ("index-key", Some((owner, version))),
            Self::Backup => ("backup", None),
            Self::Check => ("check", None),
        };
        let purpose = ("untxt:purpose", purpose.to_owned());
        let key =
            key.map(|(owner, version)| [("untxt:owner", owner.to_string()), ("untxt:version", version.to_string())]);
        [purpose].into_iter().chain(key.into_iter().flatten()).collect()
    }
}

fn owner_data(what: &str, owner: OwnerId, version: u32) -> Vec<u8> {
    length_prefixed(&[b"untxt", what.as_bytes(), owner.as_uuid().as_bytes(), &version.to_be_bytes()])
}
