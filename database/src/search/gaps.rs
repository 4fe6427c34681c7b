//! Owners with pages that are not in the index: there are some after an upgrade from before there was one.

use sqlx::PgConnection;
use untxt_core::domain::OwnerId;
use uuid::Uuid;

use crate::Result;

/// Says whether pages of the actor are known to have no row yet.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn has_gap(conn: &mut PgConnection, owner: OwnerId) -> Result<bool> {
    let has_gap = sqlx::query_scalar!(
        r#"select exists (select from search_gaps where owner_id = $1) as "has_gap!""#,
        owner.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(has_gap)
}

/// Writes down that pages of these owners have no row.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn open_gaps(conn: &mut PgConnection, owners: &[OwnerId]) -> Result<()> {
    let owners: Vec<Uuid> = owners.iter().map(|owner| owner.as_uuid()).collect();
    sqlx::query!(
        "insert into search_gaps (owner_id) select distinct unnest($1::uuid[]) on conflict do nothing",
        &owners,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes out owners whose pages all have a row by now. It looks through all pages of those who may have none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn close_gaps(conn: &mut PgConnection) -> Result<u64> {
    let closed = sqlx::query!(
        "delete from search_gaps g
        where not exists (
            select
            from pages p
            where p.owner_id = g.owner_id
                and p.state = 'done'
                and not exists (
                    select
                    from search_pages s
                    where s.task_id = p.task_id and s.page_number = p.page_number
                )
        )",
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(closed)
}
