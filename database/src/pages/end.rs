use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{EventKind, FailureCode, PageNumber, TaskId, TaskState};
use uuid::Uuid;

use super::{ClaimedPage, Completed, PageResult, Retried};
use crate::{
    Error, Result, dead_letters,
    events::record,
    row::{Row, count_column, page_column},
    tasks::{self, expect_held},
};

/// Below this mean confidence a page is worth a look.
const LOW_CONFIDENCE: f32 = 0.7;

/// Stores what was read and writes `page.done`. The page image must have been put before.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn complete(conn: &mut PgConnection, claimed: &ClaimedPage, result: &PageResult<'_>) -> Result<Completed> {
    if !tasks::lock(conn, claimed.task).await? {
        return Err(Error::LeaseLost);
    }
    let changed = sqlx::query!(
        "update pages
        set
            state = 'done',
            lease_token = null,
            lease_until = null,
            width = $4,
            height = $5,
            dpi = $6,
            mean_confidence = $7,
            image_attempt = attempt,
            image_media_type = $8,
            content_sealed = $9,
            ended_at = clock_timestamp()
        where task_id = $1 and page_number = $2 and lease_token = $3",
        claimed.task.as_uuid(),
        page_column(claimed.page),
        claimed.lease_token,
        count_column(result.width),
        count_column(result.height),
        count_column(result.dpi),
        result.mean_confidence,
        result.image_media_type.as_str(),
        result.content_sealed,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    expect_held(changed)?;
    // 0.0 means that there are no words: a blank page is read as well as it can be.
    let is_low = result.mean_confidence > 0.0 && result.mean_confidence < LOW_CONFIDENCE;
    let ended = Ended { failure: None, is_low };
    count(conn, claimed.task, claimed.page, ended).await
}

/// Ends the page as failed and writes `page.failed`: the document is at fault.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn fail(conn: &mut PgConnection, claimed: &ClaimedPage, failure: FailureCode) -> Result<Completed> {
    fail_under(conn, claimed.task, claimed.page, claimed.lease_token, failure).await
}

/// Hands the page back for another attempt, or fails it when this was the last one: it crashed or hung its reader.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn retry_or_fail(
    conn: &mut PgConnection,
    claimed: &ClaimedPage,
    failure: FailureCode,
    max_attempts: u32,
) -> Result<Retried> {
    if claimed.tries >= max_attempts {
        return Ok(Retried::Failed(fail(conn, claimed, failure).await?));
    }
    // soon, but not at once: what hung or ate memory may need a moment to go away
    let delay = Duration::from_secs(u64::from(claimed.tries));
    let changed = sqlx::query!(
        "update pages
        set
            state = 'queued',
            lease_token = null,
            lease_until = null,
            next_try_at = clock_timestamp() + make_interval(secs => $4)
        where task_id = $1 and page_number = $2 and lease_token = $3",
        claimed.task.as_uuid(),
        page_column(claimed.page),
        claimed.lease_token,
        delay.as_secs_f64(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    expect_held(changed)?;
    Ok(Retried::Again { delay })
}

/// Fails a page whose last attempt died with its worker.
pub(crate) async fn end_exhausted(
    conn: &mut PgConnection,
    task: TaskId,
    page: PageNumber,
    lease_token: Uuid,
) -> Result<Completed> {
    fail_under(conn, task, page, lease_token, FailureCode::Crashed).await
}

async fn fail_under(
    conn: &mut PgConnection,
    task: TaskId,
    page: PageNumber,
    lease_token: Uuid,
    failure: FailureCode,
) -> Result<Completed> {
    if !tasks::lock(conn, task).await? {
        return Err(Error::LeaseLost);
    }
    let changed = sqlx::query!(
        "update pages
        set
            state = 'failed',
            lease_token = null,
            lease_until = null,
            failure_code = $4,
            ended_at = clock_timestamp()
        where task_id = $1 and page_number = $2 and lease_token = $3",
        task.as_uuid(),
        page_column(page),
        lease_token,
        failure.as_str(),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    expect_held(changed)?;
    dead_letters::write_page(conn, task, page, failure).await?;
    count(conn, task, page, Ended { failure: Some(failure), is_low: false }).await
}

/// How a page ended.
struct Ended {
    failure: Option<FailureCode>,
    is_low: bool,
}

/// Counts an ended page, lets the task go to `finishing` after the last one, and writes the event. The task's row is
/// locked already.
async fn count(conn: &mut PgConnection, task: TaskId, page: PageNumber, ended: Ended) -> Result<Completed> {
    let state = sqlx::query_scalar!(
        "update tasks
        set
            pages_done = pages_done + case when $2 then 0 else 1 end,
            pages_failed = pages_failed + case when $2 then 1 else 0 end,
            pages_low = pages_low + case when $3 then 1 else 0 end,
            state = case when pages_done + pages_failed + 1 = page_count then 'finishing' else state end,
            next_try_at = clock_timestamp()
        where id = $1 and state = 'processing'
        returning state",
        task.as_uuid(),
        ended.failure.is_some(),
        ended.is_low,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::LeaseLost)?;
    let kind = if ended.failure.is_some() { EventKind::PageFailed } else { EventKind::PageDone };
    record(conn, task, kind, Some(page), ended.failure).await?;
    let state: TaskState = Row { table: "tasks", id: &task }.word("state", &state)?;
    Ok(Completed { is_last: state == TaskState::Finishing })
}
