//! The key of an owner's folders and tags. It lives as a document's key does: random, wrapped by the owner key, never changed.

use super::{
    Context, CryptoError, DocumentKey, OwnerKey, Purpose,
    aead::{SecretKey, read_key_id},
    context::length_prefixed,
};
use crate::domain::{EmergencyId, FolderId, LabelName, OwnerId, TagId, UserId};
use zeroize::Zeroizing;

/// Version of the format of a name.
const VERSION: u32 = 1;

/// A label key as it is stored: wrapped by a version of the owner key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedLabelKey {
    /// Version of the owner key that wrapped it.
    pub owner_key_version: u32,
    /// The wrapped 32-byte key.
    pub wrapped: Vec<u8>,
}

/// The key that seals names of an owner's folders and tags, in clear, in memory only.
#[derive(Debug)]
pub struct LabelKey {
    owner: OwnerId,
    key: DocumentKey,
}

impl OwnerKey {
    /// Makes the random key of the owner's labels, and its wrapped form to store.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn create_label_key(&self) -> Result<(LabelKey, WrappedLabelKey), CryptoError> {
        let key = LabelKey { owner: self.owner(), key: DocumentKey::new(SecretKey::generate()?, self.version()) };
        let stored = self.rewrap_label_key(&key)?;
        Ok((key, stored))
    }

    /// Wraps a label key, of another version, with this one; what it seals stays as it is.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when it is another owner's, or the random source fails.
    pub fn rewrap_label_key(&self, key: &LabelKey) -> Result<WrappedLabelKey, CryptoError> {
        if key.owner != self.owner() {
            return Err(CryptoError::Corrupt);
        }
        let data = associated_data(key.owner, self.version());
        let wrapped = self.key().seal(self.version(), &data, key.key.key().as_bytes())?;
        Ok(WrappedLabelKey { owner_key_version: self.version(), wrapped })
    }

    /// Opens the owner's stored label key.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when it is another owner's, of another version, or changed.
    pub fn open_label_key(&self, stored: &WrappedLabelKey) -> Result<LabelKey, CryptoError> {
        if stored.owner_key_version != self.version() || read_key_id(&stored.wrapped)? != self.version() {
            return Err(CryptoError::Corrupt);
        }
        let key = self.key().open(&associated_data(self.owner(), self.version()), &stored.wrapped)?;
        Ok(LabelKey { owner: self.owner(), key: DocumentKey::new(SecretKey::from_bytes(&key)?, self.version()) })
    }
}

impl LabelKey {
    /// Seals the name of a folder for its row.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn seal_folder_name(&self, folder: FolderId, name: &LabelName) -> Result<Vec<u8>, CryptoError> {
        self.seal("folders", &folder.to_string(), name)
    }

    /// Opens what [`Self::seal_folder_name`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub fn open_folder_name(&self, folder: FolderId, sealed: &[u8]) -> Result<LabelName, CryptoError> {
        self.open("folders", &folder.to_string(), sealed)
    }

    /// Seals the name of a tag for its row.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn seal_tag_name(&self, tag: TagId, name: &LabelName) -> Result<Vec<u8>, CryptoError> {
        self.seal("tags", &tag.to_string(), name)
    }

    /// Opens what [`Self::seal_tag_name`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub fn open_tag_name(&self, tag: TagId, sealed: &[u8]) -> Result<LabelName, CryptoError> {
        self.open("tags", &tag.to_string(), sealed)
    }

    /// Seals the secret that a person's authenticator app shares with us, for its row.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn seal_second_factor(&self, user: UserId, secret: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.key.seal(Purpose::Label, &self.place_of_secret(&user.to_string()), secret)
    }

    /// Opens what [`Self::seal_second_factor`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub fn open_second_factor(&self, user: UserId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.key.open(Purpose::Label, &self.place_of_secret(&user.to_string()), sealed)
    }

    /// Seals why somebody took access in an emergency, for its row.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn seal_emergency_reason(&self, access: EmergencyId, reason: &str) -> Result<Vec<u8>, CryptoError> {
        self.key.seal(Purpose::Label, &self.place_of_reason(&access.to_string()), reason.as_bytes())
    }

    /// Opens what [`Self::seal_emergency_reason`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub fn open_emergency_reason(&self, access: EmergencyId, sealed: &[u8]) -> Result<String, CryptoError> {
        let reason = self.key.open(Purpose::Label, &self.place_of_reason(&access.to_string()), sealed)?;
        std::str::from_utf8(&reason).map(str::to_owned).map_err(|_| CryptoError::Corrupt)
    }

    fn place_of_reason<'a>(&self, row: &'a str) -> Context<'a> {
        Context { owner: self.owner, table: "emergency_accesses", column: "reason", row, version: VERSION }
    }

    fn place_of_secret<'a>(&self, row: &'a str) -> Context<'a> {
        Context { owner: self.owner, table: "second_factors", column: "secret", row, version: VERSION }
    }

    fn seal(&self, table: &str, row: &str, name: &LabelName) -> Result<Vec<u8>, CryptoError> {
        self.key.seal(Purpose::Label, &self.place(table, row), name.as_str().as_bytes())
    }

    fn open(&self, table: &str, row: &str, sealed: &[u8]) -> Result<LabelName, CryptoError> {
        let name = self.key.open(Purpose::Label, &self.place(table, row), sealed)?;
        std::str::from_utf8(&name).ok().and_then(LabelName::stored).ok_or(CryptoError::Corrupt)
    }

    fn place<'a>(&self, table: &'a str, row: &'a str) -> Context<'a> {
        Context { owner: self.owner, table, column: "name", row, version: VERSION }
    }
}

