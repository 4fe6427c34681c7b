use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::{
    domain::{EventKind, PageCounters, TaskId},
    sabotage::{Protection, is_off},
};
use uuid::Uuid;

use super::ClaimedTask;
use crate::{
    Error, Result,
    events::record,
    row::{Row, count_column},
};

/// Claims a task that waits to be inspected or finished, or whose worker let its lease run out. `None`: nothing to
/// do here now; drop the wake-up.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn claim(
    conn: &mut PgConnection,
    task: TaskId,
    lease: Duration,
    max_attempts: u32,
) -> Result<Option<ClaimedTask>> {
    sqlx::query_as!(
        ClaimedRow,
        r#"update tasks
        set
            state = case state when 'queued' then 'inspecting' else state end,
            attempt = attempt + 1,
            tries = tries + 1,
            lease_token = gen_random_uuid(),
            lease_until = clock_timestamp() + make_interval(secs => $2),
            dispatched_at = clock_timestamp()
        where
            id = $1
            and case state
                when 'queued' then next_try_at <= clock_timestamp()
                when 'inspecting' then lease_until < clock_timestamp() and tries < $3
                when 'finishing' then
                    case
                        when lease_token is null then next_try_at <= clock_timestamp()
                        else lease_until < clock_timestamp() and tries < $3
                    end
                else false
            end
        returning
            id,
            document_id,
            owner_id,
            attempt,
            tries,
            lease_token as "lease_token!",
            languages,
            preset,
            text_mode,
            queue,
            state,
            page_count,
            pages_done,
            pages_failed,
            pages_low,
            trace"#,
        task.as_uuid(),
        lease.as_secs_f64(),
        count_column(max_attempts),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// What a claim gives, as it comes from the database.
struct ClaimedRow {
    id: Uuid,
    document_id: Uuid,
    owner_id: Uuid,
    attempt: i32,
    tries: i32,
    lease_token: Uuid,
    languages: String,
    preset: String,
    text_mode: String,
    queue: String,
    state: String,
    page_count: i32,
    pages_done: i32,
    pages_failed: i32,
    pages_low: i32,
    trace: Uuid,
}

impl TryFrom<ClaimedRow> for ClaimedTask {
    type Error = Error;

    fn try_from(row: ClaimedRow) -> Result<Self> {
        let at = Row { table: "tasks", id: &row.id };
        Ok(Self {
            task: row.id.into(),
            document: row.document_id.into(),
            owner: row.owner_id.into(),
            attempt: at.number("attempt", row.attempt)?,
            tries: at.number("tries", row.tries)?,
            lease_token: row.lease_token,
            settings: at.settings(row.languages, &row.preset, &row.text_mode)?,
            queue: at.word("queue", &row.queue)?,
            state: at.word("state", &row.state)?,
            pages: PageCounters {
                total: at.number("page_count", row.page_count)?,
                done: at.number("pages_done", row.pages_done)?,
                failed: at.number("pages_failed", row.pages_failed)?,
                low: at.number("pages_low", row.pages_low)?,
            },
            trace: row.trace,
        })
    }
}

/// Moves the end of the lease to `lease` from now.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn extend_lease(conn: &mut PgConnection, claimed: &ClaimedTask, lease: Duration) -> Result<()> {
    let changed = sqlx::query!(
        "update tasks
        set lease_until = clock_timestamp() + make_interval(secs => $3)
        where id = $1 and lease_token = $2",
        claimed.task.as_uuid(),
        claimed.lease_token,
        lease.as_secs_f64(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    expect_held(changed)
}

/// Ends an inspection: inserts all pages and writes `task.started`. The lease ends with it.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn begin_pages(conn: &mut PgConnection, claimed: &ClaimedTask, page_count: u32) -> Result<()> {
    let changed = sqlx::query!(
        "update tasks
        set
            state = 'processing',
            page_count = $3,
            tries = 0,
            lease_token = null,
            lease_until = null,
            started_at = clock_timestamp()
        where id = $1 and lease_token = $2 and state = 'inspecting'",
        claimed.task.as_uuid(),
        claimed.lease_token,
        count_column(page_count),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    expect_held(changed)?;
    sqlx::query!(
        "insert into pages (task_id, page_number, owner_id)
        select $1, page_number, $2 from generate_series(1, $3) as page_number",
        claimed.task.as_uuid(),
        claimed.owner.as_uuid(),
        count_column(page_count),
    )
    .execute(&mut *conn)
    .await?;
    record(conn, claimed.task, EventKind::TaskStarted, None, None).await
}

/// Ends the inspection of a run whose pages are known since it was begun, and writes `task.started`. The lease ends
/// with it. Gives how many pages are to be read; with none the task goes to `finishing` at once.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn begin_known_pages(conn: &mut PgConnection, claimed: &ClaimedTask) -> Result<u32> {
    let to_read = sqlx::query_scalar!(
        r#"update tasks
        set
            state = case
                when pages_done + pages_failed + pages_unread = page_count then 'finishing' else 'processing'
            end,
            tries = 0,
            lease_token = null,
            lease_until = null,
            next_try_at = clock_timestamp(),
            started_at = clock_timestamp()
        where id = $1 and lease_token = $2 and state = 'inspecting' and page_count > 0
        returning page_count - pages_done - pages_failed - pages_unread as "to_read!""#,
        claimed.task.as_uuid(),
        claimed.lease_token,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::LeaseLost)?;
    record(conn, claimed.task, EventKind::TaskStarted, None, None).await?;
    Row { table: "tasks", id: &claimed.task }.number("page_count", to_read)
}

/// Hands the task back, to be claimed again after `delay`, without using up an attempt: the world is at fault, or we
/// shut down.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn release(conn: &mut PgConnection, claimed: &ClaimedTask, delay: Duration) -> Result<()> {
    hand_back(conn, claimed, delay, 1).await
}

/// Hands the task back, to be claimed again after `delay`; this attempt counts.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn retry(conn: &mut PgConnection, claimed: &ClaimedTask, delay: Duration) -> Result<()> {
    hand_back(conn, claimed, delay, 0).await
}

async fn hand_back(conn: &mut PgConnection, claimed: &ClaimedTask, delay: Duration, tries: i32) -> Result<()> {
    let changed = sqlx::query!(
        "update tasks
        set
            state = case state when 'inspecting' then 'queued' else state end,
            tries = tries - $4,
            lease_token = null,
            lease_until = null,
            next_try_at = clock_timestamp() + make_interval(secs => $3)
        where id = $1 and lease_token = $2",
        claimed.task.as_uuid(),
        claimed.lease_token,
        delay.as_secs_f64(),
        tries,
    )
    .execute(conn)
    .await?
    .rows_affected();
    expect_held(changed)
}

/// A guarded update changes the one row that we hold, or none because somebody else holds it now.
pub(crate) fn expect_held(changed: u64) -> Result<()> {
    if changed == 1 || is_off(Protection::Fence) { Ok(()) } else { Err(Error::LeaseLost) }
}
