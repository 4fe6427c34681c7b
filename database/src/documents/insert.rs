use sqlx::PgConnection;
use untxt_core::{
    crypto::WrappedDocumentKey,
    domain::{DocumentId, FolderId, MediaType, OwnerId, ReadingSettings, TagId, TaskId, TaskQueue},
};
use uuid::Uuid;

use super::{DocumentAndTask, file::insert_tags, find, find_by_idempotency_tag};
use crate::{Error, Result, row::count_column};

/// The constraint that refuses a document under a key of its owner that seals nothing any more.
pub const OWNER_KEY_STATE: &str = "documents_owner_key_state";

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
    /// Which of the owner's tag keys made these.
    pub tag_generation: u32,
    /// Its first task.
    pub task: TaskId,
    /// How it is to be read.
    pub settings: &'a ReadingSettings,
    /// Where it waits for its turn.
    pub queue: TaskQueue,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
    /// The folder that it is put in.
    pub folder: Option<FolderId>,
    /// The tags that it is given, each named once.
    pub tags: &'a [TagId],
}

/// What an insertion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// Document, task and first event are new.
    New(DocumentAndTask),
    /// The owner used this idempotency key before, for this document; nothing was inserted.
    Existing(DocumentAndTask),
}

/// Inserts a document of the actor with its task and the event `task.queued`. Fifty at once with one idempotency key
/// insert one document and get the same answer.
///
/// # Errors
/// [`crate::Error::Conflict`] when the owner key version is not stored, or an id exists; with [`super::FOLDER`] or
/// [`super::TAG`] when the actor has no such folder or tag.
pub async fn insert_with_task(conn: &mut PgConnection, new: &NewDocument<'_>) -> Result<Inserted> {
    if insert_document(conn, new).await? {
        insert_task(conn, new).await?;
        insert_tags(conn, new.owner, new.id, new.tags).await?;
        let inserted = find(conn, new.id).await?.ok_or(Error::NotFound("document"))?;
        return Ok(Inserted::New(inserted));
    }
    let tag = new.idempotency_tag.ok_or(Error::NotFound("document"))?;
    // A second statement, because only a new snapshot sees the row that the other request has just committed.
    let existing = find_by_idempotency_tag(conn, new.owner, tag).await?.ok_or(Error::NotFound("document"))?;
    Ok(Inserted::Existing(existing))
}

/// Says whether the document is new; `false`: its idempotency key was used before.
async fn insert_document(conn: &mut PgConnection, new: &NewDocument<'_>) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into documents (
            id, owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key, content_tag,
            idempotency_tag, folder_id, tag_generation
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
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
        new.folder.map(FolderId::as_uuid),
        count_column(new.tag_generation),
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Inserts the task with its first event, which has number 1.
async fn insert_task(conn: &mut PgConnection, new: &NewDocument<'_>) -> Result<()> {
    sqlx::query!(
        "with task as (
            insert into tasks (id, document_id, owner_id, languages, preset, text_mode, queue, last_seq, trace)
            values ($1, $2, $3, $4, $5, $6, $7, 1, $8)
            returning *
        )
        insert into task_events (task_id, seq, owner_id, kind, state, total, done, failed, low)
        select id, last_seq, owner_id, 'task.queued', state, 0, 0, 0, 0 from task",
        new.task.as_uuid(),
        new.id.as_uuid(),
        new.owner.as_uuid(),
        new.settings.languages,
        new.settings.preset.name(),
        new.settings.text_mode.name(),
        new.queue.as_str(),
        new.trace,
    )
    .execute(conn)
    .await?;
    Ok(())
}
