use time::OffsetDateTime;
use untxt_core::{
    crypto::WrappedDocumentKey,
    domain::{FolderId, TagId},
};
use uuid::Uuid;

use super::{Document, DocumentAndTask, InTrash, PublishedPdf};
use crate::{Error, Result, row::Row, shares, tasks::TaskRow};

/// A document and its task, as their columns say.
pub(super) struct DocumentAndTaskRow {
    pub(super) id: Uuid,
    pub(super) owner_id: Uuid,
    pub(super) owner_name: Option<String>,
    pub(super) rank: i32,
    pub(super) media_type: String,
    pub(super) size_bytes: i64,
    pub(super) metadata_sealed: Vec<u8>,
    pub(super) owner_key_version: i32,
    pub(super) wrapped_key: Vec<u8>,
    pub(super) content_tag: Option<Vec<u8>>,
    pub(super) created_at: OffsetDateTime,
    pub(super) folder_id: Option<Uuid>,
    pub(super) tags: Vec<Uuid>,
    pub(super) keep_until: Option<OffsetDateTime>,
    pub(super) trashed_at: Option<OffsetDateTime>,
    pub(super) shred_at: Option<OffsetDateTime>,
    pub(super) task_id: Uuid,
    pub(super) state: String,
    pub(super) page_count: i32,
    pub(super) pages_done: i32,
    pub(super) pages_failed: i32,
    pub(super) pages_low: i32,
    pub(super) last_seq: i64,
    pub(super) failure_code: Option<String>,
    pub(super) pdf_attempt: Option<i32>,
    pub(super) languages: String,
    pub(super) preset: String,
    pub(super) text_mode: String,
    pub(super) queue: String,
    pub(super) is_rerun: bool,
    pub(super) trace: Uuid,
    pub(super) task_created_at: OffsetDateTime,
    pub(super) started_at: Option<OffsetDateTime>,
    pub(super) ended_at: Option<OffsetDateTime>,
    pub(super) pdf_task_id: Option<Uuid>,
    pub(super) published_attempt: Option<i32>,
}

impl TryFrom<DocumentAndTaskRow> for DocumentAndTask {
    type Error = Error;

    fn try_from(row: DocumentAndTaskRow) -> Result<Self> {
        let at = Row { table: "documents", id: &row.id };
        let document = Document {
            id: row.id.into(),
            owner: row.owner_id.into(),
            owner_name: row.owner_name,
            right: shares::right(at, row.rank)?.ok_or_else(|| at.corrupt("rank"))?,
            media_type: at.word("media_type", &row.media_type)?,
            size_bytes: at.number("size_bytes", row.size_bytes)?,
            metadata_sealed: row.metadata_sealed,
            key: WrappedDocumentKey {
                owner_key_version: at.number("owner_key_version", row.owner_key_version)?,
                wrapped: row.wrapped_key,
            },
            content_tag: row.content_tag,
            created_at: row.created_at,
            folder: row.folder_id.map(FolderId::from),
            tags: row.tags.into_iter().map(TagId::from).collect(),
            keep_until: row.keep_until,
            trash: row.trashed_at.zip(row.shred_at).map(|(trashed_at, shred_at)| InTrash { trashed_at, shred_at }),
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
            preset: row.preset,
            text_mode: row.text_mode,
            queue: row.queue,
            is_rerun: row.is_rerun,
            trace: row.trace,
            created_at: row.task_created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        };
        let pdf = match (row.pdf_task_id, row.published_attempt) {
            (Some(task), Some(attempt)) => {
                let attempt = Row { table: "tasks", id: &task }.number("pdf_attempt", attempt)?;
                Some(PublishedPdf { task: task.into(), attempt })
            }
            _ => None,
        };
        Ok(Self { document, task: task.try_into()?, pdf })
    }
}
