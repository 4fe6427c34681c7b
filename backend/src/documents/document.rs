use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{
    crypto::DocumentKey,
    domain::{DocumentId, DocumentMetadata, FolderId, MediaType, OwnerId, Right, TagId, TaskId},
};
use untxt_database::{documents::DocumentAndTask, tasks};
use utoipa::ToSchema;

use crate::{App, problem::ApiError, tasks::Task};

use super::{Asker, keys::WrappedKeys};

/// A document as a person sees it who may.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Document {
    pub(super) id: DocumentId,
    pub(super) name: String,
    owner: Owner,
    /// What the person may do with it.
    right: Right,
    media_type: MediaType,
    size_bytes: u64,
    sha256: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was put into the trash; null: it is not there.
    #[serde(with = "time::serde::rfc3339::option")]
    trashed_at: Option<OffsetDateTime>,
    /// When it is shredded.
    #[serde(with = "time::serde::rfc3339::option")]
    shred_at: Option<OffsetDateTime>,
    pub(super) task: Task,
    folder: Option<FolderId>,
    tags: Vec<TagId>,
    /// Until when the rule of its folder has it kept.
    #[serde(with = "time::serde::rfc3339::option")]
    keep_until: Option<OffsetDateTime>,
    /// The run whose searchable PDF can be downloaded; another one than `task`: it is of an older reading.
    pdf_task: Option<TaskId>,
}

/// Whose a document is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Owner {
    pub(crate) id: OwnerId,
    /// The login of a person, or the name of a team; null: it is the person's own.
    pub(crate) name: Option<String>,
}

/// A document that was found for somebody, with its key.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) found: DocumentAndTask,
    pub(super) key: DocumentKey,
}

impl Opened {
    /// Finds a document that they may read and opens its key. Others are not found.
    pub(super) async fn load(app: &App, asker: impl Into<Asker>, id: DocumentId) -> Result<Self, ApiError> {
        let mut tx = asker.into().begin(app).await?;
        let found = untxt_database::documents::find(&mut tx, id).await?.ok_or(ApiError::DocumentNotFound)?;
        if found.document.trash.is_some() && untxt_database::documents::is_due(&mut tx, id).await? {
            return Err(ApiError::DocumentNotFound);
        }
        let keys = WrappedKeys::load(&mut tx, [found.document.sealed_by()]).await?;
        tx.commit().await?;
        let key = keys.open(app).await?.document_key(found.document.owner, id, &found.document.key)?;
        Ok(Self { found, key })
    }

    /// Finds a document like [`Self::load`], to give something of what is in it: nothing while the virus scanner has found
    /// something in it, not even what was read of it before.
    pub(super) async fn load_readable(app: &App, asker: impl Into<Asker>, id: DocumentId) -> Result<Self, ApiError> {
        let asker = asker.into();
        let opened = Self::load(app, &asker, id).await?;
        let mut tx = asker.begin(app).await?;
        let is_quarantined = tasks::is_quarantined(&mut tx, id).await?;
        tx.commit().await?;
        if is_quarantined { Err(ApiError::Quarantined) } else { Ok(opened) }
    }

    pub(super) fn metadata(&self) -> Result<DocumentMetadata, ApiError> {
        open_metadata(&self.found, &self.key)
    }
}

impl Document {
    pub(super) fn open(found: &DocumentAndTask, key: &DocumentKey) -> Result<Self, ApiError> {
        let metadata = open_metadata(found, key)?;
        let document = &found.document;
        Ok(Self {
            id: document.id,
            name: metadata.name,
            owner: Owner { id: document.owner, name: document.owner_name.clone() },
            right: document.right,
            media_type: document.media_type,
            size_bytes: document.size_bytes,
            sha256: metadata.sha256,
            created_at: document.created_at,
            folder: document.folder,
            tags: document.tags.clone(),
            keep_until: document.keep_until,
            trashed_at: document.trash.map(|trash| trash.trashed_at),
            shred_at: document.trash.map(|trash| trash.shred_at),
            task: Task::from(&found.task),
            pdf_task: found.pdf.map(|pdf| pdf.task),
        })
    }
}

fn open_metadata(found: &DocumentAndTask, key: &DocumentKey) -> Result<DocumentMetadata, ApiError> {
    let document = &found.document;
    let opened = key.open_metadata(document.owner, document.id, &document.metadata_sealed);
    opened.map_err(|error| ApiError::of_stored("name", document.id, error))
}
