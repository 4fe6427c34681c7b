use sqlx::PgConnection;
use untxt_core::domain::TaskId;
use uuid::Uuid;

use super::{
    find,
    rerun::{Begun, NewRun, Plan, Refusal, begin},
};
use crate::Result;

/// Begins a new task over the document of one that has ended, with the same settings, for the pages that have no text;
/// `None` when there is no such task. Final states never change, so what ended stays as it is beside it. Push its
/// `Inspect`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin_replay(conn: &mut PgConnection, ended: TaskId, trace: Uuid) -> Result<Option<Begun>> {
    let Some(ended) = find(conn, ended).await? else { return Ok(None) };
    if !ended.state.is_final() {
        return Ok(Some(Begun::Refused(Refusal::StillOpen)));
    }
    let new = NewRun {
        id: TaskId::generate(),
        document: ended.document,
        settings: &ended.settings,
        queue: ended.queue,
        plan: Plan::ReadUnread,
        // An operator knows what it costs.
        max_runs: u32::MAX,
        key: None,
        trace,
    };
    begin(conn, &new).await
}

/// As [`begin_replay`], for who can wake nobody: gives the new task, `None` when there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replay(conn: &mut PgConnection, ended: TaskId) -> Result<Option<TaskId>> {
    let Some(Begun::New(task)) = begin_replay(conn, ended, Uuid::new_v4()).await? else { return Ok(None) };
    // Nobody was told: the next sweep does it.
    sqlx::query!("update tasks set dispatched_at = '-infinity' where id = $1", task.id.as_uuid()).execute(conn).await?;
    Ok(Some(task.id))
}
