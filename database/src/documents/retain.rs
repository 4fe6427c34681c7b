use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, OwnerId};

use crate::{
    Result,
    election::{Duty, elect},
};

/// A document that the rule of its folder puts into the trash now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Which.
    pub document: DocumentId,
    /// When it was uploaded.
    pub created_at: OffsetDateTime,
}

/// Says whether nobody else applies the rules of folders; then nobody will until this transaction ends.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn try_begin_retaining(conn: &mut PgConnection) -> Result<bool> {
    elect(conn, Duty::ApplyRules).await
}

/// Lists those who have a folder whose rule puts documents into the trash, in the order of their ids, at most `max_rows`,
/// those after one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_retaining_owners(
    conn: &mut PgConnection,
    after: Option<OwnerId>,
    max_rows: u32,
) -> Result<Vec<OwnerId>> {
    let owners = sqlx::query_scalar!(
        r#"select owner_id as "owner_id!" from list_retaining_owners($1, $2)"#,
        after.map(OwnerId::as_uuid),
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    Ok(owners.into_iter().map(OwnerId::from).collect())
}

/// Lists documents of the actor that the rule of their folder puts into the trash now, the oldest first, at most `max_rows`,
/// those after one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_expired(
    conn: &mut PgConnection,
    owner: OwnerId,
    after: Option<Expired>,
    max_rows: u32,
) -> Result<Vec<Expired>> {
    let rows = sqlx::query!(
        r#"with recursive ruled as (
            select f.id, f.delete_days, 1 as distance
            from folders f
            where f.owner_id = $1 and f.delete_days is not null
            union all
            -- The rule of a folder holds below it, down to a folder that has its own.
            select f.id, r.delete_days, r.distance + 1
            from ruled r
            join folders f on f.owner_id = $1 and f.parent_id = r.id
            where f.delete_days is null and r.distance < 10
        ),
        -- Apart, so that a column is compared, which an index can do under row-level security.
        limits as materialized (
            select id, clock_timestamp() - make_interval(hours => 24 * delete_days) as created_until from ruled
        )
        select d.id, d.created_at
        from limits l
        cross join lateral (
            select id, created_at
            from documents
            where folder_id = l.id
                and trashed_at is null
                and created_at <= l.created_until
                and ($2::timestamptz is null or (created_at, id) > ($2, $3))
            order by created_at, id
            limit $4
        ) as d
        order by d.created_at, d.id
        limit $4"#,
        owner.as_uuid(),
        after.map(|after| after.created_at),
        after.map(|after| after.document.as_uuid()),
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Expired { document: row.id.into(), created_at: row.created_at }).collect())
}
