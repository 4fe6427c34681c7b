use aws_lc_rs::hmac;

use super::{
    CryptoError, DocumentKey, WrappedDocumentKey,
    aead::{SecretKey, read_key_id},
    context::length_prefixed,
};
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
pub struct OwnerKey {
    owner: OwnerId,
    version: u32,
    key: SecretKey,
    index_key: SecretKey,
}

impl OwnerKey {
    pub(super) const fn new(owner: OwnerId, version: u32, key: SecretKey, index_key: SecretKey) -> Self {
        Self { owner, version, key, index_key }
    }

    /// Gives the owner.
    #[must_use]
    pub const fn owner(&self) -> OwnerId {
        self.owner
    }

    /// Gives the version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Makes the random key of a new document, and its wrapped form to store.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn create_document_key(&self, document: DocumentId) -> Result<(DocumentKey, WrappedDocumentKey), CryptoError> {
        let key = SecretKey::generate()?;
        let wrapped = self.key.seal(self.version, &self.associated_data(document), key.as_bytes())?;
        let stored = WrappedDocumentKey { owner_key_version: self.version, wrapped };
        Ok((DocumentKey::new(key, self.version), stored))
    }

    /// Opens the stored key of a document.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when it is another owner's, another document's, or changed.
    pub fn open_document_key(
        &self,
        document: DocumentId,
        wrapped: &WrappedDocumentKey,
    ) -> Result<DocumentKey, CryptoError> {
        if wrapped.owner_key_version != self.version || read_key_id(&wrapped.wrapped)? != self.version {
            return Err(CryptoError::Corrupt);
        }
        let key = self.key.open(&self.associated_data(document), &wrapped.wrapped)?;
        Ok(DocumentKey::new(SecretKey::from_bytes(&key)?, self.version))
    }

    /// Makes the owner's keyed tag (HMAC-SHA-256 with the index key) of some content, to find equals without
    /// telling anyone else what the content is.
    #[must_use]
    pub fn tag(&self, purpose: &str, content: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.index_key.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(&length_prefixed(&[b"untxt tag", purpose.as_bytes()]));
        context.update(content);
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    fn associated_data(&self, document: DocumentId) -> Vec<u8> {
        let (owner, document) = (self.owner.as_uuid(), document.as_uuid());
        length_prefixed(&[b"untxt document key", owner.as_bytes(), document.as_bytes(), &self.version.to_be_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Context, Purpose};

    fn an_owner_key(owner: OwnerId, version: u32) -> OwnerKey {
        let key = || SecretKey::generate().expect("key");
        OwnerKey::new(owner, version, key(), key())
    }

    #[test]
    fn a_document_key_opens_for_its_document_only() {
        let owner = an_owner_key(OwnerId::generate(), 3);
        let document = DocumentId::generate();
        let (key, stored) = owner.create_document_key(document).expect("made");
        let place = Context { owner: owner.owner(), table: "documents", column: "metadata", row: "1", version: 1 };
        let sealed = key.seal(Purpose::Metadata, &place, b"name").expect("sealed");

        let again = owner.open_document_key(document, &stored).expect("opened");
        assert_eq!(again.open(Purpose::Metadata, &place, &sealed).expect("opened").as_slice(), b"name");

        assert!(owner.open_document_key(DocumentId::generate(), &stored).is_err());
        assert!(an_owner_key(owner.owner(), 3).open_document_key(document, &stored).is_err());
        let other_version = WrappedDocumentKey { owner_key_version: 2, ..stored };
        assert!(owner.open_document_key(document, &other_version).is_err());
    }

    #[test]
    fn a_value_opens_in_its_place_only() {
        let owner = OwnerId::generate();
        let (key, _) = an_owner_key(owner, 1).create_document_key(DocumentId::generate()).expect("made");
        let place = Context { owner, table: "pages", column: "content", row: "t/1", version: 1 };
        let sealed = key.seal(Purpose::Words, &place, b"text").expect("sealed");
        let elsewhere = [
            Context { owner: OwnerId::generate(), ..place },
            Context { table: "page", ..place },
            Context { column: "contents", ..place },
            Context { row: "t/2", ..place },
            Context { version: 2, ..place },
        ];
        for other in &elsewhere {
            assert!(key.open(Purpose::Words, other, &sealed).is_err(), "{other:?}");
        }
        assert!(key.open(Purpose::Metadata, &place, &sealed).is_err());
    }

    #[test]
    fn tags_are_equal_for_equals_of_one_owner_only() {
        let (one, two) = (an_owner_key(OwnerId::generate(), 1), an_owner_key(OwnerId::generate(), 1));
        assert_eq!(one.tag("document", b"x"), one.tag("document", b"x"));
        assert_ne!(one.tag("document", b"x"), one.tag("document", b"y"));
        assert_ne!(one.tag("document", b"x"), one.tag("documen", b"tx"));
        assert_ne!(one.tag("document", b"x"), two.tag("document", b"x"));
    }
}
