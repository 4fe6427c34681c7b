//! Owner keys that are replaced, wrapped anew and destroyed, whatever breaks off in between.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tempfile::TempDir;
use untxt_core::{
    crypto::{
        CryptoError, DocumentKey, KeyContext, KeyRing, KeyState, Kms, LocalKms, WrappedLabelKey, WrappedOwnerKey,
    },
    domain::{DocumentId, FolderId, LabelName, MediaType, OwnerId, ReadingSettings, Role, TaskId, TaskQueue, UserId},
    lifecycle::Lifecycle,
    storage::ObjectKey,
};
use untxt_database::{
    Database, Error,
    documents::{self, NewDocument},
    labels, owner_keys,
    testing::TestPostgres,
    users,
};
use untxt_worker::{Kept, KeyKeeper, KeyTimes, Rotation};
use uuid::Uuid;

pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// A database with one person and the keys of many documents.
pub(crate) struct Safe {
    pub(crate) postgres: TestPostgres,
    backend: Database,
    pub(crate) worker: Database,
    root_key: PathBuf,
    pub(crate) owner: OwnerId,
    _folder: TempDir,
}

impl Safe {
    pub(crate) async fn build() -> Self {
        let postgres = TestPostgres::start().await;
        let (backend, worker) = (postgres.backend().await, postgres.worker().await);
        let folder = tempfile::tempdir().expect("a folder");
        let root_key = folder.path().join("root.key");
        LocalKms::create(&root_key).expect("a root key");
        let person = UserId::generate();
        let mut tx = backend.begin_as(person).await.expect("a transaction");
        users::create(&mut tx, person, "person", "$argon2id$none", Role::User).await.expect("a person");
        tx.commit().await.expect("committed");
        let safe = Self { postgres, backend, worker, root_key, owner: person.as_owner(), _folder: folder };
        let first = safe.ring().create_owner_key(safe.owner).await.expect("a key");
        let mut tx = safe.backend.begin_as(safe.owner).await.expect("a transaction");
        owner_keys::insert_or_load(&mut tx, &first).await.expect("stored");
        tx.commit().await.expect("committed");
        safe
    }

    pub(crate) fn ring(&self) -> KeyRing {
        KeyRing::new([Arc::new(LocalKms::open(&self.root_key).expect("a root key")) as Arc<dyn Kms>])
    }

    pub(crate) fn keeper(&self, max_age: Duration, grace: Duration) -> KeyKeeper {
        KeyKeeper::new(self.worker.clone(), self.ring(), KeyTimes { every: LONG, max_age, max_index_age: None, grace })
    }

    pub(crate) async fn active(&self) -> WrappedOwnerKey {
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        owner_keys::find_current(&mut tx, self.owner).await.expect("asked").expect("a key")
    }

    pub(crate) async fn version(&self, version: u32) -> WrappedOwnerKey {
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        owner_keys::find(&mut tx, self.owner, version).await.expect("asked").expect("a key")
    }

    /// Does what an upload does, with the key that is active.
    pub(crate) async fn upload(&self) -> (DocumentId, DocumentKey) {
        self.upload_under(&self.active().await).await.expect("inserted")
    }

    pub(crate) async fn upload_under(&self, key: &WrappedOwnerKey) -> Result<(DocumentId, DocumentKey), Error> {
        let owner_key = self.ring().open_owner_key(key).await.expect("opened");
        let id = DocumentId::generate();
        let (key, wrapped) = owner_key.create_document_key(id).expect("a key");
        let new = NewDocument {
            id,
            owner: self.owner,
            media_type: MediaType::Pdf,
            size_bytes: 1,
            metadata_sealed: b"-",
            key: &wrapped,
            content_tag: &owner_key.tag("document", b"-"),
            idempotency_tag: None,
            tag_generation: owner_key.tag_generation(),
            task: TaskId::generate(),
            settings: &ReadingSettings::of_languages("eng"),
            queue: TaskQueue::Interactive,
            trace: Uuid::now_v7(),
            folder: None,
            tags: &[],
        };
        let mut tx = self.backend.begin_as(self.owner).await?;
        documents::insert_with_task(&mut tx, &new).await?;
        tx.commit().await?;
        Ok((id, key))
    }

