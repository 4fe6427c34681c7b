use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, OwnerId, TrashReason};

use crate::{Result, tasks};

/// What became of the wish to have a document back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restored {
    /// It is back.
    Back,
    /// It was not in the trash.
    WasNotInTrash,
}

/// Puts a document of the actor into the trash, from where it is shredded after a time, and not before the rule of its
/// folder lets it; `false` when there is none. Its run that has not ended is stopped. One that is there already stays as it
/// is.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn trash(conn: &mut PgConnection, id: DocumentId, delay: Duration, reason: TrashReason) -> Result<bool> {
    if !tasks::lock_document(conn, id).await? {
        return Ok(false);
    }
    tasks::stop_open(conn, id).await?;
    sqlx::query!(
        "update documents
        set
            trashed_at = now.at,
            shred_at = greatest(now.at + make_interval(secs => $2), r.keep_until),
            trash_reason = $3
        from document_retention r
        cross join (select clock_timestamp() as at) as now
        where documents.id = $1
            and r.document_id = documents.id
            and documents.trashed_at is null
            -- It may be in another folder by now.
            and ($3 = 'person' or r.delete_at <= now.at)",
        id.as_uuid(),
        delay.as_secs_f64(),
        reason.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Lists documents that the rule of their folder puts into the trash now, at most `max_rows`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_expired(conn: &mut PgConnection, max_rows: u32) -> Result<Vec<(OwnerId, DocumentId)>> {
    let rows = sqlx::query!(
        r#"select document_id as "document_id!", owner_id as "owner_id!" from list_expired_documents($1)"#,
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.owner_id.into(), row.document_id.into())).collect())
}

/// Takes a document of the actor out of the trash, `None` when there is none. It is shredded or back, never both.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn restore(conn: &mut PgConnection, id: DocumentId) -> Result<Option<Restored>> {
    if !tasks::lock_document(conn, id).await? {
        return Ok(None);
    }
    let restored = sqlx::query!(
        "update documents
        set trashed_at = null, shred_at = null, trash_reason = null
        where id = $1 and trashed_at is not null",
        id.as_uuid(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(Some(if restored == 1 { Restored::Back } else { Restored::WasNotInTrash }))
}

/// Says whether a document of the actor is in the trash.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_in_trash(conn: &mut PgConnection, id: DocumentId) -> Result<bool> {
    let is_in_trash = sqlx::query_scalar!(
        r#"select exists (select from documents where id = $1 and trashed_at is not null) as "is_in_trash!""#,
        id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(is_in_trash)
}

/// Lists what the actor has in the trash, the longest there first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_trash(conn: &mut PgConnection, owner: OwnerId) -> Result<Vec<DocumentId>> {
    let ids = sqlx::query_scalar!(
        "select id from documents where owner_id = $1 and trashed_at is not null order by trashed_at",
        owner.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(DocumentId::from).collect())
}
