use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, OwnerId};

use crate::Result;

/// A document in the trash whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub document: DocumentId,
    /// Whose.
    pub owner: OwnerId,
    /// Since when.
    pub shred_at: OffsetDateTime,
}

/// Lists documents in the trash whose time is over, the longest due first, at most `max_rows`, those behind one of them.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_due(conn: &mut PgConnection, after: Option<Due>, max_rows: u32) -> Result<Vec<Due>> {
    let rows = sqlx::query!(
        r#"select document_id as "document_id!", owner_id as "owner_id!", shred_at as "shred_at!"
        from list_due_documents($1, $2, $3)"#,
        after.map(|after| after.shred_at),
        after.map(|after| after.document.as_uuid()),
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    let due = rows.into_iter().map(|row| Due {
        document: row.document_id.into(),
        owner: row.owner_id.into(),
        shred_at: row.shred_at,
    });
    Ok(due.collect())
}
