use std::str::FromStr;

use aws_lc_rs::hmac;

use super::{
    CryptoError, DocumentKey, SearchKey, WrappedDocumentKey,
    aead::{SecretKey, read_key_id},
    context::length_prefixed,
};
use crate::domain::{DocumentId, OwnerId};

/// Where a version of an owner key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Made and stored; nothing is sealed with it before it has been seen to open.
    Pending,
    /// Seals what is new. Every owner has one at most.
    Active,
    /// Still opens what it sealed, until that is wrapped anew and the grace period is over.
    Retired,
    /// As retired, because somebody else may know it.
    Compromised,
    /// Gone: nothing opens with it ever again.
    Destroyed,
}

/// Who wraps an index key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexWrapping {
    /// The root key, as in the first versions.
    Root,
    /// The owner key beside it.
    Owner,
}

/// An owner key as it is stored: wrapped by the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedOwnerKey {
    /// Whose key.
    pub owner: OwnerId,
    /// 1, 2, 3, …
    pub version: u32,
    /// Where it is in its life.
    pub state: KeyState,
    /// Root key that wrapped it.
    pub kms_key_id: String,
    /// The wrapped 32-byte key; empty when it is destroyed.
    pub wrapped: Vec<u8>,
    /// The owner's index key (for search terms), wrapped; empty when it is destroyed.
    pub wrapped_index_key: Vec<u8>,
    /// Who wrapped the index key.
    pub index_wrapping: IndexWrapping,
    /// Which index key: the version that it came with. It goes on from there to later versions.
    pub index_generation: u32,
    /// The owner's tag key (for keyed tags), wrapped by the owner key; empty when it is destroyed, and in the form of the
    /// first versions, where the index key is the tag key as well.
    pub wrapped_tag_key: Vec<u8>,
    /// Which tag key, as with index keys.
    pub tag_generation: u32,
}

/// An owner's key, in clear, in memory only.
#[derive(Debug)]
pub struct OwnerKey {
    owner: OwnerId,
    version: u32,
    key: SecretKey,
    index: SideKey,
    tags: SideKey,
}

/// A key that lies beside an owner key and goes on from version to version: the index key, or the tag key.
#[derive(Debug)]
pub(super) struct SideKey {
    /// The version of the owner key that it came with.
    pub(super) generation: u32,
    pub(super) key: SecretKey,
}

/// Which key lies beside an owner key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Index,
    Tags,
}

/// Which keys beside an owner key are new in its next version; the others go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// None.
    Nothing,
    /// The index key: tokens of search are made anew.
    Index,
    /// The tag key as well: what was tagged before is not found to be equal any more.
    All,
}

impl SideKey {
    /// Makes a new one, for a version of the owner key.
    pub(super) fn generate(version: u32) -> Result<Self, CryptoError> {
        Ok(Self { generation: version, key: SecretKey::generate()? })
    }

    /// Gives the same key to another version of the owner key, or to another use.
    pub(super) fn go_on(&self) -> Result<Self, CryptoError> {
        Ok(Self { generation: self.generation, key: SecretKey::from_bytes(self.key.as_bytes())? })
    }
}

impl Side {
    /// Gives what a wrapped key of this kind is bound to.
    fn data(self, owner: OwnerId, generation: u32) -> Vec<u8> {
        let label: &[u8] = match self {
            Self::Index => b"untxt index key",
            Self::Tags => b"untxt tag key",
        };
        length_prefixed(&[label, owner.as_uuid().as_bytes(), &generation.to_be_bytes()])
    }
}

impl WrappedOwnerKey {
    /// Says whether the owner key wraps both keys beside it, which was otherwise in the first versions.
    #[must_use]
    pub const fn has_form_of_now(&self) -> bool {
        matches!(self.index_wrapping, IndexWrapping::Owner) && !self.wrapped_tag_key.is_empty()
    }
}

impl KeyState {
    /// All, in their order.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Active, Self::Retired, Self::Compromised, Self::Destroyed];

    /// Gives the word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
            Self::Destroyed => "destroyed",
        }
    }
}

impl FromStr for KeyState {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or("no state of a key")
    }
}

impl IndexWrapping {
    /// Gives the word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for IndexWrapping {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Root, Self::Owner].into_iter().find(|who| who.as_str() == word).ok_or("must be root or owner")
    }
}

impl OwnerKey {
    pub(super) const fn new(owner: OwnerId, version: u32, key: SecretKey, index: SideKey, tags: SideKey) -> Self {
        Self { owner, version, key, index, tags }
    }

    /// Opens a key that lies beside an owner key.
    pub(super) fn open_side_key(
        owner: OwnerId,
        key: &SecretKey,
        side: Side,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<SideKey, CryptoError> {
        let opened = key.open(&side.data(owner, generation), wrapped)?;
        Ok(SideKey { generation, key: SecretKey::from_bytes(&opened)? })
    }

    /// Wraps a key that lies beside this one with it.
    pub(super) fn wrap_side_key(&self, side: Side) -> Result<Vec<u8>, CryptoError> {
        let wrapped = match side {
            Side::Index => &self.index,
            Side::Tags => &self.tags,
        };
        self.key.seal(self.version, &side.data(self.owner, wrapped.generation), wrapped.key.as_bytes())
    }

    pub(super) const fn key(&self) -> &SecretKey {
        &self.key
    }

    pub(super) const fn index(&self) -> &SideKey {
        &self.index
    }

    pub(super) const fn tags(&self) -> &SideKey {
        &self.tags
    }

    pub(super) const fn version(&self) -> u32 {
        self.version
    }

    /// Gives which index key it carries: the version that that one came with.
    #[must_use]
    pub const fn index_generation(&self) -> u32 {
        self.index.generation
    }

    /// Gives which tag key it carries.
    #[must_use]
    pub const fn tag_generation(&self) -> u32 {
        self.tags.generation
    }

    /// Wraps a document's key, of another version, with this one; what it seals stays as it is.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn rewrap(&self, document: DocumentId, key: &DocumentKey) -> Result<WrappedDocumentKey, CryptoError> {
        let wrapped = self.key.seal(self.version, &self.associated_data(document), key.key().as_bytes())?;
        Ok(WrappedDocumentKey { owner_key_version: self.version, wrapped })
    }

    /// Gives the owner.
    #[must_use]
    pub const fn owner(&self) -> OwnerId {
        self.owner
    }

    /// Makes the random key of a new document, and its wrapped form to store.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn create_document_key(&self, document: DocumentId) -> Result<(DocumentKey, WrappedDocumentKey), CryptoError> {
        let key = DocumentKey::new(SecretKey::generate()?, self.version);
        let stored = self.rewrap(document, &key)?;
        Ok((key, stored))
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

    /// Makes the owner's keyed tag (HMAC-SHA-256 with the tag key) of some content, to find equals without
    /// telling anyone else what the content is.
    #[must_use]
    pub fn tag(&self, purpose: &str, content: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.tags.key.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(&length_prefixed(&[b"untxt tag", purpose.as_bytes()]));
        context.update(content);
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Gives the key for tokens of the search index.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`], which never happens to a key of the right length.
    pub fn search_key(&self) -> Result<SearchKey, CryptoError> {
        SearchKey::derive(&self.index.key)
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
        let side = || SideKey::generate(1).expect("key");
        OwnerKey::new(owner, version, SecretKey::generate().expect("key"), side(), side())
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
