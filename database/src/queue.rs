//! The queue over all owners, for administrators. The database asks for itself whether the actor is one (migration
//! 10): for anybody else there is nothing to see and nobody to stand in for.

use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::TaskId;

use crate::{Result, row::Row};

/// The queue in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Workers that are alive.
    pub workers: u32,
    /// Pages that they read at once.
    pub slots: u32,
    /// Tasks that have not ended.
    pub open_tasks: u32,
    /// Those that nobody has, and of which no page is being read.
    pub waiting_tasks: u32,
    /// How long one of them has waited, at most: since the last thing that happened to it.
    pub longest_wait: Option<Duration>,
    /// What was given up, where nobody had it tried again since.
    pub dead_letters: u32,
}

/// Counts what there is, for an actor who is an administrator; zeros for others.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count(conn: &mut PgConnection) -> Result<Totals> {
    let row = sqlx::query!(
        r#"select
            workers as "workers!",
            slots as "slots!",
            open_tasks as "open_tasks!",
            waiting_tasks as "waiting_tasks!",
            longest_wait,
            dead_letters as "dead_letters!"
        from count_queue()"#
    )
    .fetch_one(conn)
    .await?;
    let at = Row { table: "tasks", id: &"the queue" };
    Ok(Totals {
        workers: at.number("workers", row.workers)?,
        slots: at.number("slots", row.slots)?,
        open_tasks: at.number("open_tasks", row.open_tasks)?,
        waiting_tasks: at.number("waiting_tasks", row.waiting_tasks)?,
        longest_wait: row.longest_wait.map(|age| Duration::try_from_secs_f64(age).unwrap_or_default()),
        dead_letters: at.number("dead_letters", row.dead_letters)?,
    })
}

/// Lets an administrator act in the name of a task's owner for the rest of the transaction. `false`: there is no such
/// task, or the actor is no administrator, and acts in its own name as before.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn stand_in_for_owner(conn: &mut PgConnection, task: TaskId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select stand_in_for_owner($1) as "stands_in!""#, task.as_uuid()).fetch_one(conn).await?)
}
