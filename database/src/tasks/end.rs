use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, FailureCode, TaskId, TaskState};
use uuid::Uuid;

use super::{ClaimedTask, claim::expect_held};
use crate::{
    Error, Result, dead_letters,
    row::{Row, count_column},
};

/// Ends the task as failed and writes `task.failed`: the document is at fault.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn fail(conn: &mut PgConnection, claimed: &ClaimedTask, failure: FailureCode) -> Result<()> {
    let ending = Ending { state: TaskState::Failed, failure: Some(failure), pdf_attempt: None };
    end_with_open_pages(conn, claimed.task, Some(claimed.lease_token), &ending).await?;
    dead_letters::write_task(conn, claimed.task, failure).await
}

/// The attempt that made a searchable PDF, or why none was made.
pub type Pdf = std::result::Result<u32, FailureCode>;

/// Ends a task whose pages have all ended, and writes the last event. `Failed` when no page was read; else `Done`
/// when all were and there is a searchable PDF; else `DoneWithErrors`. `pdf` is the attempt that made it, or why there is
/// none.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn finish(conn: &mut PgConnection, claimed: &ClaimedTask, pdf: Pdf) -> Result<TaskState> {
    finish_under(conn, claimed.task, claimed.lease_token, pdf).await
}

/// Ends a task under whatever lease it has.
pub(super) async fn finish_under(
    conn: &mut PgConnection,
    task: TaskId,
    lease_token: Uuid,
    pdf: Pdf,
) -> Result<TaskState> {
    let row = sqlx::query!(
        r#"select
            pages_done,
            pages_failed + pages_unread as "pages_lacking!",
            (select failure_code from shown_pages where task_id = $1 and state = 'failed' order by page_number limit 1)
                as first_failure
        from tasks
        where id = $1 and lease_token = $2 and state = 'finishing'
        for no key update of tasks"#,
        task.as_uuid(),
        lease_token,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::LeaseLost)?;
    let at = Row { table: "pages", id: &task };
    let first_failure = at.word_if_any("failure_code", row.first_failure.as_deref())?;
    let ending = match (row.pages_done, row.pages_lacking, pdf) {
        (0, _, _) => Ending {
            state: TaskState::Failed,
            failure: Some(first_failure.unwrap_or(FailureCode::Internal)),
            pdf_attempt: None,
        },
        (_, 0, Ok(attempt)) => Ending { state: TaskState::Done, failure: None, pdf_attempt: Some(attempt) },
        (_, _, Ok(attempt)) => Ending { state: TaskState::DoneWithErrors, failure: None, pdf_attempt: Some(attempt) },
        // The pages can be read, but the searchable PDF is missing: say so.
        (_, _, Err(code)) => Ending { state: TaskState::DoneWithErrors, failure: Some(code), pdf_attempt: None },
    };
    end(conn, task, Some(lease_token), &ending).await?;
    Ok(ending.state)
}

/// How a task ends.
pub(super) struct Ending {
    /// A final state.
    pub(super) state: TaskState,
    /// What went wrong.
    pub(super) failure: Option<FailureCode>,
    /// Which searchable PDF is published.
    pub(super) pdf_attempt: Option<u32>,
}

/// A run that has not ended, and can't until this transaction does.
pub(crate) struct OpenRun {
    task: TaskId,
    lease_token: Option<Uuid>,
}

/// Holds the run over a document that has not ended, if there is one. The document is locked already.
pub(crate) async fn lock_open(conn: &mut PgConnection, document: DocumentId) -> Result<Option<OpenRun>> {
    let open = sqlx::query!(
        "select id, lease_token
        from tasks
        where document_id = $1 and ended_at is null
        for no key update",
        document.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(open.map(|open| OpenRun { task: open.id.into(), lease_token: open.lease_token }))
}

/// Stops a run that this transaction holds.
pub(crate) async fn stop(conn: &mut PgConnection, open: OpenRun) -> Result<()> {
    let ending = Ending { state: TaskState::Cancelled, failure: None, pdf_attempt: None };
    end_with_open_pages(conn, open.task, open.lease_token, &ending).await
}

/// Ends a task whose pages have not all ended: they never will be read by it. The task's row is locked already, or
/// under this lease.
pub(super) async fn end_with_open_pages(
    conn: &mut PgConnection,
    task: TaskId,
    lease_token: Option<Uuid>,
    ending: &Ending,
) -> Result<()> {
    end(conn, task, lease_token, ending).await?;
    sqlx::query!(
        "update pages
        set
            state = 'cancelled',
            lease_token = null,
            lease_until = null,
            ended_at = clock_timestamp()
        where task_id = $1 and state in ('queued', 'processing')",
        task.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the final state and writes the last event in one statement, because nothing may change the row after. The
/// task must be under this lease, or under none.
pub(super) async fn end(
    conn: &mut PgConnection,
    task: TaskId,
    lease_token: Option<Uuid>,
    ending: &Ending,
) -> Result<()> {
    let written = sqlx::query!(
        "with ended as (
            update tasks
            set
                state = $3,
                failure_code = $4,
                pdf_attempt = $5,
                lease_token = null,
                lease_until = null,
                last_seq = last_seq + 1,
                ended_at = clock_timestamp()
            where id = $1 and lease_token is not distinct from $2
            returning *
        )
        insert into task_events (task_id, seq, owner_id, kind, state, total, done, failed, low, failure_code)
        select
            id,
            last_seq,
            owner_id,
            'task.' || state,
            state,
            page_count,
            pages_done,
            pages_failed,
            pages_low,
            failure_code
        from ended",
        task.as_uuid(),
        lease_token,
        ending.state.as_str(),
        ending.failure.map(FailureCode::as_str),
        ending.pdf_attempt.map(count_column),
    )
    .execute(conn)
    .await?
    .rows_affected();
    expect_held(written)
}
