use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{OwnerId, TaskId, TaskQueue, TaskState};

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
    /// How often its present step was begun, and how often pages were, beyond the first time.
    pub tries: u32,
    /// How old it is.
    pub age: Duration,
    /// How long whoever has it may keep it without a word.
    pub held_for: Option<Duration>,
    /// How long nobody will look at it, because it was put off.
    pub paused_for: Option<Duration>,
}

/// Lists open tasks of everybody, oldest first; one of them if `only` is given. For workers and operators.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_open(conn: &mut PgConnection, only: Option<TaskId>, limit: u32) -> Result<Vec<OpenTask>> {
    let rows = sqlx::query!(
        r#"select
            t.id,
            t.owner_id,
            t.queue,
            t.state,
            t.page_count,
            t.pages_done + t.pages_failed as "ended!",
            t.tries,
            extract(epoch from clock_timestamp() - t.created_at)::double precision as "age!",
            extract(epoch from t.lease_until - clock_timestamp())::double precision as held_for,
            extract(epoch from t.next_try_at - clock_timestamp())::double precision as paused_for,
            (select count(*) from pages p where p.task_id = t.id and p.state = 'processing') as "in_work!"
        from tasks t
        where t.state in ('queued', 'inspecting', 'processing', 'finishing') and ($1::uuid is null or t.id = $1)
        order by t.created_at
        limit $2"#,
        only.map(TaskId::as_uuid),
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
                queue: at.word("queue", &row.queue)?,
                state: at.word("state", &row.state)?,
                pages: at.number("page_count", row.page_count)?,
                ended: at.number("pages_done", row.ended)?,
                in_work: at.number("in_work", row.in_work)?,
                tries: at.number("tries", row.tries)?,
                age: Duration::try_from_secs_f64(row.age).unwrap_or_default(),
                held_for: seconds_left(row.held_for),
                paused_for: seconds_left(row.paused_for),
            })
        })
        .collect()
}
