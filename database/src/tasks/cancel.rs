use sqlx::PgConnection;
use untxt_core::domain::{TaskId, TaskState};

use super::{
    Task,
    end::{Ending, end_with_open_pages},
    find, lock_document,
    rerun::begin_after_stop,
};
use crate::{Result, row::Row};

/// A task that was to be stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The task as it is then.
    pub task: Task,
    /// A run that puts together what a stopped run over the document again had read; push its `Inspect`.
    pub next: Option<Task>,
}

/// Stops a task of the actor and gives it as it is then, `None` when there is none. Pages that were read stay; those
/// that were not are cancelled, and whoever reads one loses its lease. Of a task that has nothing more to read, the
/// searchable PDF is stopped, and what it shows stays. A task that has ended is given as it ended.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn cancel(conn: &mut PgConnection, id: TaskId) -> Result<Option<Stopped>> {
    let document = sqlx::query_scalar!("select document_id from tasks where id = $1", id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(document) = document else { return Ok(None) };
    // A run may follow.
    lock_document(conn, document.into()).await?;
    let row = sqlx::query!(
        r#"select
            state,
            lease_token,
            is_rerun and pages_done + pages_failed + pages_unread < page_count as "will_be_void!"
        from tasks
        where id = $1
        for no key update of tasks"#,
        id.as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let state: TaskState = Row { table: "tasks", id: &id }.word("state", &row.state)?;
    let is_to_be_stopped = !state.is_final();
    if is_to_be_stopped {
        let ending = Ending { state: TaskState::Cancelled, failure: None, pdf_attempt: None };
        end_with_open_pages(conn, id, row.lease_token, &ending).await?;
    }
    let Some(task) = find(conn, id).await? else { return Ok(None) };
    let next = if is_to_be_stopped && row.will_be_void { begin_after_stop(conn, &task).await? } else { None };
    Ok(Some(Stopped { task, next }))
}