    pub(crate) async fn upload_many(&self, count: usize) -> Vec<(DocumentId, DocumentKey)> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.upload().await);
        }
        all
    }

    /// Does what the first folder of a person does, and gives its sealed name.
    async fn label(&self, folder: FolderId) -> Vec<u8> {
        let active = self.active().await;
        let (key, wrapped) =
            self.ring().open_owner_key(&active).await.expect("opened").create_label_key().expect("a key");
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        let stored = labels::insert_or_load_key(&mut tx, self.owner, &wrapped).await.expect("stored");
        assert_eq!(stored, wrapped);
        tx.commit().await.expect("committed");
        key.seal_folder_name(folder, &LabelName::new("Bills").expect("a name")).expect("sealed")
    }

    /// Opens the stored label key with what is stored of the owner's, and a name; gives which version wraps it.
    async fn expect_label_opens(&self, folder: FolderId, sealed: &[u8]) -> u32 {
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        let stored = labels::find_key(&mut tx, self.owner).await.expect("asked").expect("a key");
        tx.commit().await.expect("committed");
        let owner_key =
            self.ring().open_owner_key(&self.version(stored.owner_key_version).await).await.expect("opened");
        let name = owner_key.open_label_key(&stored).expect("opened").open_folder_name(folder, sealed).expect("opened");
        assert_eq!(name.as_str(), "Bills");
        stored.owner_key_version
    }

    /// Opens the stored key of each document with what is stored of the owner's, and what it has sealed with it.
    pub(crate) async fn expect_all_open(&self, documents: &[(DocumentId, DocumentKey)]) {
        let ring = self.ring();
        for (document, key) in documents {
            let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
            let stored = documents::find(&mut tx, *document).await.expect("asked").expect("the document").document.key;
            let wrapped = owner_keys::find(&mut tx, self.owner, stored.owner_key_version).await;
            tx.commit().await.expect("committed");
            let owner_key = ring.open_owner_key(&wrapped.expect("asked").expect("a key")).await.expect("opened");
            let again = owner_key.open_document_key(*document, &stored).expect("opened");
            let object = ObjectKey::Original(*document);
            let mut sealer = key.sealer_for(self.owner, &object).expect("a sealer");
            let sealed = [sealer.update(b"text").expect("sealed"), sealer.finish().expect("sealed")].concat();
            let mut opener = again.opener_for(self.owner, &object);
            let text = [opener.update(&sealed).expect("opened"), opener.finish().expect("opened")].concat();
            assert_eq!(text, b"text");
        }
    }

    pub(crate) fn change(&self, sql: &str) {
        let _answer = self.postgres.superuser_psql(sql);
    }

    /// Which versions there are in which state, "1 retired, 2 active", and how many documents are not under the last.
    pub(crate) fn state(&self) -> String {
        self.postgres.superuser_psql(
            "select string_agg(version || ' ' || state, ', ' order by version) || ' / '
                || (select count(*) from documents d where d.owner_key_version < (select max(version) from owner_keys))
            from owner_keys",
        )
    }
}

#[tokio::test]
async fn a_worn_key_is_replaced_documents_follow_and_it_is_destroyed_after_its_grace() {
    let safe = Safe::build().await;
    // more than are wrapped anew at once
    let documents = safe.upload_many(520).await;
    assert_eq!(safe.keeper(LONG, LONG).keep_all(|_| {}).await.expect("kept"), Kept::default());
    let kept = safe.keeper(Duration::ZERO, LONG).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { rotated: 1, documents: 520, ..Kept::default() });
    assert_eq!(safe.state(), "1 retired, 2 active / 0");
    safe.expect_all_open(&documents[..20]).await;
    // A slow upload that began before is stored under the old key, and follows.
    let late = safe.upload_under(&safe.version(1).await).await.expect("inserted");
    let kept = safe.keeper(LONG, Duration::ZERO).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { documents: 1, destroyed: 1, ..Kept::default() });
    assert_eq!(safe.state(), "1 destroyed, 2 active / 0");
    safe.expect_all_open(&[late]).await;
    safe.expect_all_open(&documents).await;
    let gone = safe.version(1).await;
    assert!((gone.wrapped.is_empty(), gone.wrapped_index_key.is_empty()) == (true, true));
    let refused = safe.ring().open_owner_key(&gone).await;
    assert!(matches!(refused, Err(CryptoError::KeyDestroyed)), "{refused:?}");
    let events = safe.postgres.superuser_psql(
        "select string_agg(operation || ' ' || coalesce(version::text, '') || coalesce(' ' || count, ''), ', ' order by id)
        from key_events",
    );
    assert_eq!(
        events,
        "created 1, created 2, retired 1, activated 2, documents_rewrapped 2 500, documents_rewrapped 2 20, \
         documents_rewrapped 2 1, destroyed 1"
    );
}

