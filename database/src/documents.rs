//! Uploads. What is stored of them here is sealed or says nothing about a person.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::{
    crypto::WrappedDocumentKey,
    domain::{DocumentId, MediaType, OwnerId, TaskId},
    storage::ObjectKey,
};
use uuid::Uuid;

use crate::{
    Error, Result,
    row::{Row, count_column},
    tasks::{Task, TaskRow},
};

/// An upload as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which.
    pub id: DocumentId,
    /// Whose.
    pub owner: OwnerId,
    /// What kind of file, by content.
    pub media_type: MediaType,
    /// Size of the file in clear.
    pub size_bytes: u64,
    /// Sealed `DocumentMetadata`.
    pub metadata_sealed: Vec<u8>,
    /// The document's key.
    pub key: WrappedDocumentKey,
    /// The owner's keyed tag of the content.
    pub content_tag: Vec<u8>,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
}

/// An upload and its newest task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentAndTask {
    /// The upload.
    pub document: Document,
    /// Its newest task.
    pub task: Task,
}

/// What a worker may know of an upload: no name, no tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which.
    pub document: DocumentId,
    /// Whose.
    pub owner: OwnerId,
    /// What kind of file, by content.
    pub media_type: MediaType,
    /// Size of the file in clear.
    pub size_bytes: u64,
    /// The document's key.
    pub key: WrappedDocumentKey,
}

/// An upload whose object is stored already.
#[derive(Clone, Debug)]
pub struct NewDocument<'a> {
    /// Made by the caller, because the object and the key need it first.
    pub id: DocumentId,
    /// The actor.
    pub owner: OwnerId,
    /// What kind of file, by content.
    pub media_type: MediaType,
    /// Size of the file in clear.
    pub size_bytes: u64,
    /// Sealed `DocumentMetadata`.
    pub metadata_sealed: &'a [u8],
    /// The document's key; that version of the owner key must be stored.
    pub key: &'a WrappedDocumentKey,
    /// The owner's keyed tag of the content.
    pub content_tag: &'a [u8; 32],
    /// The owner's keyed tag of the idempotency key.
    pub idempotency_tag: Option<&'a [u8; 32]>,
    /// Its first task.
    pub task: TaskId,
    /// Languages to read, such as `eng+deu`.
    pub languages: &'a str,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
}

/// What an insertion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// Document, task and first event are new.
    New(DocumentAndTask),
    /// The owner used this idempotency key before, for this document; nothing was inserted.
    Existing(DocumentAndTask),
}

/// A document that was deleted: its key is gone, so what is left of it is unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Every object that may exist of it, to be removed after the commit. Some may never have been written.
    pub objects: Vec<ObjectKey>,
}

/// Inserts a document of the actor with its task and the event `task.queued`. Fifty at once with one idempotency key
/// insert one document and get the same answer.
///
/// # Errors
/// [`crate::Error::Conflict`] when the owner key version is not stored, or an id exists.
pub async fn insert_with_task(conn: &mut PgConnection, new: &NewDocument<'_>) -> Result<Inserted> {
    if insert_document(conn, new).await? {
        insert_task(conn, new).await?;
        let inserted = find(conn, new.id).await?.ok_or(Error::NotFound("document"))?;
        return Ok(Inserted::New(inserted));
    }
    let tag = new.idempotency_tag.ok_or(Error::NotFound("document"))?;
    // A second statement, because only a new snapshot sees the row that the other request has just committed.
    let existing = find_by_idempotency_tag(conn, new.owner, tag).await?.ok_or(Error::NotFound("document"))?;
    Ok(Inserted::Existing(existing))
}

