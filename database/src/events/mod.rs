//! What happened to tasks, numbered without gaps per task, and the listener that is told of it.
//!
//! An event is written in the transaction of the change it tells of. A notification carries ids and the number only,
//! and may be lost: whoever needs all of them reads [`after`] the last number it saw.

mod listener;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{EventKind, EventSeq, FailureCode, PageCounters, PageNumber, TaskEvent, TaskId};
use uuid::Uuid;

pub use listener::{Concerned, DocumentChange, Listener, Notification, Notified, Withdrawn};

use crate::{
    Error, Result,
    row::{Row, page_column},
};

/// Lists the events of a task of the actor that come after `seq`, in order, at most `limit`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn after(conn: &mut PgConnection, task: TaskId, seq: EventSeq, limit: u32) -> Result<Vec<TaskEvent>> {
    sqlx::query_as!(
        EventRow,
        "select
            e.task_id,
            t.document_id,
            e.seq,
            e.kind,
            e.page_number,
            e.state,
            e.total,
            e.done,
            e.failed,
            e.low,
            e.failure_code,
            e.at
        from task_events e
        join tasks t on t.id = e.task_id
        where e.task_id = $1 and e.seq > $2
        order by e.seq
        limit $3",
        task.as_uuid(),
        seq.0,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Writes the next event of a task whose state and counters were changed in this transaction. The last event of a
/// task is written by the statement that ends it.
pub(crate) async fn record(
    conn: &mut PgConnection,
    task: TaskId,
    kind: EventKind,
    page: Option<PageNumber>,
    failure: Option<FailureCode>,
) -> Result<()> {
    let written = sqlx::query!(
        "with task as (
            update tasks
            set
                last_seq = last_seq + 1,
                dispatched_at = clock_timestamp()
            where id = $1
            returning *
        )
        insert into task_events (
            task_id, seq, owner_id, kind, page_number, state, total, done, failed, low, failure_code
        )
        select id, last_seq, owner_id, $2, $3, state, page_count, pages_done, pages_failed, pages_low, $4 from task",
        task.as_uuid(),
        kind.as_str(),
        page.map(page_column),
        failure.map(FailureCode::as_str),
    )
    .execute(conn)
    .await?
    .rows_affected();
    if written == 1 { Ok(()) } else { Err(Error::NotFound("task")) }
}

struct EventRow {
    task_id: Uuid,
    document_id: Uuid,
    seq: i64,
    kind: String,
    page_number: Option<i32>,
    state: String,
    total: i32,
    done: i32,
    failed: i32,
    low: i32,
    failure_code: Option<String>,
    at: OffsetDateTime,
}

impl TryFrom<EventRow> for TaskEvent {
    type Error = Error;

    fn try_from(row: EventRow) -> Result<Self> {
        let at = Row { table: "task_events", id: &row.task_id };
        let failure: Option<FailureCode> = at.word_if_any("failure_code", row.failure_code.as_deref())?;
        Ok(Self {
            seq: EventSeq(row.seq),
            kind: at.word("kind", &row.kind)?,
            at: row.at,
            task: row.task_id.into(),
            document: row.document_id.into(),
            state: at.word("state", &row.state)?,
            page: row.page_number.map(|page| at.page("page_number", page)).transpose()?,
            pages: PageCounters {
                total: at.number("total", row.total)?,
                done: at.number("done", row.done)?,
                failed: at.number("failed", row.failed)?,
                low: at.number("low", row.low)?,
            },
            failure: failure.map(Into::into),
        })
    }
}