#[tokio::test]
async fn nothing_is_ever_stored_under_a_key_that_is_gone() {
    let safe = Safe::build().await;
    let first = safe.active().await;
    let keeper = safe.keeper(LONG, Duration::ZERO);
    keeper.rotate(safe.owner, Rotation::Compromised).await.expect("rotated");
    assert_eq!(safe.state(), "1 destroyed, 2 active / 0");
    let late = safe.upload_under(&first).await;
    assert!(matches!(&late, Err(Error::Conflict(name)) if name == "documents_owner_key_state"), "{late:?}");
    safe.change(
        "create function refusal(statement text) returns text language plpgsql as $$
        begin
            execute statement;
            return 'done';
        exception when check_violation then
            return sqlerrm;
        end $$",
    );
    for back in ["active", "retired"] {
        let refused = safe
            .postgres
            .superuser_psql(&format!("select refusal('update owner_keys set state = ''{back}'' where version = 1')"));
        assert!(refused.contains("a key never goes from destroyed"), "{refused}");
    }
}

#[tokio::test]
async fn a_rotation_that_broke_off_anywhere_is_ended_by_the_next_keeper() {
    let safe = Safe::build().await;
    let mut documents = safe.upload_many(30).await;
    // Each time a little later: before the new key, between its storing and its use, among the documents.
    for step in 0..40 {
        let keeper = safe.keeper(Duration::ZERO, Duration::ZERO);
        let _broken_off = tokio::time::timeout(Duration::from_millis(step), keeper.keep_all(|_| {})).await;
        documents.push(safe.upload().await);
    }
    safe.keeper(LONG, LONG).keep_all(|_| {}).await.expect("kept");
    let state = safe.state();
    assert!(state.ends_with("active / 0") && !state.contains("pending"), "{state}");
    safe.expect_all_open(&documents).await;
}

#[tokio::test]
async fn keepers_that_work_at_once_lose_nothing_and_uploads_go_on() {
    let safe = Arc::new(Safe::build().await);
    let mut documents = safe.upload_many(50).await;
    let lifecycle = Lifecycle::default();
    let uploads = lifecycle.spawn({
        let safe = Arc::clone(&safe);
        async move { safe.upload_many(150).await }
    });
    let keepers = (0..4).map(|_| {
        let keeper = safe.keeper(LONG, LONG);
        let owner = safe.owner;
        lifecycle.spawn(async move {
            for _ in 0..5 {
                keeper.rotate(owner, Rotation::Owner).await.expect("rotated or left to another");
            }
        })
    });
    for keeper in keepers.collect::<Vec<_>>() {
        keeper.await.expect("no panic");
    }
    documents.extend(uploads.await.expect("no panic"));
    safe.keeper(LONG, LONG).keep_all(|_| {}).await.expect("kept");
    let state = safe.state();
    assert!(state.ends_with("active / 0") && !state.contains("pending"), "{state}");
    safe.expect_all_open(&documents).await;
}

#[tokio::test]
async fn owner_keys_move_to_a_new_root_key_and_out_of_the_old_form() {
    let safe = Safe::build().await;
    let documents = safe.upload_many(3).await;
    let before = LocalKms::open(&safe.root_key).expect("a root key");
    let old_root = before.key_id();
    // as the first versions stored it: the index key under the root key
    let index = before.wrap(&[5; 32], &KeyContext::IndexKey { owner: safe.owner, version: 1 }).await.expect("wrapped");
    safe.change(&format!(
        "update owner_keys set index_wrapped_by = 'root', wrapped_index_key = '\\x{}'",
        hex::encode(index.bytes)
    ));
    let tag = safe.ring().open_owner_key(&safe.active().await).await.expect("opened").tag("document", b"x");
    let new_root = LocalKms::rotate(&safe.root_key).expect("rotated");
    let kept = safe.keeper(LONG, LONG).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { rewrapped: 1, ..Kept::default() });
    assert_eq!(safe.active().await.kms_key_id, new_root);
    let mut tx = safe.worker.begin_system().await.expect("a transaction");
    let roots = [new_root.clone(), old_root.clone()];
    let unused = owner_keys::destroy_unused_roots(&mut tx, &roots).await.expect("destroyed");
    assert_eq!(unused, std::slice::from_ref(&old_root));
    tx.commit().await.expect("committed");
    // A process that made a key with the old root key meanwhile stores nothing that will not open.
    let late =
        WrappedOwnerKey { version: 9, kms_key_id: old_root.clone(), state: KeyState::Pending, ..safe.active().await };
    let mut tx = safe.worker.begin_as(safe.owner).await.expect("a transaction");
    let refused = owner_keys::store_pending(&mut tx, &late).await;
    assert!(matches!(&refused, Err(Error::Conflict(name)) if name == "owner_keys_root_key"), "{refused:?}");
    drop(tx);
    assert_eq!(LocalKms::destroy(&safe.root_key, std::slice::from_ref(&old_root)).expect("destroyed"), [old_root]);
    let key = safe.ring().open_owner_key(&safe.active().await).await.expect("opened");
    assert_eq!(key.tag("document", b"x"), tag);
    safe.expect_all_open(&documents).await;
}

