use std::time::Duration;

use untxt_core::{
    crypto::{IndexWrapping, KeyState, WrappedDocumentKey, WrappedOwnerKey},
    domain::{DocumentId, MediaType, OwnerId, ReadingSettings, Role, TaskId, TaskQueue, UserId},
};
use untxt_database::{
    Database,
    documents::{self, DocumentAndTask, Inserted, NewDocument},
    owner_keys,
    pages::{self, ClaimedPage, PageResult},
    search::PageIndex,
    tasks::{self, ClaimedTask},
    users,
};
use uuid::Uuid;

pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const NO_TIME: Duration = Duration::ZERO;
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// Adds a person with an owner key.
pub(crate) async fn a_user(backend: &Database, login: &str) -> UserId {
    let id = UserId::generate();
    let mut tx = backend.begin_as(id).await.expect("a transaction");
    users::create(&mut tx, id, login, "$argon2id$", Role::User).await.expect("a user");
    let key = a_key(id.as_owner());
    owner_keys::insert_or_load(&mut tx, &key).await.expect("a key");
    tx.commit().await.expect("committed");
    id
}

/// Makes a first key of an owner, as the database sees one.
pub(crate) fn a_key(owner: OwnerId) -> WrappedOwnerKey {
    WrappedOwnerKey {
        owner,
        version: 1,
        kms_key_id: "local".to_owned(),
        wrapped: vec![1],
        wrapped_index_key: vec![2],
        state: KeyState::Active,
        index_wrapping: IndexWrapping::Owner,
        index_generation: 1,
        wrapped_tag_key: vec![3],
        tag_generation: 1,
    }
}

/// Uploads a document, with or without an idempotency tag.
pub(crate) async fn upload(backend: &Database, owner: OwnerId, tag: Option<&[u8; 32]>) -> Inserted {
    upload_to(backend, owner, TaskQueue::Interactive, tag).await
}

/// Uploads a document to a queue.
pub(crate) async fn upload_to(
    backend: &Database,
    owner: OwnerId,
    queue: TaskQueue,
    tag: Option<&[u8; 32]>,
) -> Inserted {
    let key = WrappedDocumentKey { owner_key_version: 1, wrapped: vec![3] };
    let new = NewDocument {
        id: DocumentId::generate(),
        owner,
        media_type: MediaType::Pdf,
        size_bytes: 1000,
        metadata_sealed: b"sealed",
        key: &key,
        content_tag: &[7; 32],
        idempotency_tag: tag,
        tag_generation: 1,
        task: TaskId::generate(),
        settings: &ReadingSettings::of_languages("eng"),
        queue,
        trace: Uuid::now_v7(),
        folder: None,
        tags: &[],
    };
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let inserted = documents::insert_with_task(&mut tx, &new).await.expect("inserted");
    tx.commit().await.expect("committed");
    inserted
}

/// Uploads a document without more ado.
pub(crate) async fn a_document(backend: &Database, owner: OwnerId) -> DocumentAndTask {
    match upload(backend, owner, None).await {
        Inserted::New(new) => new,
        Inserted::Existing(existing) => panic!("{existing:?} was there"),
    }
}

/// Claims a task in a transaction of its own.
pub(crate) async fn claim_task(worker: &Database, task: TaskId, lease: Duration) -> Option<ClaimedTask> {
    let mut tx = worker.begin_system().await.expect("a transaction");
    let claimed = tasks::claim(&mut tx, task, lease, MAX_ATTEMPTS).await.expect("an answer");
    tx.commit().await.expect("committed");
    claimed
}

/// Claims a page in a transaction of its own.
pub(crate) async fn claim_page(worker: &Database, task: TaskId, lease: Duration) -> Option<ClaimedPage> {
    let mut tx = worker.begin_system().await.expect("a transaction");
    let claimed = pages::claim_next(&mut tx, task, lease, MAX_ATTEMPTS, None).await.expect("an answer");
    tx.commit().await.expect("committed");
    claimed
}

/// Uploads and inspects a document with so many pages.
pub(crate) async fn a_task_with_pages(backend: &Database, worker: &Database, owner: OwnerId, count: u32) -> TaskId {
    a_task_in(backend, worker, owner, TaskQueue::Interactive, count).await
}

/// Uploads a document with so many pages to a queue, and inspects it.
pub(crate) async fn a_task_in(
    backend: &Database,
    worker: &Database,
    owner: OwnerId,
    queue: TaskQueue,
    count: u32,
) -> TaskId {
    let (Inserted::New(new) | Inserted::Existing(new)) = upload_to(backend, owner, queue, None).await;
    let task = new.task.id;
    let claimed = claim_task(worker, task, LEASE).await.expect("claimed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::begin_pages(&mut tx, &claimed, count).await.expect("begun");
    tx.commit().await.expect("committed");
    task
}

/// Gives a result of a hundred words for a page.
pub(crate) fn a_result(mean_confidence: f32) -> PageResult<'static> {
    PageResult {
        width: 2480,
        height: 3508,
        dpi: 300,
        mean_confidence,
        expected_words: 100.0 * mean_confidence,
        image_media_type: MediaType::Png,
        content_sealed: b"sealed",
        index: PageIndex { generation: 1, segment: 0, tokens: &[1, 2, 3] },
    }
}

/// Writes the insertion of so many documents like this one, without tasks; it returns their rows.
pub(crate) fn copies_of(document: DocumentId, count: u32) -> String {
    format!(
        "insert into documents (
            id, owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key, content_tag
        )
        select
            gen_random_uuid(), owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key,
            content_tag
        from documents
        cross join generate_series(1, {count})
        where id = '{document}'
        returning *"
    )
}
