//! Whether the files of documents are still what was uploaded, and when somebody looked.

use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, OwnerId};

use crate::{Result, row::Row};

/// Lists documents that were not checked for so long, in the order of their ids, those after one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_due(
    conn: &mut PgConnection,
    max_age: Duration,
    after: Option<DocumentId>,
    max_rows: u32,
) -> Result<Vec<(OwnerId, DocumentId)>> {
    let rows = sqlx::query!(
        r#"select document_id as "document_id!", owner_id as "owner_id!"
        from list_unchecked(make_interval(secs => $1), $2, $3)"#,
        max_age.as_secs_f64(),
        after.map(DocumentId::as_uuid),
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.owner_id.into(), row.document_id.into())).collect())
}

/// Writes down that a document of the actor was checked; nothing if it was deleted meanwhile. Says whether it is damaged
/// only since now.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn record(conn: &mut PgConnection, owner: OwnerId, document: DocumentId, is_whole: bool) -> Result<bool> {
    let is_new = sqlx::query_scalar!(
        r#"insert into integrity_checks as c (document_id, owner_id, checked_at, damaged_since)
        select id, owner_id, now, case when $3 then null else now end
        from documents cross join (select clock_timestamp() as now) as clock
        where id = $1 and owner_id = $2
        on conflict (document_id) do update
        set
            checked_at = excluded.checked_at,
            damaged_since = case when $3 then null else coalesce(c.damaged_since, excluded.damaged_since) end
        returning not $3 and damaged_since >= checked_at as "is_new""#,
        document.as_uuid(),
        owner.as_uuid(),
        is_whole,
    )
    .fetch_optional(conn)
    .await?;
    Ok(is_new.flatten().unwrap_or(false))
}

/// Counts documents whose file is not what was uploaded.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_damaged(conn: &mut PgConnection) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"select count_damaged() as "count!""#).fetch_one(conn).await?;
    Row { table: "integrity_checks", id: &"all" }.number("count", count)
}
