//! What somebody with the database and the store can do to sealed data: change, cut, repeat and move it. Every try ends in
//! the same error, and nothing of the content is given.

use std::ops::Range;

use super::{CryptoError, DocumentKey, OwnerKey, SealedFile, StreamOpener, aead::SecretKey, owner_key::SideKey};
use crate::{
    domain::{DocumentId, DocumentMetadata, OwnerId, PageContent, PageNumber, TaskId},
    storage::ObjectKey,
};

/// A place in one document, of one owner.
struct Place {
    owner: OwnerId,
    document: DocumentId,
    task: TaskId,
    page: PageNumber,
}

impl Place {
    fn objects(&self) -> [ObjectKey; 3] {
        [
            ObjectKey::Original(self.document),
            ObjectKey::PageImage(self.document, self.task, self.page, 1),
            ObjectKey::SearchablePdf(self.document, self.task, 1),
        ]
    }

    /// Seals a value of every kind, and a file of every kind.
    fn seal(&self, key: &DocumentKey) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let page = PageContent { text: "secret".to_owned(), ..PageContent::default() };
        let metadata = DocumentMetadata { name: "secret.pdf".to_owned(), sha256: "00".to_owned() };
        let values = vec![
            key.seal_page(self.owner, self.task, self.page, &page).expect("sealed"),
            key.seal_metadata(self.owner, self.document, &metadata).expect("sealed"),
        ];
        let files = self.objects().map(|object| {
            let mut sealer = key.sealer_for(self.owner, &object).expect("a sealer");
            let mut sealed = sealer.update(b"%PDF secret").expect("sealed").to_vec();
            sealed.extend_from_slice(&sealer.finish().expect("sealed"));
            sealed
        });
        (values, files.into())
    }

    /// Tries to open a value as each kind of value; a file as each kind of file, whole and in part.
    fn open(&self, key: &DocumentKey, sealed: &[u8]) -> Vec<Result<(), CryptoError>> {
        let mut results = vec![
            key.open_page(self.owner, self.task, self.page, sealed).map(|_| ()),
            key.open_metadata(self.owner, self.document, sealed).map(|_| ()),
        ];
        for object in self.objects() {
            results.push(open_file(key.opener_for(self.owner, &object), sealed));
            results.push(self.open_part(key, &object, sealed));
        }
        results
    }

    fn open_part(&self, key: &DocumentKey, object: &ObjectKey, sealed: &[u8]) -> Result<(), CryptoError> {
        let file = SealedFile::new(sealed.get(..40).unwrap_or_default(), sealed.len() as u64)?;
        let (needed, opener) = key.part_opener_for(self.owner, object, &file, &(0..file.clear_bytes()))?;
        open_file(opener, sealed.get(to_usize(&needed)).ok_or(CryptoError::Corrupt)?)
    }
}

fn to_usize(range: &Range<u64>) -> Range<usize> {
    usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small")
}

fn open_file(mut opener: StreamOpener, sealed: &[u8]) -> Result<(), CryptoError> {
    opener.update(sealed)?;
    opener.finish().map(|_| ())
}

fn a_key() -> DocumentKey {
    DocumentKey::new(SecretKey::generate().expect("a key"), 1)
}

fn a_place() -> Place {
    let (document, task) = (DocumentId::generate(), TaskId::generate());
    Place { owner: OwnerId::generate(), document, task, page: PageNumber::from_index(0) }
}

fn said(error: &CryptoError) -> String {
    assert!(matches!(error, CryptoError::Corrupt));
    format!("{error} {error:?}")
}

#[test]
fn what_is_moved_is_refused_everywhere_but_at_home() {
    let (key, home) = (a_key(), a_place());
    // The document's own key, so that only the place speaks against it.
    let elsewhere = [
        Place { owner: OwnerId::generate(), ..home },
        Place { page: PageNumber::from_index(1), task: TaskId::generate(), document: DocumentId::generate(), ..home },
    ];
    let (values, files) = home.seal(&key);
    for (number, sealed) in values.iter().chain(&files).enumerate() {
        let opened = |place: &Place, key: &DocumentKey| place.open(key, sealed).iter().filter(|it| it.is_ok()).count();
        // A file opens whole and in part, and only as what it is.
        assert_eq!(opened(&home, &key), if number < values.len() { 1 } else { 2 });
        assert_eq!(elsewhere.iter().map(|place| opened(place, &key)).sum::<usize>(), 0);
        assert_eq!(opened(&home, &a_key()), 0, "another document's key");
    }
    let pages = Place { page: PageNumber::from_index(1), ..home };
    assert!(pages.open(&key, &values[0])[0].is_err(), "another page of the same task");
}

#[test]
fn every_refusal_is_the_same() {
    let (key, home) = (a_key(), a_place());
    let (values, files) = home.seal(&key);
    let expected = said(&CryptoError::Corrupt);
    let mut tried = 0;
    for sealed in values.iter().chain(&files) {
        let flipped = (0..sealed.len() * 8).map(|bit| {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            changed
        });
        let cut = (0..sealed.len()).map(|length| sealed[..length].to_vec());
        let doubled = [sealed.as_slice(), sealed].concat();
        for changed in flipped.chain(cut).chain([doubled, [sealed, &[0][..]].concat()]) {
            for result in home.open(&key, &changed) {
                assert_eq!(said(&result.expect_err("refused")), expected);
                tried += 1;
            }
        }
    }
    assert!(tried > 20_000, "{tried}");
}

