use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{EventKind, FailureCode, PageNumber, TaskId, TaskState};
use uuid::Uuid;

use super::{
    ClaimedPage, Completed, PageResult, Retried,
    choice::{Merit, Older, References},
    claim::hand_back,
};
use crate::{
    Error, Result, dead_letters,
    events::record,
    row::{Row, count_column, page_column},
    search::{self, Reading},
    tasks::{self, expect_held},
};

/// Notes readers' time that was spent on a page.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn charge(conn: &mut PgConnection, claimed: &ClaimedPage, spent: Duration) -> Result<()> {
    sqlx::query!(
        "update tasks set read_seconds = read_seconds + $2 where id = $1 and state = 'processing'",
        claimed.task.as_uuid(),
        spent.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores what was read and writes `page.done`. The page image must have been put before. When the page had a result
/// already, this decides which of the two is shown.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn complete(conn: &mut PgConnection, claimed: &ClaimedPage, result: &PageResult<'_>) -> Result<Completed> {
    if !tasks::lock(conn, claimed.task).await? {
        return Err(Error::LeaseLost);
    }
    let older = Older::find(conn, claimed.task, claimed.page).await?;
    let merit = Merit { mean_confidence: result.mean_confidence, expected_words: Some(result.expected_words) };
    let references = References::with_result(claimed.task, merit, older.as_ref());
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
            expected_words = $10,
            shown_task_id = $11,
            other_task_id = $12,
            is_undecided = $13,
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
        result.expected_words,
        references.shown,
        references.other,
        references.is_undecided,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    expect_held(changed)?;
    let reading = Reading { document: claimed.document, task: claimed.task, page: claimed.page };
    search::insert(conn, claimed.owner, reading, result.index).await?;
    let ended = Ended { kind: EventKind::PageDone, failure: None, is_low: references.is_low };
    count(conn, claimed.task, claimed.page, ended).await
}

/// Ends the page as failed and writes `page.failed`, or `page.kept` when an older result stays: the document is at
/// fault.
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
    hand_back(conn, claimed, delay, 0).await?;
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
    let older = Older::find(conn, task, page).await?;
    let kept = References::without_result(older.as_ref());
    let changed = sqlx::query!(
        "update pages
        set
            state = 'failed',
            lease_token = null,
            lease_until = null,
            failure_code = $4,
            shown_task_id = $5,
            ended_at = clock_timestamp()
        where task_id = $1 and page_number = $2 and lease_token = $3",
        task.as_uuid(),
        page_column(page),
        lease_token,
        failure.as_str(),
        kept.as_ref().and_then(|kept| kept.shown),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    expect_held(changed)?;
    dead_letters::write_page(conn, task, page, failure).await?;
    let kind = if kept.is_some() { EventKind::PageKept } else { EventKind::PageFailed };
    let is_low = kept.is_some_and(|kept| kept.is_low);
    count(conn, task, page, Ended { kind, failure: Some(failure), is_low }).await
}

/// How a page ended.
struct Ended {
    kind: EventKind,
    failure: Option<FailureCode>,
    is_low: bool,
}

/// Counts an ended page by what it shows, lets the task go to `finishing` after the last one, and writes the event.
/// The task's row is locked already.
async fn count(conn: &mut PgConnection, task: TaskId, page: PageNumber, ended: Ended) -> Result<Completed> {
    let state = sqlx::query_scalar!(
        "update tasks
        set
            pages_done = pages_done + case when $2 then 0 else 1 end,
            pages_failed = pages_failed + case when $2 then 1 else 0 end,
            pages_low = pages_low + case when $3 then 1 else 0 end,
            state = case when pages_done + pages_failed + pages_unread + 1 = page_count then 'finishing' else state end,
            next_try_at = clock_timestamp()
        where id = $1 and state = 'processing'
        returning state",
        task.as_uuid(),
        ended.kind == EventKind::PageFailed,
        ended.is_low,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::LeaseLost)?;
    record(conn, task, ended.kind, Some(page), ended.failure).await?;
    let state: TaskState = Row { table: "tasks", id: &task }.word("state", &state)?;
    Ok(Completed { is_last: state == TaskState::Finishing })
}
