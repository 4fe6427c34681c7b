use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::{
    domain::{FailureCode, TaskId, TaskQueue, TaskState},
    queue::{QueueEntry, QueueKind},
    sabotage::{Protection, is_off},
};
use uuid::Uuid;

use super::end::{Ending, end_with_open_pages, finish_under};
use crate::{
    Error, Result, dead_letters,
    election::{Duty, elect},
    pages::{Completed, end_exhausted},
    row::{Row, count_column},
};

/// How many tasks, oldest first, are looked at in one go. A wake-up makes a slot ask whose turn it is, whichever task it
/// names, so with a long queue a few are enough, and pushing all of them again and again would flood it.
const WINDOW: i64 = 64;

/// Repairs what lost its worker or its wake-up: ends pages and tasks that used up their attempts, and gives the
/// entries to push after the commit. A task is pushed again when nobody worked on it for `stale`, and as soon as a
/// lease or a pause in it has ended.
/// Any worker may call it; while another one sweeps, it does nothing.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn sweep(conn: &mut PgConnection, max_attempts: u32, stale: Duration) -> Result<Vec<QueueEntry>> {
    if !elect(conn, Duty::Sweep).await? {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    if !is_off(Protection::Reconciler) {
        entries = end_exhausted_pages(conn, max_attempts).await?;
        for task in find_exhausted(conn, max_attempts).await? {
            end_exhausted_task(conn, &task).await?;
        }
    }
    let mut pushed = Vec::new();
    for task in find_stuck(conn, stale).await? {
        if is_off(task.needed()?) {
            continue;
        }
        pushed.push(task.id);
        entries.push(QueueEntry::new(task.kind()?, TaskId::from(task.id), task.queue()?, task.trace));
    }
    sqlx::query!("update tasks set dispatched_at = clock_timestamp() where id = any($1)", &pushed)
        .execute(conn)
        .await?;
    Ok(entries)
}

/// Fails pages whose last attempt died, and wakes the finisher of tasks that had no other open page.
async fn end_exhausted_pages(conn: &mut PgConnection, max_attempts: u32) -> Result<Vec<QueueEntry>> {
    let rows = sqlx::query!(
        r#"select
            t.id,
            t.queue,
            t.trace,
            p.page_number,
            p.lease_token as "lease_token!"
        from pages p
        join tasks t on t.id = p.task_id
        where p.state = 'processing' and p.lease_until < clock_timestamp() and p.tries >= $1
        order by t.id, p.page_number
        limit $2
        -- the task first, as everywhere; a task that somebody works on is left to the next sweep
        for no key update of t skip locked"#,
        count_column(max_attempts),
        WINDOW,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut entries = Vec::new();
    for row in rows {
        let (task, at) = (TaskId::from(row.id), Row { table: "pages", id: &row.id });
        let queue: TaskQueue = at.word("queue", &row.queue)?;
        match end_exhausted(conn, task, at.page("page_number", row.page_number)?, row.lease_token).await {
            Ok(Completed { is_last: true }) => entries.push(QueueEntry::new(QueueKind::Finish, task, queue, row.trace)),
            // Lost: its worker came back to life in time.
            Ok(Completed { is_last: false }) | Err(Error::LeaseLost) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(entries)
}

/// A task that could go on, but nobody was told of it or worked on it lately, or one that can't.
struct Stuck {
    id: Uuid,
    state: String,
    queue: String,
    trace: Uuid,
    lease_token: Option<Uuid>,
}

impl Stuck {
    fn state(&self) -> Result<TaskState> {
        Row { table: "tasks", id: &self.id }.word("state", &self.state)
    }

    fn queue(&self) -> Result<TaskQueue> {
        Row { table: "tasks", id: &self.id }.word("queue", &self.queue)
    }

    /// Says what it would be lost without.
    fn needed(&self) -> Result<Protection> {
        Ok(if self.state()? == TaskState::Queued { Protection::Outbox } else { Protection::Reconciler })
    }

    fn kind(&self) -> Result<QueueKind> {
        Ok(match self.state()? {
            TaskState::Processing => QueueKind::Recognise,
            TaskState::Finishing => QueueKind::Finish,
            _ => QueueKind::Inspect,
        })
    }
}

/// Finds tasks whose last attempt died, however many others wait.
async fn find_exhausted(conn: &mut PgConnection, max_attempts: u32) -> Result<Vec<Stuck>> {
    Ok(sqlx::query_as!(
        Stuck,
        "select id, state, queue, trace, lease_token
        from tasks
        where lease_until < clock_timestamp() and tries >= $1 and state in ('inspecting', 'finishing')
        -- their ends lock turns in this order
        order by owner_id, queue
        limit $2
        for no key update skip locked",
        count_column(max_attempts),
        WINDOW,
    )
    .fetch_all(conn)
    .await?)
}

async fn find_stuck(conn: &mut PgConnection, stale: Duration) -> Result<Vec<Stuck>> {
    Ok(sqlx::query_as!(
        Stuck,
        "with waiting as (
            select id
            from tasks
            where state in ('queued', 'inspecting', 'processing', 'finishing')
                and case state
                    when 'queued' then next_try_at <= clock_timestamp()
                    when 'inspecting' then lease_until < clock_timestamp()
                    when 'finishing' then coalesce(lease_until, next_try_at) < clock_timestamp()
                    else exists (
                        select
                        from pages
                        where pages.task_id = tasks.id
                            and pages.state in ('queued', 'processing')
                            and coalesce(pages.lease_until, pages.next_try_at) < clock_timestamp()
                    )
                end
            order by created_at
            limit $2
        )
        select id, state, queue, trace, lease_token
        from tasks
        where id in (select id from waiting)
            and (
                dispatched_at < clock_timestamp() - make_interval(secs => $1)
                -- a lease or a pause that ended since then is news
                or state <> 'processing'
                    and attempt > 0
                    and coalesce(lease_until, next_try_at) between dispatched_at and clock_timestamp()
                or exists (
                    select
                    from pages
                    where pages.task_id = tasks.id
                        and pages.state in ('queued', 'processing')
                        and pages.attempt > 0
                        and coalesce(pages.lease_until, pages.next_try_at) between tasks.dispatched_at and clock_timestamp()
                )
            )
            and state in ('queued', 'inspecting', 'processing', 'finishing')
        order by created_at
        for no key update of tasks skip locked",
        stale.as_secs_f64(),
        WINDOW,
    )
    .fetch_all(conn)
    .await?)
}

/// Ends a task whose last attempt died: it fails, or goes without a searchable PDF when its pages were read.
async fn end_exhausted_task(conn: &mut PgConnection, task: &Stuck) -> Result<()> {
    let Some(lease_token) = task.lease_token else { return Ok(()) };
    let id = TaskId::from(task.id);
    if task.state()? == TaskState::Finishing {
        finish_under(conn, id, lease_token, Err(FailureCode::Internal)).await?;
    } else {
        let ending = Ending { state: TaskState::Failed, failure: Some(FailureCode::Crashed), pdf_attempt: None };
        end_with_open_pages(conn, id, Some(lease_token), &ending).await?;
    }
    dead_letters::write_task(conn, id, FailureCode::Crashed).await
}
