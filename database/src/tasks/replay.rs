use std::collections::BTreeSet;

use sqlx::PgConnection;
use untxt_core::domain::{PageNumber, TaskId};
use uuid::Uuid;

use super::{
    find,
    rerun::{Begun, NewRun, Plan, Refusal, begin},
};
use crate::{Result, row::Row};

/// Begins a new task over the document of one that has ended, with the same settings, for what that one was to do and
/// did not, and for pages that have no text; `None` when there is no such task. Final states never change, so what ended
/// stays as it is beside it. Push its `Inspect`.
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
        plan: Plan::ReadMissed(find_missed(conn, ended.id).await?),
        // An operator knows what it costs.
        max_runs: u32::MAX,
        key: None,
        trace,
    };
    begin(conn, &new).await
}

/// As [`begin_replay`], for who can wake nobody.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replay(conn: &mut PgConnection, ended: TaskId) -> Result<Option<Begun>> {
    let begun = begin_replay(conn, ended, Uuid::new_v4()).await?;
    if let Some(Begun::New(task)) = &begun {
        // Nobody was told: the next sweep does it.
        sqlx::query!("update tasks set dispatched_at = '-infinity' where id = $1", task.id.as_uuid())
            .execute(conn)
            .await?;
    }
    Ok(begun)
}

/// Finds the pages that a task was to read and did not, and that no later one has tried since. They may show text: what
/// an earlier task read.
async fn find_missed(conn: &mut PgConnection, task: TaskId) -> Result<BTreeSet<PageNumber>> {
    let at = Row { table: "pages", id: &task };
    let missed = sqlx::query_scalar!(
        "select p.page_number
        from pages p
        join tasks t on t.id = p.task_id
        where p.task_id = $1
            and p.state in ('failed', 'cancelled')
            and not exists (
                select
                from tasks later
                join pages again on again.task_id = later.id and again.page_number = p.page_number
                where later.document_id = t.document_id
                    and (later.created_at, later.id) > (t.created_at, t.id)
                    and again.state in ('done', 'failed')
            )",
        task.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    missed.into_iter().map(|page| at.page("page_number", page)).collect()
}
