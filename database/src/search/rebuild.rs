//! Rows that are missing, because the page was read before there was an index, or were made with an older index key.

use sqlx::PgConnection;
use untxt_core::domain::{OwnerId, PageNumber, TaskId};

use super::{PageIndex, Reading, write::count_in};
use crate::{
    Result,
    row::{Row, count_column, page_column},
    tasks,
};

/// A reading whose row is missing or old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unindexed {
    /// Whose.
    pub owner: OwnerId,
    /// By which run.
    pub task: TaskId,
    /// Which page.
    pub page: PageNumber,
    /// The segment that its row keeps; `None`: it has no row.
    pub segment: Option<i32>,
}

/// Lists the owners that have rows, with the number of the oldest index key that made some.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_owners(conn: &mut PgConnection) -> Result<Vec<(OwnerId, u32)>> {
    let rows =
        sqlx::query!(r#"select owner_id, min(index_generation) as "oldest!" from search_segments group by owner_id"#,)
            .fetch_all(conn)
            .await?;
    let at = |owner: &uuid::Uuid, oldest: i32| {
        Row { table: "search_segments", id: owner }.number("index_generation", oldest)
    };
    rows.into_iter().map(|row| Ok((row.owner_id.into(), at(&row.owner_id, row.oldest)?))).collect()
}

/// Lists readings without a row, newest first, at most `limit`. It looks through all pages there are.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_missing(
    conn: &mut PgConnection,
    before: Option<(TaskId, PageNumber)>,
    limit: u32,
) -> Result<Vec<Unindexed>> {
    let (task, page) = before.map_or((uuid::Uuid::max(), i32::MAX), |(task, page)| (task.as_uuid(), page_column(page)));
    let rows = sqlx::query!(
        "select p.owner_id, p.task_id, p.page_number
        from pages p
        where p.state = 'done'
            and (p.task_id, p.page_number) < ($2, $3)
            and not exists (
                select
                from search_pages s
                where s.task_id = p.task_id and s.page_number = p.page_number
            )
        -- ids are ordered by time
        order by p.task_id desc, p.page_number desc
        limit $1",
        i64::from(limit),
        task,
        page,
    )
    .fetch_all(conn)
    .await?;
    let unindexed = |owner: uuid::Uuid, task: uuid::Uuid, page| {
        let page = Row { table: "pages", id: &task }.page("page_number", page)?;
        Ok(Unindexed { owner: owner.into(), task: task.into(), page, segment: None })
    };
    rows.into_iter().map(|row| unindexed(row.owner_id, row.task_id, row.page_number)).collect()
}

/// Lists rows that were made with another index key than the owner's current one, the newest readings of each owner first,
/// at most `limit`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_stale(
    conn: &mut PgConnection,
    owner: OwnerId,
    generation: u32,
    limit: u32,
) -> Result<Vec<Unindexed>> {
    let rows = sqlx::query!(
        "select task_id, page_number, segment
        from search_pages
        where owner_id = $1 and index_generation < $2
        order by index_generation desc, position desc
        limit $3",
        owner.as_uuid(),
        count_column(generation),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    let unindexed = |task: uuid::Uuid, page, segment| {
        let page = Row { table: "search_pages", id: &task }.page("page_number", page)?;
        Ok(Unindexed { owner, task: task.into(), page, segment: Some(segment) })
    };
    rows.into_iter().map(|row| unindexed(row.task_id, row.page_number, row.segment)).collect()
}

/// Loads the sealed content of a reading and says of which document it is; `None`: it is gone.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_unindexed(
    conn: &mut PgConnection,
    task: TaskId,
    page: PageNumber,
) -> Result<Option<(Reading, Vec<u8>)>> {
    let row = sqlx::query!(
        r#"select t.document_id, p.content_sealed as "content_sealed!"
        from pages p
        join tasks t on t.id = p.task_id
        where p.task_id = $1 and p.page_number = $2 and p.state = 'done'"#,
        task.as_uuid(),
        page_column(page),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (Reading { document: row.document_id.into(), task, page }, row.content_sealed)))
}

/// Keeps these readings until the transaction ends, whoever wants to delete their documents; called before the first of
/// [`super::insert_old`] and [`replace`], so that nobody waits in a circle.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn keep(conn: &mut PgConnection, readings: &[Reading]) -> Result<()> {
    let tasks: Vec<_> = readings.iter().map(|reading| reading.task).collect();
    tasks::keep_all(conn, &tasks).await
}

/// Puts other tokens into the row of a reading, which keeps its segment and its place; `false`: it is gone.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replace(conn: &mut PgConnection, owner: OwnerId, reading: Reading, index: PageIndex<'_>) -> Result<bool> {
    let replaced = sqlx::query!(
        "update search_pages
        set tokens = $4, index_generation = $3
        where task_id = $1 and page_number = $2 and index_generation < $3",
        reading.task.as_uuid(),
        page_column(reading.page),
        count_column(index.generation),
        index.tokens,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if replaced == 1 {
        count_in(conn, owner, index).await?;
    }
    Ok(replaced == 1)
}

/// Forgets the segments under older index keys once no row is left in them.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn forget_empty_segments(conn: &mut PgConnection, owner: OwnerId, generation: u32) -> Result<()> {
    // Whoever stores a page under an older key at this moment is waited for, and the next statement sees that page.
    sqlx::query!(
        "select 1 as locked
        from search_segments
        where owner_id = $1 and index_generation < $2
        order by index_generation, segment
        for update",
        owner.as_uuid(),
        count_column(generation),
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from search_segments s
        where s.owner_id = $1
            and s.index_generation < $2
            and not exists (
                select
                from search_pages p
                where p.owner_id = $1 and p.index_generation = s.index_generation
            )",
        owner.as_uuid(),
        count_column(generation),
    )
    .execute(conn)
    .await?;
    Ok(())
}
