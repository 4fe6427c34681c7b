//! Google's Tink beside ours, from the root key down: it opens what we sealed and refuses what was changed, and we open
//! what it sealed and refuse the same. `docs/open_with_tink.py` is what somebody without UNTXT would run.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use serde_json::{Value, json};
use untxt_core::{
    crypto::{DocumentKey, KeyRing, Kms, LabelKey, LocalKms, WrappedDocumentKey, WrappedOwnerKey},
    domain::{DocumentId, DocumentMetadata, FolderId, LabelName, OwnerId, PageContent, PageNumber, TagId, TaskId},
    storage::ObjectKey,
};

/// Plaintext lengths of the first and of every other full segment of a file.
const FIRST: usize = (1 << 20) - 40 - 16;
const OTHER: usize = (1 << 20) - 16;

/// A document and names, with all keys above them.
struct Vault {
    folder: tempfile::TempDir,
    owner: OwnerId,
    document: DocumentId,
    key: DocumentKey,
    labels: LabelKey,
    facts: Value,
}

/// One sealed thing, as the check wants it.
struct Case {
    place: Vec<String>,
    sealed: Vec<u8>,
    clear: Vec<u8>,
}

impl Vault {
    async fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root.key");
        LocalKms::create(&root).expect("a root key");
        let kms: Arc<dyn Kms> = Arc::new(LocalKms::open(&root).expect("the root key"));
        let ring = KeyRing::new([kms]);
        let (owner, document) = (OwnerId::generate(), DocumentId::generate());
        let stored = ring.create_owner_key(owner).await.expect("made");
        let owner_key = ring.open_owner_key(&stored).await.expect("opened");
        let (key, wrapped) = owner_key.create_document_key(document).expect("made");
        let (labels, wrapped_labels) = owner_key.create_label_key().expect("made");
        let mut facts = facts(&root, document, &stored, &wrapped);
        facts["label_key"] = hex::encode(wrapped_labels.wrapped).into();
        Self { folder, owner, document, key, labels, facts }
    }

    fn metadata(&self, name: &str) -> Case {
        let metadata = DocumentMetadata { name: name.to_owned(), sha256: "00".to_owned() };
        Case {
            place: vec!["metadata".to_owned()],
            sealed: self.key.seal_metadata(self.owner, self.document, &metadata).expect("sealed"),
            clear: serde_json::to_vec(&metadata).expect("JSON"),
        }
    }

    fn page(&self, task: TaskId, number: u32, text: &str) -> Case {
        let content = PageContent { text: text.to_owned(), ..PageContent::default() };
        let page = PageNumber::from_index(number - 1);
        Case {
            place: vec!["page".to_owned(), task.to_string(), number.to_string()],
            sealed: self.key.seal_page(self.owner, task, page, &content).expect("sealed"),
            clear: serde_json::to_vec(&content).expect("JSON"),
        }
    }

    fn object(&self, object: &ObjectKey, length: usize) -> Case {
        let clear: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).expect("a byte")).collect();
        let mut sealer = self.key.sealer_for(self.owner, object).expect("a sealer");
        let mut sealed = sealer.update(&clear).expect("sealed").to_vec();
        sealed.extend_from_slice(&sealer.finish().expect("sealed"));
        Case { place: vec!["object".to_owned(), object.to_string()], sealed, clear }
    }

    fn open_object(&self, object: &ObjectKey, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut opener = self.key.opener_for(self.owner, object);
        let mut clear = opener.update(sealed).ok()?.to_vec();
        clear.extend_from_slice(&opener.finish().ok()?);
        Some(clear)
    }

    /// Lets Tink judge; gives its files, what it sealed itself included, and what it says against ours.
    fn check(&self, cases: &[Case]) -> (Vec<Vec<u8>>, String) {
        let place = |number: usize, end: &str| self.folder.path().join(format!("{number}.{end}"));
        let list = cases.iter().enumerate().map(|(number, case)| {
            std::fs::write(place(number, "sealed"), &case.sealed).expect("written");
            std::fs::write(place(number, "clear"), &case.clear).expect("written");
            let (sealed, clear) = (place(number, "sealed"), place(number, "clear"));
            json!({ "facts": self.facts, "place": case.place, "sealed": sealed, "clear": clear })
        });
        let path = self.folder.path().join("cases.json");
        std::fs::write(&path, Value::from_iter(list).to_string()).expect("written");
        let output = run_peer(&path);
        let of_tink = (0..cases.len()).map(|number| std::fs::read(place(number, "sealed.tink")).unwrap_or_default());
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), said.is_empty(), "{said}");
        (of_tink.collect(), said)
    }
}

fn facts(root: &Path, document: DocumentId, stored: &WrappedOwnerKey, wrapped: &WrappedDocumentKey) -> Value {
    json!({
        "owner": stored.owner.to_string(),
        "document": document.to_string(),
        "root_key_file": root,
        "root_key_id": stored.kms_key_id,
        "owner_key_wrapped": hex::encode(&stored.wrapped),
        "owner_key_version": stored.version,
        "document_key": hex::encode(&wrapped.wrapped),
    })
}

