//! OCR runs over documents: who works on them, and how they end.
//!
//! Every change locks the task's row first and its pages after, so that workers wait for each other but never in a
//! circle. Only the database's clock counts.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::{
    domain::{DocumentId, EventSeq, FailureCode, OwnerId, PageCounters, TaskId, TaskState},
    queue::QueueEntry,
};
use uuid::Uuid;

use crate::Result;

/// A task as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Which.
    pub id: TaskId,
    /// Of which document.
    pub document: DocumentId,
    /// Where it stands.
    pub state: TaskState,
    /// How its pages stand.
    pub pages: PageCounters,
    /// Its newest event.
    pub last_seq: EventSeq,
    /// Why it failed.
    pub failure: Option<FailureCode>,
    /// Attempt that made the searchable PDF, for its `ObjectKey`; none as long as there is no PDF.
    pub pdf_attempt: Option<u32>,
    /// Languages to read, such as `eng+deu`.
    pub languages: String,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
    /// When its pages were known.
    pub started_at: Option<OffsetDateTime>,
    /// When it reached its final state.
    pub ended_at: Option<OffsetDateTime>,
}

/// A task that the caller may work on until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedTask {
    /// Which.
    pub task: TaskId,
    /// Of which document.
    pub document: DocumentId,
    /// Whose: begin the transaction that reads the document and its key as this actor.
    pub owner: OwnerId,
    /// Never given twice for this task: names the objects that this attempt makes.
    pub attempt: u32,
    /// How many attempts of this step count against the limit, this one included; releases don't.
    pub tries: u32,
    /// Proves that the claim is still ours.
    pub lease_token: Uuid,
    /// Languages to read, such as `eng+deu`.
    pub languages: String,
    /// What is to be done: `Inspecting` or `Finishing`.
    pub state: TaskState,
    /// How its pages stand.
    pub pages: PageCounters,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
}

/// Finds a task of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(_conn: &mut PgConnection, _id: TaskId) -> Result<Option<Task>> {
    unimplemented!()
}

/// Finds the newest task of a document of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn latest_of(_conn: &mut PgConnection, _document: DocumentId) -> Result<Option<Task>> {
    unimplemented!()
}

/// Claims a task that waits to be inspected or finished, or whose worker let its lease run out. `None`: nothing to
/// do here now; drop the wake-up.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn claim(
    _conn: &mut PgConnection,
    _task: TaskId,
    _lease: Duration,
    _max_attempts: u32,
) -> Result<Option<ClaimedTask>> {
    unimplemented!()
}

/// Moves the end of the lease to `lease` from now.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn extend_lease(_conn: &mut PgConnection, _claimed: &ClaimedTask, _lease: Duration) -> Result<()> {
    unimplemented!()
}

/// Ends an inspection: inserts all pages and writes `task.started`. The lease ends with it.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn begin_pages(_conn: &mut PgConnection, _claimed: &ClaimedTask, _page_count: u32) -> Result<()> {
    unimplemented!()
}

/// Ends the task as failed and writes `task.failed`: the document is at fault.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn fail(_conn: &mut PgConnection, _claimed: &ClaimedTask, _failure: FailureCode) -> Result<()> {
    unimplemented!()
}

/// Hands the task back, to be claimed again after `delay`, without using up an attempt: the world is at fault, or we
/// shut down.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn release(_conn: &mut PgConnection, _claimed: &ClaimedTask, _delay: Duration) -> Result<()> {
    unimplemented!()
}

/// Ends a task whose pages have all ended, and writes the last event. `Failed` when no page was read; else `Done`
/// when all were and there is a searchable PDF; else `DoneWithErrors`.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn finish(_conn: &mut PgConnection, _claimed: &ClaimedTask, _pdf_attempt: Option<u32>) -> Result<TaskState> {
    unimplemented!()
}

/// Repairs what lost its worker or its wake-up: ends pages and tasks that used up their attempts, and gives the
/// entries to push after the commit. A task is pushed again when nobody worked on it for `stale`.
/// Any worker may call it; while another one sweeps, it does nothing.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn sweep(_conn: &mut PgConnection, _max_attempts: u32, _stale: Duration) -> Result<Vec<QueueEntry>> {
    unimplemented!()
}
