use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{DocumentId, FolderId, PageNumber, SessionId, TagId, TaskId, UnknownName, UserId, closed_list};

closed_list!(
    /// What kind of thing something was done to.
    AuditObjectKind {
        /// A document, or a page of it.
        Document = "document",
        /// A run over a document.
        Task = "task",
        /// A folder.
        Folder = "folder",
        /// A tag.
        Tag = "tag",
        /// A person.
        User = "user",
        /// A team.
        Team = "team",
        /// A share with a person or a team.
        Share = "share",
        /// A public link.
        Link = "link",
        /// A login.
        Session = "session",
        /// A token for the API.
        Token = "token",
        /// A passkey.
        Passkey = "passkey",
        /// An invitation.
        Invitation = "invitation",
        /// A login of a provider.
        Sso = "sso",
        /// The keys of an owner.
        Owner = "owner",
        /// The record itself.
        Audit = "audit",
        /// A temporary or emergency grant, or a hold.
        Grant = "grant",
        /// Everything.
        Installation = "installation",
    }
);

/// What something was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditObject {
    /// Its kind.
    pub kind: AuditObjectKind,
    /// Which; `None`: all that somebody has of that kind.
    pub id: Option<Uuid>,
    /// Which page of the document.
    pub page: Option<PageNumber>,
}

impl AuditObject {
    /// Names one thing.
    #[must_use]
    pub const fn new(kind: AuditObjectKind, id: Uuid) -> Self {
        Self { kind, id: Some(id), page: None }
    }

    /// Names all that somebody has of that kind.
    #[must_use]
    pub const fn all(kind: AuditObjectKind) -> Self {
        Self { kind, id: None, page: None }
    }

    /// Names a page of a document.
    #[must_use]
    pub const fn page(document: DocumentId, page: PageNumber) -> Self {
        Self { kind: AuditObjectKind::Document, id: Some(document.as_uuid()), page: Some(page) }
    }
}

impl From<DocumentId> for AuditObject {
    fn from(id: DocumentId) -> Self {
        Self::new(AuditObjectKind::Document, id.as_uuid())
    }
}

impl From<TaskId> for AuditObject {
    fn from(id: TaskId) -> Self {
        Self::new(AuditObjectKind::Task, id.as_uuid())
    }
}

impl From<FolderId> for AuditObject {
    fn from(id: FolderId) -> Self {
        Self::new(AuditObjectKind::Folder, id.as_uuid())
    }
}

impl From<TagId> for AuditObject {
    fn from(id: TagId) -> Self {
        Self::new(AuditObjectKind::Tag, id.as_uuid())
    }
}

impl From<UserId> for AuditObject {
    fn from(id: UserId) -> Self {
        Self::new(AuditObjectKind::User, id.as_uuid())
    }
}

impl From<SessionId> for AuditObject {
    fn from(id: SessionId) -> Self {
        Self::new(AuditObjectKind::Session, id.as_uuid())
    }
}
