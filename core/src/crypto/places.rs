//! Where each sealed value of a document lives. What is bound here is on disk: a change makes stored data unreadable.

use std::ops::Range;

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::{Context, CryptoError, DocumentKey, Purpose, SealedFile, StreamOpener, StreamSealer};
use crate::{
    domain::{DocumentId, DocumentMetadata, OwnerId, PageContent, PageNumber, TaskId},
    storage::ObjectKey,
};

/// Version of the format of everything sealed so far.
const VERSION: u32 = 1;

impl DocumentKey {
    /// Begins to seal a file for its place in the store.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn sealer_for(&self, owner: OwnerId, object: &ObjectKey) -> Result<StreamSealer, CryptoError> {
        let row = object.to_string();
        let (purpose, context) = object_place(owner, object, &row);
        self.stream_sealer(purpose, &context)
    }

    /// Begins to open a file that [`Self::sealer_for`] sealed for the same place.
    #[must_use]
    pub fn opener_for(&self, owner: OwnerId, object: &ObjectKey) -> StreamOpener {
        let row = object.to_string();
        let (purpose, context) = object_place(owner, object, &row);
        self.stream_opener(purpose, &context)
    }

    /// Begins to open a part of a file that [`Self::sealer_for`] sealed for the same place: gives where its sealed bytes
    /// stand, and what opens exactly these.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the range is empty or reaches beyond the end.
    pub fn part_opener_for(
        &self,
        owner: OwnerId,
        object: &ObjectKey,
        file: &SealedFile,
        range: &Range<u64>,
    ) -> Result<(Range<u64>, StreamOpener), CryptoError> {
        let row = object.to_string();
        let (purpose, context) = object_place(owner, object, &row);
        self.part_opener(purpose, &context, file, range)
    }

    /// Seals what was read from a page for its row.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn seal_page(
        &self,
        owner: OwnerId,
        task: TaskId,
        page: PageNumber,
        content: &PageContent,
    ) -> Result<Vec<u8>, CryptoError> {
        self.seal_json(Purpose::Words, &page_place(owner, &page_row(task, page)), content)
    }

    /// Opens what [`Self::seal_page`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub fn open_page(
        &self,
        owner: OwnerId,
        task: TaskId,
        page: PageNumber,
        sealed: &[u8],
    ) -> Result<PageContent, CryptoError> {
        self.open_json(Purpose::Words, &page_place(owner, &page_row(task, page)), sealed)
    }

    /// Seals name and hash of an upload for its row.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn seal_metadata(
        &self,
        owner: OwnerId,
        document: DocumentId,
        metadata: &DocumentMetadata,
    ) -> Result<Vec<u8>, CryptoError> {
        self.seal_json(Purpose::Metadata, &metadata_place(owner, &document.to_string()), metadata)
    }

    /// Opens what [`Self::seal_metadata`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub fn open_metadata(
        &self,
        owner: OwnerId,
        document: DocumentId,
        sealed: &[u8],
    ) -> Result<DocumentMetadata, CryptoError> {
        self.open_json(Purpose::Metadata, &metadata_place(owner, &document.to_string()), sealed)
    }

    fn seal_json(
        &self,
        purpose: Purpose,
        context: &Context<'_>,
        value: &impl Serialize,
    ) -> Result<Vec<u8>, CryptoError> {
        let json = Zeroizing::new(serde_json::to_vec(value).map_err(|_| CryptoError::Corrupt)?);
        self.seal(purpose, context, &json)
    }

    fn open_json<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        context: &Context<'_>,
        sealed: &[u8],
    ) -> Result<T, CryptoError> {
        let json = self.open(purpose, context, sealed)?;
        // serde's message would quote the content.
        serde_json::from_slice(&json).map_err(|_| CryptoError::Corrupt)
    }
}

