//! Uploads. What is stored of them here is sealed or says nothing about a person.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::{
    crypto::WrappedDocumentKey,
    domain::{DocumentId, MediaType, OwnerId, TaskId},
    storage::ObjectKey,
};
use uuid::Uuid;

use crate::{Result, tasks::Task};

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
pub async fn insert_with_task(_conn: &mut PgConnection, _new: &NewDocument<'_>) -> Result<Inserted> {
    unimplemented!()
}

/// Finds the document for which the actor used this idempotency key.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_by_idempotency_tag(
    _conn: &mut PgConnection,
    _owner: OwnerId,
    _tag: &[u8; 32],
) -> Result<Option<DocumentAndTask>> {
    unimplemented!()
}

/// Finds a document of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(_conn: &mut PgConnection, _id: DocumentId) -> Result<Option<DocumentAndTask>> {
    unimplemented!()
}

/// Finds what a worker needs of a document of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_source(_conn: &mut PgConnection, _id: DocumentId) -> Result<Option<Source>> {
    unimplemented!()
}

/// Lists the actor's documents, newest first, at most `limit`, those after `before` when given.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(
    _conn: &mut PgConnection,
    _owner: OwnerId,
    _before: Option<DocumentId>,
    _limit: u32,
) -> Result<Vec<DocumentAndTask>> {
    unimplemented!()
}

/// Deletes a document of the actor with its key, tasks, pages and events. A worker that reads it just now loses its
/// lease and must remove what it stored meanwhile.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn delete(_conn: &mut PgConnection, _id: DocumentId) -> Result<Option<Deleted>> {
    unimplemented!()
}
