//! Work that was given up: its attempts were used up, or its reader tried to get out. Written in the transaction that
//! ends it; operators list it and replay it.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{FailureCode, PageNumber, TaskId};

use crate::{
    Result,
    row::{Row, page_column},
};

/// Something that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Of which task.
    pub task: TaskId,
    /// Which page; none: the document as a whole.
    pub page: Option<PageNumber>,
    /// Why.
    pub reason: FailureCode,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: OffsetDateTime,
}

/// Says whether this is the end of something that somebody should look at; a document that can't be opened is not.
const fn is_given_up(reason: FailureCode) -> bool {
    matches!(
        reason,
        FailureCode::Crashed | FailureCode::Timeout | FailureCode::OutOfMemory | FailureCode::SandboxViolation
    )
}

/// Writes down that a page was given up, if that is what its failure means.
pub(crate) async fn write_page(
    conn: &mut PgConnection,
    task: TaskId,
    page: PageNumber,
    reason: FailureCode,
) -> Result<()> {
    if !is_given_up(reason) {
        return Ok(());
    }
    sqlx::query!(
        "insert into dead_letters (task_id, owner_id, page_number, reason, attempts)
        select task_id, owner_id, page_number, $3, greatest(tries, 1)
        from pages
        where task_id = $1 and page_number = $2",
        task.as_uuid(),
        page_column(page),
        reason.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down that a task's inspection or end was given up, if that is what its failure means.
pub(crate) async fn write_task(conn: &mut PgConnection, task: TaskId, reason: FailureCode) -> Result<()> {
    if !is_given_up(reason) {
        return Ok(());
    }
    sqlx::query!(
        "insert into dead_letters (task_id, owner_id, reason, attempts)
        select id, owner_id, $2, greatest(tries, 1)
        from tasks
        where id = $1",
        task.as_uuid(),
        reason.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which letters are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those that nobody had tried again since.
    Unanswered,
}

/// Lists what was given up, the newest first. For workers and administrators; others find nothing.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, which: Which, limit: u32) -> Result<Vec<DeadLetter>> {
    let rows = sqlx::query!(
        r#"select
            id as "id!",
            task_id as "task_id!",
            page_number,
            reason as "reason!",
            attempts as "attempts!",
            at as "at!"
        from list_dead_letters($1, $2)"#,
        which == Which::Unanswered,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let at = Row { table: "dead_letters", id: &row.id };
            Ok(DeadLetter {
                task: row.task_id.into(),
                page: row.page_number.map(|page| at.page("page_number", page)).transpose()?,
                reason: at.word("reason", &row.reason)?,
                attempts: at.number("attempts", row.attempts)?,
                at: row.at,
            })
        })
        .collect()
}
