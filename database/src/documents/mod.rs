//! Uploads. What is stored of them here is sealed or says nothing about a person.

mod due;
mod empty;
mod file;
mod insert;
mod list;
mod retain;
mod row;
mod shred;
mod trash;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::{
    crypto::WrappedDocumentKey,
    domain::{DocumentId, FolderId, MediaType, OwnerId, Right, TagId, TaskId},
};
use uuid::Uuid;

pub use due::{Due, list_due};
pub use empty::{Emptied, empty_trash, is_due};
pub use file::{FOLDER, FOLDER_RIGHT, Filed, Filing, TAG, file};
pub use insert::{Inserted, NewDocument, OWNER_KEY_STATE, insert_with_task};
pub use list::{Filter, InFolder, list, list_shared};
pub use retain::{Expired, list_expired, list_retaining_owners, try_begin_retaining};
use row::DocumentAndTaskRow;
pub use shred::{ShredWish, Shredding, shred};
pub use trash::{Restored, Trashed, is_in_trash, list_trash, restore, trash};

use crate::{Result, row::Row, tasks::Task};

/// The constraint that keeps what the rule of a folder keeps.
pub const RETAINED: &str = "documents_retained";

/// An upload as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which.
    pub id: DocumentId,
    /// Whose.
    pub owner: OwnerId,
    /// The login of its owner, or the name of the team; `None`: it is the actor's own.
    pub owner_name: Option<String>,
    /// What the actor may do with it.
    pub right: Right,
    /// What kind of file, by content.
    pub media_type: MediaType,
    /// Size of the file in clear.
    pub size_bytes: u64,
    /// Sealed `DocumentMetadata`.
    pub metadata_sealed: Vec<u8>,
    /// The document's key.
    pub key: WrappedDocumentKey,
    /// The owner's keyed tag of the content; none when somebody else may know the key that made it.
    pub content_tag: Option<Vec<u8>>,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
    /// The folder that it is in, if the actor may know it.
    pub folder: Option<FolderId>,
    /// Its tags, oldest first.
    pub tags: Vec<TagId>,
    /// Until when the rule of its folder has it kept.
    pub keep_until: Option<OffsetDateTime>,
    /// It is in the trash.
    pub trash: Option<InTrash>,
}

/// Since when a document is in the trash, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InTrash {
    /// When it was put there.
    pub trashed_at: OffsetDateTime,
    /// When it is shredded.
    pub shred_at: OffsetDateTime,
}

/// An upload and the task that says what it shows: the newest one that is not void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentAndTask {
    /// The upload.
    pub document: Document,
    /// That task.
    pub task: Task,
    /// The newest searchable PDF. It may be of an older reading, as long as the task has made none.
    pub pdf: Option<PublishedPdf>,
}

/// Where a searchable PDF is: `ObjectKey::SearchablePdf(document, task, attempt)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedPdf {
    /// The task that made it: it has the text which that one showed.
    pub task: TaskId,
    /// Attempt that made it.
    pub attempt: u32,
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

impl Document {
    /// Gives the owner and the version of the owner key that its key is wrapped by.
    #[must_use]
    pub const fn sealed_by(&self) -> (OwnerId, u32) {
        (self.owner, self.key.owner_key_version)
    }
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
    let id = sqlx::query_scalar!(
        "select id from documents where owner_id = $1 and idempotency_tag = $2",
        owner.as_uuid(),
        tag,
    )
    .fetch_optional(&mut *conn)
    .await?;
    Ok(load(conn, id.as_slice()).await?.pop())
}

/// Finds a document of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, id: DocumentId) -> Result<Option<DocumentAndTask>> {
    Ok(load(conn, &[id.as_uuid()]).await?.pop())
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

/// Loads these documents of the actor, newest first.
async fn load(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<DocumentAndTask>> {
    sqlx::query_as!(
        DocumentAndTaskRow,
        r#"select
            d.id,
            d.owner_id,
            case
                when d.owner_id <> (select current_actor()) then (select name from list_names(array[d.owner_id]))
            end as owner_name,
            -- What is seen may at least be read, also when that ends just now.
            case when d.owner_id = (select current_actor()) then 3 else greatest(right_on(d.id), 1) end as "rank!",
            d.media_type,
            d.size_bytes,
            d.metadata_sealed,
            d.owner_key_version,
            d.wrapped_key,
            d.content_tag,
            d.created_at,
            case
                when d.owner_id = (select current_actor()) or right_on_folder(d.folder_id) > 0 then d.folder_id
            end as folder_id,
            array(select tag_id from document_tags where document_id = d.id order by tag_id) as "tags!",
            (select keep_until from document_retention where document_id = d.id) as keep_until,
            d.trashed_at,
            d.shred_at,
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
            t.preset,
            t.text_mode,
            t.queue,
            t.is_rerun,
            t.trace,
            t.created_at as task_created_at,
            t.started_at,
            t.ended_at,
            pdf.task_id as "pdf_task_id?",
            pdf.attempt as "published_attempt?"
        from documents d
        cross join lateral (
            select * from tasks
            where document_id = d.id and not is_void
            order by created_at desc, id desc
            limit 1
        ) t
        left join published_pdfs pdf on pdf.document_id = d.id
        where d.id = any($1)
        order by d.id desc"#,
        ids,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}
