use sqlx::PgConnection;
use untxt_core::domain::TaskId;
use uuid::Uuid;

use crate::Result;

/// Makes a new task over the document of one that has ended, with the same settings, and gives it; `None` when there
/// is no such task or it is still open. Final states never change, so what ended stays as it is beside it.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replay(conn: &mut PgConnection, ended: TaskId) -> Result<Option<TaskId>> {
    let new = TaskId::generate();
    let inserted = sqlx::query!(
        "with task as (
            insert into tasks (id, document_id, owner_id, languages, preset, text_mode, queue, last_seq, trace)
            select $2, document_id, owner_id, languages, preset, text_mode, queue, 1, $3
            from tasks
            where id = $1 and state in ('done', 'done_with_errors', 'failed', 'cancelled')
            returning *
        )
        insert into task_events (task_id, seq, owner_id, kind, state, total, done, failed, low)
        select id, last_seq, owner_id, 'task.queued', state, 0, 0, 0, 0 from task",
        ended.as_uuid(),
        new.as_uuid(),
        Uuid::new_v4(),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if inserted == 0 {
        return Ok(None);
    }
    // Nobody was told: the next sweep does it.
    sqlx::query!("update tasks set dispatched_at = '-infinity' where id = $1", new.as_uuid()).execute(conn).await?;
    Ok(Some(new))
}
