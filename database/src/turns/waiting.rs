use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{OwnerId, TaskId, TaskQueue, TaskState};
use uuid::Uuid;

use crate::{
    Result,
    row::{Row, seconds_left},
};

/// An open task as an operator sees it: what holds it, and no word about what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTask {
    /// Which.
    pub task: TaskId,
    /// Whose.
    pub owner: OwnerId,
    /// Their login; only administrators are told.
    pub owner_login: Option<String>,
    /// Where it waits.
    pub queue: TaskQueue,
    /// Where it stands.
    pub state: TaskState,
    /// Pages that it has, 0 as long as nobody has opened it.
    pub pages: u32,
    /// Pages that have ended.
    pub ended: u32,
    /// Pages that somebody reads.
    pub in_work: u32,
    /// How old it is.
    pub age: Duration,
    /// How long whoever has it may keep it without a word.
    pub held_for: Option<Duration>,
    /// How long nobody will look at it, because it was put off.
    pub paused_for: Option<Duration>,
}

/// Lists open tasks of everybody, oldest first; one of them if `only` is given. For workers and administrators; others
/// find nothing.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_open(conn: &mut PgConnection, only: Option<TaskId>, limit: u32) -> Result<Vec<OpenTask>> {
    let rows = sqlx::query!(
        r#"select
            task_id as "id!",
            owner_id as "owner_id!",
            owner_login,
            queue as "queue!",
            state as "state!",
            pages as "pages!",
            ended as "ended!",
            in_work as "in_work!",
            age as "age!",
            held_for,
            paused_for
        from list_open_tasks($1, $2)"#,
        only.map(TaskId::as_uuid) as Option<Uuid>,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let at = Row { table: "tasks", id: &row.id };
            Ok(OpenTask {
                task: row.id.into(),
                owner: row.owner_id.into(),
                owner_login: row.owner_login,
                queue: at.word("queue", &row.queue)?,
                state: at.word("state", &row.state)?,
                pages: at.number("page_count", row.pages)?,
                ended: at.number("pages_done", row.ended)?,
                in_work: at.number("in_work", row.in_work)?,
                age: Duration::try_from_secs_f64(row.age).unwrap_or_default(),
                held_for: seconds_left(row.held_for),
                paused_for: seconds_left(row.paused_for),
            })
        })
        .collect()
}
