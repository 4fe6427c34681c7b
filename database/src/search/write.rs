use sqlx::PgConnection;
use untxt_core::domain::OwnerId;

use super::{PageIndex, Reading, SEGMENT_PAGES};
use crate::{
    Result,
    row::{count_column, page_column},
};

/// Gives the segment that an owner's next reading goes to. Those that ask at the same time get the same one, so that a
/// segment may have a few readings more.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_segment(conn: &mut PgConnection, owner: OwnerId) -> Result<i32> {
    let newest = sqlx::query!(
        r#"select segment, sum(pages)::bigint as "pages!"
        from search_segments
        where owner_id = $1 and segment >= 0
        group by segment
        order by segment desc
        limit 1"#,
        owner.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(newest.map_or(0, |newest| newest.segment + i32::from(newest.pages >= SEGMENT_PAGES.into())))
}

/// Gives the segment for the next of an owner's readings of before there was an index; these are numbered downwards.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_old_segment(conn: &mut PgConnection, owner: OwnerId) -> Result<i32> {
    let oldest = sqlx::query!(
        r#"select segment, sum(pages)::bigint as "pages!"
        from search_segments
        where owner_id = $1 and segment < 0
        group by segment
        order by segment
        limit 1"#,
        owner.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(oldest.map_or(-1, |oldest| oldest.segment - i32::from(oldest.pages >= SEGMENT_PAGES.into())))
}

/// Inserts the row of a reading that is stored in the same transaction.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    owner: OwnerId,
    reading: Reading,
    index: PageIndex<'_>,
) -> Result<()> {
    sqlx::query!(
        "insert into search_pages (
            task_id, page_number, owner_id, document_id, segment, position, index_generation, tokens
        )
        values ($1, $2, $3, $4, $5, nextval('search_positions'), $6, $7)",
        reading.task.as_uuid(),
        page_column(reading.page),
        owner.as_uuid(),
        reading.document.as_uuid(),
        index.segment,
        count_column(index.generation),
        index.tokens,
    )
    .execute(&mut *conn)
    .await?;
    count_in(conn, owner, index).await
}

/// Inserts the row of a reading of before there was an index, unless it has one by now or is gone.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn insert_old(
    conn: &mut PgConnection,
    owner: OwnerId,
    reading: Reading,
    index: PageIndex<'_>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into search_pages (
            task_id, page_number, owner_id, document_id, segment, position, index_generation, tokens
        )
        select task_id, page_number, owner_id, $3, $4, nextval('search_old_positions'), $5, $6
        from pages
        where task_id = $1 and page_number = $2 and state = 'done'
        on conflict do nothing",
        reading.task.as_uuid(),
        page_column(reading.page),
        reading.document.as_uuid(),
        index.segment,
        count_column(index.generation),
        index.tokens,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if inserted == 1 {
        count_in(conn, owner, index).await?;
    }
    Ok(inserted == 1)
}

/// Counts a reading into its segment. The row is locked until the end of the transaction, so this comes late in it.
pub(super) async fn count_in(conn: &mut PgConnection, owner: OwnerId, index: PageIndex<'_>) -> Result<()> {
    sqlx::query!(
        "insert into search_segments (owner_id, index_generation, segment, pages)
        values ($1, $2, $3, 1)
        on conflict (owner_id, index_generation, segment) do update set pages = search_segments.pages + 1",
        owner.as_uuid(),
        count_column(index.generation),
        index.segment,
    )
    .execute(conn)
    .await?;
    Ok(())
}
