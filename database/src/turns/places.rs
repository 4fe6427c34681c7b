use std::{collections::HashMap, time::Duration};

use sqlx::PgConnection;
use untxt_core::domain::TaskId;

use crate::{Result, row::Row};

/// Where a task stands in its queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// How many pages of others and of its owner are read before its next one.
    pub pages_before: u64,
    /// When its last page will have been read, as far as anybody can know: at the pace of the last pages, and if
    /// nobody comes who goes first. A document that nobody has opened counts as one page. `None`: no worker is alive,
    /// or none has read anything yet.
    pub remaining: Option<Duration>,
    /// Workers that are alive.
    pub workers: u64,
}

/// Finds where the actor's tasks stand that have pages to be read.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn places(conn: &mut PgConnection) -> Result<HashMap<TaskId, Place>> {
    let has_open = sqlx::query_scalar!(
        r#"select exists (
            select
            from tasks
            where owner_id = current_actor() and state in ('queued', 'inspecting', 'processing')
        ) as "has_open!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    if !has_open {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select
            task_id as "task_id!",
            pages_before as "pages_before!",
            pages_until_end as "pages_until_end!",
            workers as "workers!",
            slots as "slots!",
            page_seconds
        from find_places()"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let at = Row { table: "tasks", id: &row.task_id };
            let pages_until_end: u32 = at.number("pages_until_end", row.pages_until_end)?;
            let slots: u32 = at.number("slots", row.slots)?;
            let seconds = row.page_seconds.filter(|_| slots > 0).map(|page| page * f64::from(pages_until_end));
            let remaining = seconds.and_then(|all| Duration::try_from_secs_f64(all / f64::from(slots)).ok());
            let place = Place {
                pages_before: at.number("pages_before", row.pages_before)?,
                remaining,
                workers: at.number("workers", row.workers)?,
            };
            Ok((row.task_id.into(), place))
        })
        .collect()
}