/// Finds the document for which the actor used this idempotency key.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_by_idempotency_tag(
    conn: &mut PgConnection,
    owner: OwnerId,
    tag: &[u8; 32],
) -> Result<Option<DocumentAndTask>> {
    sqlx::query_as!(
        DocumentAndTaskRow,
        "select
            d.id,
            d.owner_id,
            d.media_type,
            d.size_bytes,
            d.metadata_sealed,
            d.owner_key_version,
            d.wrapped_key,
            d.content_tag,
            d.created_at,
            t.id as task_id,
            t.state,
            t.page_count,
            t.pages_done,
            t.pages_failed,
            t.pages_low,
            t.last_seq,
            t.failure_code,
            t.pdf_attempt,
            t.languages,
            t.trace,
            t.created_at as task_created_at,
            t.started_at,
            t.ended_at
        from documents d
        cross join lateral (select * from tasks where document_id = d.id order by created_at desc, id desc limit 1) t
        where d.owner_id = $1 and d.idempotency_tag = $2",
        owner.as_uuid(),
        tag,
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Finds a document of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, id: DocumentId) -> Result<Option<DocumentAndTask>> {
    sqlx::query_as!(
        DocumentAndTaskRow,
        "select
            d.id,
            d.owner_id,
            d.media_type,
            d.size_bytes,
            d.metadata_sealed,
            d.owner_key_version,
            d.wrapped_key,
            d.content_tag,
            d.created_at,
            t.id as task_id,
            t.state,
            t.page_count,
            t.pages_done,
            t.pages_failed,
            t.pages_low,
            t.last_seq,
            t.failure_code,
            t.pdf_attempt,
            t.languages,
            t.trace,
            t.created_at as task_created_at,
            t.started_at,
            t.ended_at
        from documents d
        cross join lateral (select * from tasks where document_id = d.id order by created_at desc, id desc limit 1) t
        where d.id = $1",
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Finds what a worker needs of a document of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_source(conn: &mut PgConnection, id: DocumentId) -> Result<Option<Source>> {
    let row = sqlx::query!(
        "select id, owner_id, media_type, size_bytes, owner_key_version, wrapped_key from documents where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let at = Row { table: "documents", id: &row.id };
    Ok(Some(Source {
        document: row.id.into(),
        owner: row.owner_id.into(),
        media_type: at.word("media_type", &row.media_type)?,
        size_bytes: at.number("size_bytes", row.size_bytes)?,
        key: WrappedDocumentKey {
            owner_key_version: at.number("owner_key_version", row.owner_key_version)?,
            wrapped: row.wrapped_key,
        },
    }))
}

/// Lists the actor's documents, newest first, at most `limit`, those after `before` when given.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    owner: OwnerId,
    before: Option<DocumentId>,
    limit: u32,
) -> Result<Vec<DocumentAndTask>> {
    sqlx::query_as!(
        DocumentAndTaskRow,
        "select
            d.id,
            d.owner_id,
            d.media_type,
            d.size_bytes,
            d.metadata_sealed,
            d.owner_key_version,
            d.wrapped_key,
            d.content_tag,
            d.created_at,
            t.id as task_id,
            t.state,
            t.page_count,
            t.pages_done,
            t.pages_failed,
            t.pages_low,
            t.last_seq,
            t.failure_code,
            t.pdf_attempt,
            t.languages,
            t.trace,
            t.created_at as task_created_at,
            t.started_at,
            t.ended_at
        from documents d
        cross join lateral (select * from tasks where document_id = d.id order by created_at desc, id desc limit 1) t
        where d.owner_id = $1 and ($2::uuid is null or d.id < $2)
        order by d.id desc
        limit $3",
        owner.as_uuid(),
        before.map(DocumentId::as_uuid),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Deletes a document of the actor with its key, tasks, pages and events. A worker that reads it just now loses its
/// lease and must remove what it stored meanwhile.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, id: DocumentId) -> Result<Option<Deleted>> {
    let objects = list_objects(conn, id).await?;
    let deleted =
        sqlx::query!("delete from documents where id = $1", id.as_uuid()).execute(conn).await?.rows_affected();
    Ok((deleted == 1).then_some(Deleted { objects }))
}

/// Says whether the document is new; `false`: its idempotency key was used before.
async fn insert_document(conn: &mut PgConnection, new: &NewDocument<'_>) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into documents (
            id, owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key, content_tag,
            idempotency_tag
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        -- waits for another request with the same key to commit or roll back
        on conflict (owner_id, idempotency_tag) do nothing",
        new.id.as_uuid(),
        new.owner.as_uuid(),
        new.media_type.as_str(),
        i64::try_from(new.size_bytes).unwrap_or(i64::MAX),
        new.metadata_sealed,
        count_column(new.key.owner_key_version),
        new.key.wrapped,
        new.content_tag,
        new.idempotency_tag.map(<[u8; 32]>::as_slice),
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Inserts the task with its first event, which has number 1.
async fn insert_task(conn: &mut PgConnection, new: &NewDocument<'_>) -> Result<()> {
    sqlx::query!(
        "with task as (
            insert into tasks (id, document_id, owner_id, languages, last_seq, trace)
            values ($1, $2, $3, $4, 1, $5)
            returning *
        )
        insert into task_events (task_id, seq, owner_id, kind, state, total, done, failed, low)
        select id, last_seq, owner_id, 'task.queued', state, 0, 0, 0, 0 from task",
        new.task.as_uuid(),
        new.id.as_uuid(),
        new.owner.as_uuid(),
        new.languages,
        new.trace,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lists every object that any attempt may have put.
async fn list_objects(conn: &mut PgConnection, id: DocumentId) -> Result<Vec<ObjectKey>> {
    let rows = sqlx::query!(
        r#"select
            t.id as "task!",
            t.attempt as "task_attempt!",
            p.page_number as "page_number?",
            p.attempt as "page_attempt?"
        from tasks t
        left join pages p on p.task_id = t.id
        where t.document_id = $1
        order by t.id, p.page_number"#,
        id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut objects = vec![ObjectKey::Original(id)];
    let mut previous = None;
    for row in rows {
        let (task, at) = (TaskId::from(row.task), Row { table: "tasks", id: &row.task });
        if previous.replace(task) != Some(task) {
            let attempts = at.number("attempt", row.task_attempt)?;
            objects.extend((1..=attempts).map(|attempt| ObjectKey::SearchablePdf(id, task, attempt)));
        }
        if let (Some(page), Some(attempts)) = (row.page_number, row.page_attempt) {
            let (page, attempts) = (at.page("page_number", page)?, at.number("attempt", attempts)?);
            objects.extend((1..=attempts).map(|attempt| ObjectKey::PageImage(id, task, page, attempt)));
        }
    }
    Ok(objects)
}

struct DocumentAndTaskRow {
    id: Uuid,
    owner_id: Uuid,
    media_type: String,
    size_bytes: i64,
    metadata_sealed: Vec<u8>,
    owner_key_version: i32,
    wrapped_key: Vec<u8>,
    content_tag: Vec<u8>,
    created_at: OffsetDateTime,
    task_id: Uuid,
    state: String,
    page_count: i32,
    pages_done: i32,
    pages_failed: i32,
    pages_low: i32,
    last_seq: i64,
    failure_code: Option<String>,
    pdf_attempt: Option<i32>,
    languages: String,
    trace: Uuid,
    task_created_at: OffsetDateTime,
    started_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
}

impl TryFrom<DocumentAndTaskRow> for DocumentAndTask {
    type Error = Error;

    fn try_from(row: DocumentAndTaskRow) -> Result<Self> {
        let at = Row { table: "documents", id: &row.id };
        let document = Document {
            id: row.id.into(),
            owner: row.owner_id.into(),
            media_type: at.word("media_type", &row.media_type)?,
            size_bytes: at.number("size_bytes", row.size_bytes)?,
            metadata_sealed: row.metadata_sealed,
            key: WrappedDocumentKey {
                owner_key_version: at.number("owner_key_version", row.owner_key_version)?,
                wrapped: row.wrapped_key,
            },
            content_tag: row.content_tag,
            created_at: row.created_at,
        };
        let task = TaskRow {
            id: row.task_id,
            document_id: row.id,
            state: row.state,
            page_count: row.page_count,
            pages_done: row.pages_done,
            pages_failed: row.pages_failed,
            pages_low: row.pages_low,
            last_seq: row.last_seq,
            failure_code: row.failure_code,
            pdf_attempt: row.pdf_attempt,
            languages: row.languages,
            trace: row.trace,
            created_at: row.task_created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        };
        Ok(Self { document, task: task.try_into()? })
    }
}
