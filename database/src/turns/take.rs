use sqlx::PgConnection;
use untxt_core::domain::{OwnerId, TaskId};

use super::{Asking, Turn};
use crate::{Result, pages, row::count_column, tasks};

/// Chooses what is to be done next, and claims it. Commit after [`Turn::Task`] and [`Turn::Page`], roll back after the
/// others.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take(conn: &mut PgConnection, asking: &Asking) -> Result<Turn> {
    let chosen = sqlx::query_scalar!(
        "select choose_task($1, $2, $3, $4)",
        asking.open_task.map(TaskId::as_uuid),
        asking.stored_lease,
        count_column(asking.max_attempts),
        count_column(asking.max_pages_per_owner),
    )
    .fetch_one(&mut *conn)
    .await?;
    let Some(task) = chosen.map(TaskId::from) else { return Ok(Turn::Rest) };
    if !begin_turn(conn, task, asking).await? {
        return Ok(Turn::Again);
    }
    if let Some(page) = claim_page(conn, task, asking).await? {
        return Ok(page);
    }
    let claimed = tasks::claim(conn, task, asking.lease, asking.max_attempts).await?;
    Ok(claimed.map_or(Turn::Again, |claimed| Turn::Task(Box::new(claimed))))
}

/// Claims the next page of a task that the caller has just inspected: its first page belongs to the same turn.
/// [`Turn::Rest`]: somebody else has it, or its owner has as many pages in work as may be.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take_page_of(conn: &mut PgConnection, task: TaskId, asking: &Asking) -> Result<Turn> {
    if !begin_turn(conn, task, asking).await? {
        return Ok(Turn::Rest);
    }
    Ok(claim_page(conn, task, asking).await?.unwrap_or(Turn::Rest))
}

async fn claim_page(conn: &mut PgConnection, task: TaskId, asking: &Asking) -> Result<Option<Turn>> {
    let page = pages::claim_next(conn, task, asking.lease, asking.max_attempts, asking.stored_lease).await?;
    Ok(page.map(|page| Turn::Page(Box::new(page))))
}

/// Writes down that the owner of the task was served, `false` when the task is gone or the owner has as many pages in
/// work as may be. Claims for one owner pass here one by one, so that two of them can't both be the last one allowed.
async fn begin_turn(conn: &mut PgConnection, task: TaskId, asking: &Asking) -> Result<bool> {
    if !tasks::lock(conn, task).await? {
        return Ok(false);
    }
    if asking.max_pages_per_owner > 0 {
        lock_turns(conn, task).await?;
    }
    let owner = sqlx::query_scalar!(
        "update turns
        set served_at = clock_timestamp()
        from tasks
        where tasks.id = $1 and turns.owner_id = tasks.owner_id and turns.queue = tasks.queue
        returning turns.owner_id",
        task.as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match owner {
        Some(owner) if asking.max_pages_per_owner > 0 => {
            Ok(count_in_work(conn, owner.into(), asking).await? < i64::from(asking.max_pages_per_owner))
        }
        found => Ok(found.is_some()),
    }
}

/// Holds the turns of a task's owner in both queues: what is in work is counted over both.
async fn lock_turns(conn: &mut PgConnection, task: TaskId) -> Result<()> {
    sqlx::query!(
        "select turns.queue
        from turns
        join tasks on tasks.owner_id = turns.owner_id
        where tasks.id = $1
        order by turns.queue
        for no key update of turns",
        task.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Counts what is in work for an owner, in every queue.
async fn count_in_work(conn: &mut PgConnection, owner: OwnerId, asking: &Asking) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select
            (
                select count(*)
                from pages
                where owner_id = $1 and state = 'processing' and lease_until > statement_timestamp()
                    and lease_token is distinct from $2
            )
            + (select count(*) from tasks where owner_id = $1 and lease_until > statement_timestamp())
            as "in_work!""#,
        owner.as_uuid(),
        asking.stored_lease,
    )
    .fetch_one(conn)
    .await?)
}
