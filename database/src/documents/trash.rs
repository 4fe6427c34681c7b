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

/// What became of the wish to have a document in the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trashed {
    /// It is there since now.
    Now,
    /// It stays as it is: it was there already, or no rule lets it go any more, or a hold keeps it.
    Unchanged,
}

/// Puts a document of the actor into the trash, from where it is shredded after a time, and not before the rule of its
/// folder lets it; `None` when there is none. Its run that has not ended is stopped, if it goes there now.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn trash(
    conn: &mut PgConnection,
    id: DocumentId,
    delay: Duration,
    reason: TrashReason,
) -> Result<Option<Trashed>> {
    if !tasks::lock_document(conn, id).await? {
        return Ok(None);
    }
    let open = tasks::lock_open(conn, id).await?;
    // Whoever files it has done so, or waits: the next statement sees the folder that it is in.
    sqlx::query!("select id from documents where id = $1 for no key update", id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let trashed = sqlx::query!(
        "update documents
        set
            trashed_at = now.at,
            shred_at = greatest(now.at + make_interval(secs => $2), r.keep_until),
            trash_reason = $3,
            trashed_by = case when $3 = 'person' then current_actor() end
        from document_retention r
        cross join (select clock_timestamp() as at) as now
        where documents.id = $1
            and r.document_id = documents.id
            and documents.trashed_at is null
            and ($3 = 'person' or r.delete_at <= now.at and not is_held(documents.id, documents.owner_id))",
        id.as_uuid(),
        delay.as_secs_f64(),
        reason.as_str(),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if trashed == 0 {
        return Ok(Some(Trashed::Unchanged));
    }
    if let Some(open) = open {
        tasks::stop(conn, open).await?;
    }
    Ok(Some(Trashed::Now))
}

/// Takes a document of the actor out of the trash, `None` when there is none. It is shredded or back, never both. A rule that
/// would move it there counts its days anew.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn restore(conn: &mut PgConnection, id: DocumentId) -> Result<Option<Restored>> {
    if !tasks::lock_document(conn, id).await? {
        return Ok(None);
    }
    let restored = sqlx::query!(
        "update documents
        set
            trashed_at = null,
            shred_at = null,
            trash_reason = null,
            trashed_by = null,
            restored_at = clock_timestamp()
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
