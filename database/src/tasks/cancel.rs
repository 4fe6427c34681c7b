use sqlx::PgConnection;
use untxt_core::domain::{TaskId, TaskState};

use super::{
    Task,
    end::{Ending, end},
    find,
};
use crate::{Result, row::Row};

/// Stops a task of the actor and gives it as it is then, `None` when there is none. Pages that were read stay; those
/// that were not are cancelled, and whoever reads one loses its lease. A task that has ended is given as it ended.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn cancel(conn: &mut PgConnection, id: TaskId) -> Result<Option<Task>> {
    let row = sqlx::query!("select state, lease_token from tasks where id = $1 for no key update", id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let state: TaskState = Row { table: "tasks", id: &id }.word("state", &row.state)?;
    if !state.is_final() {
        sqlx::query!(
            "update pages
            set
                state = 'cancelled',
                lease_token = null,
                lease_until = null,
                ended_at = clock_timestamp()
            where task_id = $1 and state in ('queued', 'processing')",
            id.as_uuid(),
        )
        .execute(&mut *conn)
        .await?;
        let ending = Ending { state: TaskState::Cancelled, failure: None, pdf_attempt: None };
        end(conn, id, row.lease_token, &ending).await?;
    }
    find(conn, id).await
}
