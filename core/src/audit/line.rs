use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use uuid::Uuid;

use super::{AuditRow, Leaves, SignedHead};

/// A line of an export, as JSON: first what it is, then each batch with its rows, then rows that no batch has, then the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditLine {
    /// What the export is of.
    Export(AuditExport),
    /// The rows that follow were sealed together.
    Batch(AuditBatch),
    /// A row.
    Row(AuditRow),
    /// Nothing is missing at the end.
    End(AuditEnd),
}

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditExport {
    /// Whose record it is.
    pub installation: Uuid,
    /// When it was begun.
    #[serde(with = "rfc3339")]
    pub exported_at: OffsetDateTime,
    /// It begins with the batch that was sealed at this time or after it; `None`: with the first.
    #[serde(with = "rfc3339::option")]
    pub from: Option<OffsetDateTime>,
    /// It ends with the batch that was sealed at this time or after it; `None`: with the last.
    #[serde(with = "rfc3339::option")]
    pub to: Option<OffsetDateTime>,
}

/// A batch as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditBatch {
    /// What is signed.
    pub signed: SignedHead,
    /// Its lines; `None`: they were removed, because they are older than what is kept.
    pub leaves: Option<Leaves>,
}

/// How much there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEnd {
    /// Batches.
    pub batches: u64,
    /// Rows.
    pub rows: u64,
}
