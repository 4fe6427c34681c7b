use sqlx::PgConnection;

use crate::{Result, row::Row};

/// What there is to do, over all owners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Tasks that wait to be inspected.
    pub queued: u32,
    /// Tasks that are being inspected.
    pub inspecting: u32,
    /// Tasks whose pages are being read.
    pub processing: u32,
    /// Tasks whose pages have ended.
    pub finishing: u32,
    /// Pages that wait.
    pub pages_queued: u32,
    /// Pages that are being read.
    pub pages_processing: u32,
    /// Pages that are being read by nobody: their leases ran out.
    pub leases_overdue: u32,
    /// Age of the oldest task of which no page has ended yet, in seconds; 0 when there is none.
    pub oldest_seconds: f64,
}

/// Counts what there is to do, for a role that sees the tasks of every owner.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn backlog(conn: &mut PgConnection) -> Result<Backlog> {
    let row = sqlx::query!(
        r#"with open_tasks as (
            select state, created_at, pages_done + pages_failed as pages_ended
            from tasks
            where state in ('queued', 'inspecting', 'processing', 'finishing')
        ),
        open_pages as (
            select state, lease_until
            from pages
            where state in ('queued', 'processing')
        )
        select
            (select count(*) from open_tasks where state = 'queued') as "queued!",
            (select count(*) from open_tasks where state = 'inspecting') as "inspecting!",
            (select count(*) from open_tasks where state = 'processing') as "processing!",
            (select count(*) from open_tasks where state = 'finishing') as "finishing!",
            (select count(*) from open_pages where state = 'queued') as "pages_queued!",
            (select count(*) from open_pages where state = 'processing') as "pages_processing!",
            (select count(*) from open_pages where lease_until < clock_timestamp()) as "leases_overdue!",
            (
                select coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8
                from open_tasks
                where pages_ended = 0
            ) as "oldest_seconds!""#,
    )
    .fetch_one(conn)
    .await?;
    let at = Row { table: "tasks", id: &"the backlog" };
    Ok(Backlog {
        queued: at.number("queued", row.queued)?,
        inspecting: at.number("inspecting", row.inspecting)?,
        processing: at.number("processing", row.processing)?,
        finishing: at.number("finishing", row.finishing)?,
        pages_queued: at.number("pages_queued", row.pages_queued)?,
        pages_processing: at.number("pages_processing", row.pages_processing)?,
        leases_overdue: at.number("leases_overdue", row.leases_overdue)?,
        oldest_seconds: row.oldest_seconds,
    })
}