fn run_peer(cases: &Path) -> Output {
    let run = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/run");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    Command::new(run).env("CARGO_TARGET_DIR", target).arg("sealed.py").arg(cases).output().expect("python runs")
}

/// Changes that must all be refused: one byte, the end, a byte more.
fn changed(sealed: &[u8]) -> Vec<Vec<u8>> {
    let flip = |at: usize| {
        let mut bytes = sealed.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let cut = sealed[..sealed.len() - 1].to_vec();
    vec![flip(0), flip(sealed.len() / 2), flip(sealed.len() - 1), cut, [sealed, b"x"].concat()]
}

#[tokio::test]
async fn small_values_agree_both_ways() {
    let vault = Vault::make().await;
    let task = TaskId::generate();
    let texts = ["", "ä", &"Patient 12345. ".repeat(20_000)];
    let mut cases: Vec<_> = (1..).zip(texts).map(|(number, text)| vault.page(task, number, text)).collect();
    cases.push(vault.metadata("Befund.pdf"));
    let (of_tink, said) = vault.check(&cases);
    assert_eq!(said, "");

    for (number, text) in (1..).zip(texts) {
        let page = PageNumber::from_index(number - 1);
        let sealed = &of_tink[page.index() as usize];
        let open = |sealed: &[u8]| vault.key.open_page(vault.owner, task, page, sealed);
        assert_eq!(open(sealed).expect("opened").text, text);
        assert!(vault.key.open_page(vault.owner, TaskId::generate(), page, sealed).is_err());
        for changed in changed(sealed) {
            assert!(open(&changed).is_err());
        }
    }
    let metadata = vault.key.open_metadata(vault.owner, vault.document, &of_tink[3]).expect("opened");
    assert_eq!(metadata.name, "Befund.pdf");
}

#[tokio::test]
async fn names_agree_both_ways() {
    let vault = Vault::make().await;
    let (folder, tag, name) = (FolderId::generate(), TagId::generate(), LabelName::new("Röntgen").expect("a name"));
    let case = |place: [String; 2], sealed| Case { place: place.into(), sealed, clear: name.as_str().into() };
    let cases = [
        case(["folders".into(), folder.to_string()], vault.labels.seal_folder_name(folder, &name).expect("sealed")),
        case(["tags".into(), tag.to_string()], vault.labels.seal_tag_name(tag, &name).expect("sealed")),
    ];
    let (of_tink, said) = vault.check(&cases);
    assert_eq!(said, "");
    assert_eq!(vault.labels.open_folder_name(folder, &of_tink[0]).expect("opened"), name);
    assert_eq!(vault.labels.open_tag_name(tag, &of_tink[1]).expect("opened"), name);
    for changed in changed(&of_tink[0]) {
        assert!(vault.labels.open_folder_name(folder, &changed).is_err());
    }
}

#[tokio::test]
async fn files_agree_both_ways() {
    let vault = Vault::make().await;
    let (document, task) = (vault.document, TaskId::generate());
    let objects = [
        (ObjectKey::Original(document), FIRST + 2 * OTHER + 7),
        (ObjectKey::SearchablePdf(document, task, 1), FIRST + OTHER),
        (ObjectKey::PageImage(document, task, PageNumber::from_index(0), 1), 0),
    ];
    let around = [1, FIRST - 1, FIRST, FIRST + 1, FIRST + OTHER - 1, FIRST + OTHER + 1];
    let around = (1..)
        .zip(around)
        .map(|(number, length)| (ObjectKey::PageImage(document, task, PageNumber::from_index(number), 2), length));
    let objects: Vec<_> = objects.into_iter().chain(around).collect();
    let cases: Vec<_> = objects.iter().map(|(object, length)| vault.object(object, *length)).collect();
    let (of_tink, said) = vault.check(&cases);
    assert_eq!(said, "");

    for (((object, length), case), sealed) in objects.iter().zip(&cases).zip(&of_tink) {
        assert_eq!(sealed.len(), case.sealed.len(), "{length}");
        assert!(vault.open_object(object, sealed).expect("opened") == case.clear, "{length}");
        assert_eq!(vault.open_object(&ObjectKey::Original(DocumentId::generate()), sealed), None);
        for changed in changed(sealed) {
            assert_eq!(vault.open_object(object, &changed), None, "{length}");
        }
    }
}

#[tokio::test]
async fn the_check_finds_what_is_wrong() {
    let vault = Vault::make().await;
    let mut case = vault.metadata("a.pdf");
    case.clear.push(b' ');
    assert!(vault.check(&[case]).1.contains("opens as something else"));
    let mut case = vault.metadata("a.pdf");
    case.sealed[20] ^= 1;
    assert!(vault.check(&[case]).1.contains("TinkError"));
}
