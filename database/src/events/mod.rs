//! What happened to tasks, numbered without gaps per task, and the listener that is told of it.
//!
//! An event is written in the transaction of the change it tells of. A notification carries ids and the number only,
//! and may be lost: whoever needs all of them reads [`after`] the last number it saw.

mod listener;

use sqlx::PgConnection;
use untxt_core::domain::{EventSeq, TaskEvent, TaskId};

pub use listener::{Listener, Notified};

use crate::Result;

/// Lists the events of a task of the actor that come after `seq`, in order, at most `limit`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn after(_conn: &mut PgConnection, _task: TaskId, _seq: EventSeq, _limit: u32) -> Result<Vec<TaskEvent>> {
    unimplemented!()
}
