use sqlx::PgConnection;
use untxt_core::domain::TaskId;
use uuid::Uuid;

use super::{
    find,
    rerun::{Begun, NewRun, Plan, begin},
};
use crate::Result;

/// Makes a new task over the document of one that has ended, with the same settings, for the pages that have no text,
/// and gives it; `None` when there is no such task, a task is open, or every page was read. Final states never
/// change, so what ended stays as it is beside it.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replay(conn: &mut PgConnection, ended: TaskId) -> Result<Option<TaskId>> {
    let Some(ended) = find(conn, ended).await?.filter(|task| task.state.is_final()) else { return Ok(None) };
    let new = NewRun {
        id: TaskId::generate(),
        document: ended.document,
        settings: &ended.settings,
        queue: ended.queue,
        plan: Plan::ReadUnread,
        key: None,
        trace: Uuid::new_v4(),
    };
    let Some(Begun::New(task)) = begin(conn, &new).await? else { return Ok(None) };
    // Nobody was told: the next sweep does it.
    sqlx::query!("update tasks set dispatched_at = '-infinity' where id = $1", task.id.as_uuid()).execute(conn).await?;
    Ok(Some(task.id))
}
