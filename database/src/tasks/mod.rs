//! OCR runs over documents: who works on them, and how they end.
//!
//! Every change locks rows in one order, which stands in `lock.rs`. Only the database's clock counts.

mod backlog;
mod cancel;
mod claim;
mod end;
mod find;
mod lock;
mod published;
mod replay;
mod rerun;
mod sweep;

use time::OffsetDateTime;
use untxt_core::domain::{
    DocumentId, EventSeq, FailureCode, OwnerId, PageCounters, ReadingSettings, TaskId, TaskQueue, TaskState,
};
use uuid::Uuid;

pub use backlog::{Backlog, backlog};
pub use cancel::{Stopped, cancel};
pub(crate) use claim::expect_held;
pub use claim::{begin_known_pages, begin_pages, claim, extend_lease, release, retry};
pub use end::{Pdf, fail, finish};
pub(crate) use end::{lock_open, stop};
pub use find::{find, find_first, is_quarantined};
pub(crate) use find::{find_current, find_keyed};
pub(crate) use lock::{keep_all, lock, lock_document, lock_runs};
pub use published::list_superseded_pdfs;
pub use replay::{begin_replay, replay};
pub use rerun::{Begun, NewRun, Plan, Refusal, RequestKey, begin};
pub use sweep::sweep;

use crate::{Error, Result, row::Row};

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
    /// How it is read.
    pub settings: ReadingSettings,
    /// Where it waits for its turn.
    pub queue: TaskQueue,
    /// The document was read before: pages that are not read again show what earlier runs read.
    pub is_rerun: bool,
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
    /// How it is read.
    pub settings: ReadingSettings,
    /// Where it waits for its turn.
    pub queue: TaskQueue,
    /// What is to be done: `Inspecting` or `Finishing`.
    pub state: TaskState,
    /// How its pages stand.
    pub pages: PageCounters,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
}

/// A task as its columns say.
pub(crate) struct TaskRow {
    pub(crate) id: Uuid,
    pub(crate) document_id: Uuid,
    pub(crate) state: String,
    pub(crate) page_count: i32,
    pub(crate) pages_done: i32,
    pub(crate) pages_failed: i32,
    pub(crate) pages_low: i32,
    pub(crate) last_seq: i64,
    pub(crate) failure_code: Option<String>,
    pub(crate) pdf_attempt: Option<i32>,
    pub(crate) languages: String,
    pub(crate) preset: String,
    pub(crate) text_mode: String,
    pub(crate) queue: String,
    pub(crate) is_rerun: bool,
    pub(crate) trace: Uuid,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) started_at: Option<OffsetDateTime>,
    pub(crate) ended_at: Option<OffsetDateTime>,
}

impl TryFrom<TaskRow> for Task {
    type Error = Error;

    fn try_from(row: TaskRow) -> Result<Self> {
        let at = Row { table: "tasks", id: &row.id };
        Ok(Self {
            id: row.id.into(),
            document: row.document_id.into(),
            state: at.word("state", &row.state)?,
            pages: PageCounters {
                total: at.number("page_count", row.page_count)?,
                done: at.number("pages_done", row.pages_done)?,
                failed: at.number("pages_failed", row.pages_failed)?,
                low: at.number("pages_low", row.pages_low)?,
            },
            last_seq: EventSeq(row.last_seq),
            failure: at.word_if_any("failure_code", row.failure_code.as_deref())?,
            pdf_attempt: at.number_if_any("pdf_attempt", row.pdf_attempt)?,
            settings: at.settings(row.languages, &row.preset, &row.text_mode)?,
            queue: at.word("queue", &row.queue)?,
            is_rerun: row.is_rerun,
            trace: row.trace,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}