fn object_place<'a>(owner: OwnerId, object: &ObjectKey, row: &'a str) -> (Purpose, Context<'a>) {
    let (purpose, column) = match object {
        ObjectKey::Original(..) => (Purpose::Original, "original"),
        ObjectKey::PageImage(..) => (Purpose::PageImage, "page_image"),
        ObjectKey::SearchablePdf(..) => (Purpose::Export, "searchable_pdf"),
        // They are in clear; whoever sealed one would get a place of its own.
        ObjectKey::Installation => (Purpose::Export, "installation"),
        ObjectKey::Receipt(..) => (Purpose::Export, "receipt"),
        ObjectKey::AuditHead(_) => (Purpose::Export, "audit"),
    };
    (purpose, Context { owner, table: "object", column, row, version: VERSION })
}

fn page_row(task: TaskId, page: PageNumber) -> String {
    format!("{task}/{page}")
}

fn page_place(owner: OwnerId, row: &str) -> Context<'_> {
    Context { owner, table: "pages", column: "content", row, version: VERSION }
}

fn metadata_place(owner: OwnerId, row: &str) -> Context<'_> {
    Context { owner, table: "documents", column: "metadata", row, version: VERSION }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::aead::SecretKey;

    fn a_key() -> DocumentKey {
        DocumentKey::new(SecretKey::generate().expect("a key"), 1)
    }

    /// Written out once more: who changes a place above has to change it here too, and then thinks of stored data.
    #[test]
    fn values_open_in_the_places_they_are_stored_with() {
        let (key, owner, task) = (a_key(), OwnerId::generate(), TaskId::generate());
        let document = DocumentId::generate();
        let metadata = DocumentMetadata { name: "a.pdf".to_owned(), sha256: "00".to_owned() };
        let sealed = key.seal_metadata(owner, document, &metadata).expect("sealed");
        let row = document.to_string();
        let place = Context { owner, table: "documents", column: "metadata", row: &row, version: 1 };
        let json = key.open(Purpose::Metadata, &place, &sealed).expect("opened");
        assert_eq!(*json, br#"{"name":"a.pdf","sha256":"00"}"#);
        assert_eq!(key.open_metadata(owner, document, &sealed).expect("opened"), metadata);

        let page = PageNumber::from_index(6);
        let row = format!("{task}/7");
        let place = Context { owner, table: "pages", column: "content", row: &row, version: 1 };
        let json = br#"{"width":1,"height":1,"dpi":1,"rotation_applied":0,"mean_confidence":0,"words":[],"text":"","engine":""}"#;
        let sealed = key.seal(Purpose::Words, &place, json).expect("sealed");
        key.open_page(owner, task, page, &sealed).expect("opened");
        assert!(key.open_page(owner, task, PageNumber::from_index(7), &sealed).is_err(), "another page");
        assert!(key.open_page(OwnerId::generate(), task, page, &sealed).is_err(), "another owner");
    }

    #[test]
    fn objects_open_in_the_places_they_are_stored_with() {
        let (key, owner) = (a_key(), OwnerId::generate());
        let (document, task) = (DocumentId::generate(), TaskId::generate());
        for (object, purpose, column) in [
            (ObjectKey::Original(document), Purpose::Original, "original"),
            (ObjectKey::PageImage(document, task, PageNumber::from_index(0), 1), Purpose::PageImage, "page_image"),
            (ObjectKey::SearchablePdf(document, task, 1), Purpose::Export, "searchable_pdf"),
        ] {
            let row = object.to_string();
            let place = Context { owner, table: "object", column, row: &row, version: 1 };
            let sealed = key.stream_sealer(purpose, &place).expect("a sealer").finish().expect("sealed");
            let mut opener = key.opener_for(owner, &object);
            opener.update(&sealed).expect("opened");
            opener.finish().expect("the end");
            let sealed = key.sealer_for(owner, &object).expect("a sealer").finish().expect("sealed");
            let mut opener = key.stream_opener(purpose, &place);
            opener.update(&sealed).expect("opened");
            opener.finish().expect("the end");
        }
    }
}
