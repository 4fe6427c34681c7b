use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{EventKind, TaskId};
use uuid::Uuid;

use super::ClaimedPage;
use crate::{
    Result,
    events::record,
    row::{Row, count_column, page_column},
    tasks::expect_held,
};

/// Claims the first page of the task that waits, or whose worker let its lease run out, and writes `page.started` or
/// `page.retried`. `None`: no page can be claimed now. `stored_lease` is the lease of the page that the caller has
/// read and is storing, if any.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn claim_next(
    conn: &mut PgConnection,
    task: TaskId,
    lease: Duration,
    max_attempts: u32,
    stored_lease: Option<Uuid>,
) -> Result<Option<ClaimedPage>> {
    let task_row = sqlx::query!(
        "select document_id, owner_id, languages, preset, text_mode, queue, trace, read_seconds
        from tasks
        where id = $1 and state = 'processing'
        -- the task first, as everywhere
        for no key update",
        task.as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(task_row) = task_row else { return Ok(None) };
    let Some(row) = claim_first(conn, task, lease, max_attempts).await? else { return Ok(None) };
    let at = Row { table: "pages", id: &task };
    let page = at.page("page_number", row.page_number)?;
    let is_last_open = !is_any_open_but(conn, task, [Some(row.lease_token), stored_lease]).await?;
    let kind = if row.attempt > 1 { EventKind::PageRetried } else { EventKind::PageStarted };
    record(conn, task, kind, Some(page), None).await?;
    Ok(Some(ClaimedPage {
        task,
        page,
        owner: task_row.owner_id.into(),
        document: task_row.document_id.into(),
        attempt: at.number("attempt", row.attempt)?,
        tries: at.number("tries", row.tries)?,
        lease_token: row.lease_token,
        settings: at.settings(task_row.languages, &task_row.preset, &task_row.text_mode)?,
        queue: at.word("queue", &task_row.queue)?,
        is_last_open,
        trace: task_row.trace,
        spent: Duration::try_from_secs_f64(task_row.read_seconds).unwrap_or(Duration::MAX),
    }))
}

/// Says whether there are pages to be read or in work, beside those under these leases.
async fn is_any_open_but(conn: &mut PgConnection, task: TaskId, ours: [Option<Uuid>; 2]) -> Result<bool> {
    let ours: Vec<_> = ours.into_iter().flatten().collect();
    Ok(sqlx::query_scalar!(
        r#"select exists (
            select
            from pages
            where task_id = $1 and state in ('queued', 'processing')
                and (lease_token is null or lease_token <> all ($2))
        ) as "is_any!""#,
        task.as_uuid(),
        &ours,
    )
    .fetch_one(conn)
    .await?)
}

/// What a claim gives, as it comes from the database.
struct ClaimedRow {
    page_number: i32,
    attempt: i32,
    tries: i32,
    lease_token: Uuid,
}

/// Claims the first page that can be claimed.
async fn claim_first(
    conn: &mut PgConnection,
    task: TaskId,
    lease: Duration,
    max_attempts: u32,
) -> Result<Option<ClaimedRow>> {
    let row = sqlx::query_as!(
        ClaimedRow,
        r#"update pages
        set
            state = 'processing',
            attempt = attempt + 1,
            tries = tries + 1,
            lease_token = gen_random_uuid(),
            lease_until = clock_timestamp() + make_interval(secs => $2)
        where
            task_id = $1
            and page_number = (
                select page_number
                from pages
                where
                    task_id = $1
                    and (
                        state = 'queued' and next_try_at <= clock_timestamp()
                        or state = 'processing' and lease_until < clock_timestamp() and tries < $3
                    )
                order by page_number
                limit 1
                -- a worker that extends or releases its lease at this moment keeps its page
                for update skip locked
            )
        returning page_number, attempt, tries, lease_token as "lease_token!""#,
        task.as_uuid(),
        lease.as_secs_f64(),
        count_column(max_attempts),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Moves the end of the lease to `lease` from now.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn extend_lease(conn: &mut PgConnection, claimed: &ClaimedPage, lease: Duration) -> Result<()> {
    let changed = sqlx::query!(
        "update pages
        set lease_until = clock_timestamp() + make_interval(secs => $4)
        where task_id = $1 and page_number = $2 and lease_token = $3",
        claimed.task.as_uuid(),
        page_column(claimed.page),
        claimed.lease_token,
        lease.as_secs_f64(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    expect_held(changed)
}

/// Hands the page back, to be claimed again after `delay`, without using up an attempt: the world is at fault, or we
/// shut down.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn release(conn: &mut PgConnection, claimed: &ClaimedPage, delay: Duration) -> Result<()> {
    hand_back(conn, claimed, delay, 1).await
}

/// Hands the page back, to be claimed again after `delay`, and takes back so many tries.
pub(super) async fn hand_back(
    conn: &mut PgConnection,
    claimed: &ClaimedPage,
    delay: Duration,
    tries: i32,
) -> Result<()> {
    let changed = sqlx::query!(
        "update pages
        set
            state = 'queued',
            tries = tries - $5,
            lease_token = null,
            lease_until = null,
            next_try_at = clock_timestamp() + make_interval(secs => $4)
        where task_id = $1 and page_number = $2 and lease_token = $3",
        claimed.task.as_uuid(),
        page_column(claimed.page),
        claimed.lease_token,
        delay.as_secs_f64(),
        tries,
    )
    .execute(conn)
    .await?
    .rows_affected();
    expect_held(changed)
}