#[test]
fn a_wrapped_key_opens_for_its_document_owner_and_version_only() {
    let owner = OwnerId::generate();
    let (key, index) = ([1; 32], [2; 32]);
    let owner_key = |owner, version, key: &[u8; 32]| {
        let secret = |bytes| SecretKey::from_bytes(bytes).expect("a key");
        let side = || SideKey { generation: 1, key: secret(&index) };
        OwnerKey::new(owner, version, secret(key), side(), side())
    };
    let document = DocumentId::generate();
    let (_, wrapped) = owner_key(owner, 2, &key).create_document_key(document).expect("made");
    owner_key(owner, 2, &key).open_document_key(document, &wrapped).expect("opened");
    let mut refusals = vec![
        owner_key(owner, 2, &key).open_document_key(DocumentId::generate(), &wrapped),
        owner_key(OwnerId::generate(), 2, &key).open_document_key(document, &wrapped),
        owner_key(owner, 3, &key).open_document_key(document, &wrapped),
        owner_key(owner, 2, &index).open_document_key(document, &wrapped),
    ];
    for bit in 0..wrapped.wrapped.len() * 8 {
        let mut changed = wrapped.clone();
        changed.wrapped[bit / 8] ^= 1 << (bit % 8);
        refusals.push(owner_key(owner, 2, &key).open_document_key(document, &changed));
    }
    for refusal in refusals {
        assert_eq!(said(&refusal.expect_err("refused")), said(&CryptoError::Corrupt));
    }
}

#[test]
fn an_unknown_algorithm_is_refused() {
    let (key, home) = (a_key(), a_place());
    let (values, files) = home.seal(&key);
    for first in (0..=255_u8).filter(|first| ![1, 40].contains(first)) {
        for sealed in values.iter().chain(&files) {
            let mut changed = sealed.clone();
            changed[0] = first;
            assert!(home.open(&key, &changed).iter().all(Result::is_err), "{first}");
        }
    }
    // Nothing opens as what it would be without encryption.
    assert!(home.open(&key, br#"{"name":"a.pdf","sha256":"00"}"#).iter().all(Result::is_err));
}

#[test]
fn segments_of_another_file_are_refused() {
    let (key, home) = (a_key(), a_place());
    let object = ObjectKey::Original(home.document);
    let seal = |fill: u8| {
        let mut sealer = key.sealer_for(home.owner, &object).expect("a sealer");
        let mut sealed = sealer.update(&vec![fill; 3 << 20]).expect("sealed").to_vec();
        sealed.extend_from_slice(&sealer.finish().expect("sealed"));
        sealed
    };
    // The same key, the same place, twice: what one key was derived from stands in the header.
    let (one, two) = (seal(1), seal(2));
    let open = |sealed: &[u8]| open_file(key.opener_for(home.owner, &object), sealed);
    open(&one).expect("whole");
    for at in [40, 1 << 20, 2 << 20, 3 << 20] {
        assert!(open(&[&one[..at], &two[at..]].concat()).is_err(), "mixed at {at}");
    }
}

#[test]
fn files_beyond_4_gib_are_sealed_and_opened_in_little_memory() {
    const PIECES: u64 = 4097;
    let (key, home) = (a_key(), a_place());
    let object = ObjectKey::Original(home.document);
    let piece = vec![0; 1 << 20];
    let mut sealer = key.sealer_for(home.owner, &object).expect("a sealer");
    let mut opener = key.opener_for(home.owner, &object);
    let (mut opened, mut largest, mut header, mut tail) = (0_u64, 0, Vec::new(), Vec::new());
    let mut sealed_bytes = 0_u64;
    let mut take = |sealed: &[u8]| {
        if header.is_empty() {
            header.extend_from_slice(&sealed[..40]);
        }
        // What stands behind 4 GiB.
        let start = (1_u64 << 32).saturating_sub(sealed_bytes).min(sealed.len() as u64);
        tail.extend_from_slice(&sealed[usize::try_from(start).expect("small")..]);
        sealed_bytes += sealed.len() as u64;
        let clear = opener.update(sealed).expect("opened");
        largest = largest.max(clear.len());
        opened += clear.len() as u64;
    };
    for _ in 0..PIECES {
        take(&sealer.update(&piece).expect("sealed"));
    }
    take(&sealer.finish().expect("sealed"));
    opened += opener.finish().expect("the end").len() as u64;
    assert_eq!(opened, PIECES << 20);
    assert!(largest <= 2 << 20, "{largest} bytes at once");

    let file = SealedFile::new(&header, sealed_bytes).expect("a file");
    assert_eq!(file.clear_bytes(), PIECES << 20);
    let last = file.clear_bytes() - 5..file.clear_bytes();
    let (needed, mut opener) = key.part_opener_for(home.owner, &object, &file, &last).expect("an opener");
    assert!(needed.start >= 1 << 32 && needed.end == sealed_bytes);
    let start = usize::try_from(needed.start - (1 << 32)).expect("small");
    let mut clear = opener.update(&tail[start..]).expect("opened").to_vec();
    clear.extend_from_slice(&opener.finish().expect("the end"));
    assert_eq!(clear, [0; 5]);
}
