//! Locks. Whoever takes several takes them in this order, so that they wait for each other but never in a circle:
//!
//! 1. the first task of a document, by whoever adds a run to it, stops one or deletes it: it stands for the document,
//!    whose own row says where it is filed, and is locked alone by whoever only files it;
//! 2. other tasks, from the oldest on; the sweeper, which takes tasks of many documents, waits for none;
//! 3. pages, only under the lock of their task;
//! 4. the document's row, which a new task, the trash and the deletion lock (the two latter before pages: they have the tasks
//!    that are open by then);
//! 5. turns, by owner and queue.

use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, TaskId};

use crate::Result;

/// Holds the task's row until the transaction ends, `false` when it is gone. Whoever changes pages and counters takes
/// this lock first.
pub(crate) async fn lock(conn: &mut PgConnection, task: TaskId) -> Result<bool> {
    let found = sqlx::query_scalar!("select id from tasks where id = $1 for no key update", task.as_uuid())
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Holds a document of the actor until the transaction ends, `false` when there is none: of two who begin a run the
/// second sees what the first did.
pub(crate) async fn lock_document(conn: &mut PgConnection, document: DocumentId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from tasks where document_id = $1 order by created_at, id limit 1 for no key update",
        document.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Holds every run over a document of the actor until the transaction ends, and lists them, oldest first. None is added
/// meanwhile.
pub(crate) async fn lock_runs(conn: &mut PgConnection, document: DocumentId) -> Result<Vec<TaskId>> {
    lock_document(conn, document).await?;
    // A second statement, because only a new snapshot sees the run that was begun while we waited.
    let runs = sqlx::query_scalar!(
        "select id from tasks where document_id = $1 order by created_at, id for update",
        document.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(runs.into_iter().map(TaskId::from).collect())
}

/// Keeps these tasks from being deleted until the transaction ends. Whoever writes rows that hang on pages of several
/// documents takes this lock first: a deletion takes the pages of a task only when it holds the task.
pub(crate) async fn keep_all(conn: &mut PgConnection, tasks: &[TaskId]) -> Result<()> {
    let tasks: Vec<_> = tasks.iter().map(|task| task.as_uuid()).collect();
    sqlx::query!("select id from tasks where id = any($1) order by created_at, id for key share", &tasks)
        .fetch_all(conn)
        .await?;
    Ok(())
}
