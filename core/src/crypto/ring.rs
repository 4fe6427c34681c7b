use std::sync::Arc;

use super::{CryptoError, Kms, OwnerKey, WrappedOwnerKey};
use crate::domain::OwnerId;

/// Opens owner keys through the KMS and keeps them, bounded, for at most five minutes.
#[derive(Clone, Debug)]
pub struct KeyRing {
    #[expect(dead_code, reason = "stub")]
    kms: Arc<dyn Kms>,
}

impl KeyRing {
    /// Makes a ring over a KMS.
    #[must_use]
    pub fn new(kms: Arc<dyn Kms>) -> Self {
        Self { kms }
    }

    /// Makes a new random owner key and index key, version 1, wrapped, to be stored by the caller.
    ///
    /// # Errors
    /// [`CryptoError::Kms`].
    #[expect(clippy::unused_async, reason = "stub")]
    pub async fn create_owner_key(&self, _owner: OwnerId) -> Result<WrappedOwnerKey, CryptoError> {
        unimplemented!()
    }

    /// Opens a stored owner key, from the cache if it is there.
    ///
    /// # Errors
    /// [`CryptoError::Kms`] when the KMS is down or refuses.
    #[expect(clippy::unused_async, reason = "stub")]
    pub async fn open_owner_key(&self, _wrapped: &WrappedOwnerKey) -> Result<Arc<OwnerKey>, CryptoError> {
        unimplemented!()
    }
}