fn associated_data(owner: OwnerId, version: u32) -> Vec<u8> {
    length_prefixed(&[b"untxt label key", owner.as_uuid().as_bytes(), &version.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crypto::owner_key::SideKey, domain::DocumentId};

    fn an_owner_key(owner: OwnerId, version: u32) -> OwnerKey {
        let side = || SideKey::generate(1).expect("a key");
        OwnerKey::new(owner, version, SecretKey::generate().expect("a key"), side(), side())
    }

    fn a_name() -> LabelName {
        LabelName::new("Bills").expect("a name")
    }

    #[test]
    fn a_label_key_opens_for_its_owner_and_version_only() {
        let owner = an_owner_key(OwnerId::generate(), 3);
        let (key, stored) = owner.create_label_key().expect("made");
        let folder = FolderId::generate();
        let sealed = key.seal_folder_name(folder, &a_name()).expect("sealed");
        let again = owner.open_label_key(&stored).expect("opened");
        assert_eq!(again.open_folder_name(folder, &sealed).expect("opened"), a_name());

        assert!(an_owner_key(owner.owner(), 3).open_label_key(&stored).is_err());
        let relabelled = WrappedLabelKey { owner_key_version: 2, ..stored.clone() };
        assert!(owner.open_label_key(&relabelled).is_err());
        let (_, of_document) = owner.create_document_key(DocumentId::generate()).expect("made");
        let swapped = WrappedLabelKey { wrapped: of_document.wrapped, ..stored };
        assert!(owner.open_label_key(&swapped).is_err(), "the key of a document is none of labels");
    }

    #[test]
    fn the_next_owner_key_opens_it_once_it_is_wrapped_anew() {
        let id = OwnerId::generate();
        let (old, new) = (an_owner_key(id, 1), an_owner_key(id, 2));
        let (key, stored) = old.create_label_key().expect("made");
        let tag = TagId::generate();
        let sealed = key.seal_tag_name(tag, &a_name()).expect("sealed");
        assert!(new.open_label_key(&stored).is_err());
        let after = new.rewrap_label_key(&old.open_label_key(&stored).expect("opened")).expect("wrapped");
        assert_eq!(after.owner_key_version, 2);
        assert!(old.open_label_key(&after).is_err());
        assert_eq!(new.open_label_key(&after).expect("opened").open_tag_name(tag, &sealed).expect("opened"), a_name());
        assert!(an_owner_key(OwnerId::generate(), 2).rewrap_label_key(&key).is_err(), "another owner");
    }

    /// Places are written out once more: who changes one has to think of what is stored.
    #[test]
    fn a_name_opens_in_its_place_only() {
        let owner = an_owner_key(OwnerId::generate(), 1);
        let (key, _) = owner.create_label_key().expect("made");
        let (folder, tag) = (FolderId::generate(), TagId::generate());
        let row = folder.to_string();
        let place = Context { owner: owner.owner(), table: "folders", column: "name", row: &row, version: 1 };
        let sealed = key.key.seal(Purpose::Label, &place, "Bills".as_bytes()).expect("sealed");
        assert_eq!(key.open_folder_name(folder, &sealed).expect("opened"), a_name());
        assert!(key.open_folder_name(FolderId::generate(), &sealed).is_err());
        assert!(key.open_tag_name(folder.as_uuid().into(), &sealed).is_err(), "a tag of the same id");
        let same = SecretKey::from_bytes(key.key.key().as_bytes()).expect("a key");
        let others = LabelKey { owner: OwnerId::generate(), key: DocumentKey::new(same, 1) };
        assert!(others.open_folder_name(folder, &sealed).is_err(), "another owner");
        let row = tag.to_string();
        let place = Context { owner: owner.owner(), table: "tags", column: "name", row: &row, version: 1 };
        let sealed = key.seal_tag_name(tag, &a_name()).expect("sealed");
        assert_eq!(key.key.open(Purpose::Label, &place, &sealed).expect("opened").as_slice(), b"Bills");
        let mut changed = sealed;
        *changed.last_mut().expect("bytes") ^= 1;
        assert!(key.open_tag_name(tag, &changed).is_err());
    }
}