#[tokio::test]
async fn a_key_that_does_not_open_stays_and_keeps_what_wraps_it() {
    let safe = Safe::build().await;
    let documents = safe.upload_many(3).await;
    let damaged = documents[1].0;
    safe.change(&format!(
        "update documents set wrapped_key = set_byte(wrapped_key, 30, get_byte(wrapped_key, 30) # 1) where id = '{damaged}'"
    ));
    let kept = safe.keeper(Duration::ZERO, Duration::ZERO).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { rotated: 1, documents: 2, refused: 1, ..Kept::default() });
    assert_eq!(safe.state(), "1 retired, 2 active / 1");
    safe.expect_all_open(&documents[..1]).await;
    safe.expect_all_open(&documents[2..]).await;

    // The owner key itself: nothing of it is replaced or destroyed.
    safe.change("update owner_keys set wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1)");
    LocalKms::rotate(&safe.root_key).expect("rotated");
    let kept = safe.keeper(LONG, Duration::ZERO).keep_all(|_| {}).await.expect("kept");
    assert_eq!((kept.rewrapped, kept.destroyed), (0, 0));
    assert!(kept.refused >= 2, "{kept:?}");
    let refused = safe.postgres.superuser_psql("select count(*) from key_events where operation = 'refused'");
    assert_eq!(refused, "2", "once a day for each version");
    assert_eq!(safe.version(1).await.state, KeyState::Retired);
}

#[tokio::test]
async fn the_label_key_follows_its_owners_key_and_holds_it_until_then() {
    let safe = Safe::build().await;
    let folder = FolderId::generate();
    let sealed = safe.label(folder).await;
    let kept = safe.keeper(Duration::ZERO, LONG).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { rotated: 1, labels: 1, ..Kept::default() });
    assert_eq!(safe.expect_label_opens(folder, &sealed).await, 2);
    let events = safe.postgres.superuser_psql("select version from key_events where operation = 'labels_rewrapped'");
    assert_eq!(events, "2");

    // A key that does not open stays, and so does the version that it hangs on, however long ago that was replaced.
    safe.change("update label_keys set wrapped_key = set_byte(wrapped_key, 30, get_byte(wrapped_key, 30) # 1)");
    let kept = safe.keeper(Duration::ZERO, Duration::ZERO).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { rotated: 1, refused: 1, destroyed: 1, ..Kept::default() });
    assert_eq!(safe.state(), "1 destroyed, 2 retired, 3 active / 0");
    safe.change("update label_keys set wrapped_key = set_byte(wrapped_key, 30, get_byte(wrapped_key, 30) # 1)");
    assert_eq!(safe.expect_label_opens(folder, &sealed).await, 2);

    let kept = safe.keeper(LONG, Duration::ZERO).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { labels: 1, destroyed: 1, ..Kept::default() });
    assert_eq!(safe.expect_label_opens(folder, &sealed).await, 3);
    // And a new root key.
    let old_root = LocalKms::open(&safe.root_key).expect("a root key").key_id();
    LocalKms::rotate(&safe.root_key).expect("rotated");
    safe.keeper(LONG, LONG).keep_all(|_| {}).await.expect("kept");
    LocalKms::destroy(&safe.root_key, &[old_root]).expect("destroyed");
    assert_eq!(safe.expect_label_opens(folder, &sealed).await, 3);
    // Nothing is stored under a version that is gone.
    safe.change("delete from label_keys");
    let gone = WrappedLabelKey { owner_key_version: 2, wrapped: vec![0] };
    let mut tx = safe.backend.begin_as(safe.owner).await.expect("a transaction");
    let refused = labels::insert_or_load_key(&mut tx, safe.owner, &gone).await;
    assert!(matches!(&refused, Err(Error::Conflict(name)) if name == labels::OWNER_KEY_STATE), "{refused:?}");
}
