use super::{CryptoError, DocumentKey, WrappedDocumentKey};
use crate::domain::{DocumentId, OwnerId};

/// An owner key as it is stored: wrapped by the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedOwnerKey {
    /// Whose key.
    pub owner: OwnerId,
    /// 1, 2, 3, …
    pub version: u32,
    /// Root key that wrapped it.
    pub kms_key_id: String,
    /// The wrapped 32-byte key.
    pub wrapped: Vec<u8>,
    /// The owner's index key (for keyed tags and search terms), wrapped by the same root key.
    pub wrapped_index_key: Vec<u8>,
}

/// An owner's key, in clear, in memory only.
#[derive(Debug)]
pub struct OwnerKey {}

impl OwnerKey {
    /// Gives the owner.
    #[must_use]
    pub fn owner(&self) -> OwnerId {
        unimplemented!()
    }

    /// Gives the version.
    #[must_use]
    pub fn version(&self) -> u32 {
        unimplemented!()
    }

    /// Makes the random key of a new document, and its wrapped form to store.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn create_document_key(&self, _document: DocumentId) -> Result<(DocumentKey, WrappedDocumentKey), CryptoError> {
        unimplemented!()
    }

    /// Opens the stored key of a document.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when it is another owner's, another document's, or changed.
    pub fn open_document_key(
        &self,
        _document: DocumentId,
        _wrapped: &WrappedDocumentKey,
    ) -> Result<DocumentKey, CryptoError> {
        unimplemented!()
    }

    /// Makes the owner's keyed tag (HMAC-SHA-256 with the index key) of some content, to find equals without
    /// telling anyone else what the content is.
    #[must_use]
    pub fn tag(&self, _purpose: &str, _content: &[u8]) -> [u8; 32] {
        unimplemented!()
    }
}
