use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    DocumentId, EventSeq, Failure, PageNumber, TaskId, TaskState,
    state::{UnknownName, closed_list},
};

closed_list!(
    /// What an event tells.
    EventKind {
        /// The upload was accepted.
        TaskQueued = "task.queued",
        /// A worker knows the pages and begins to read.
        TaskStarted = "task.started",
        /// A worker began this page.
        PageStarted = "page.started",
        /// This page can be read now.
        PageDone = "page.done",
        /// This page failed for good.
        PageFailed = "page.failed",
        /// Reading this page again failed; what was read before stays.
        PageKept = "page.kept",
        /// This page is being tried again.
        PageRetried = "page.retried",
        /// Every page was read.
        TaskDone = "task.done",
        /// Some pages were read, others failed.
        TaskDoneWithErrors = "task.done_with_errors",
        /// Nothing could be read.
        TaskFailed = "task.failed",
        /// A person stopped it.
        TaskCancelled = "task.cancelled",
    }
);

/// How a task's pages stand. `total` is 0 until the document was inspected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PageCounters {
    /// Pages of the document.
    pub total: u32,
    /// Pages whose text is stored.
    pub done: u32,
    /// Pages that failed for good.
    pub failed: u32,
    /// Pages among `done` whose mean confidence is low.
    pub low: u32,
}

/// One numbered step of a task. It carries the whole counter set, so that the newest event alone is enough to draw
/// the screen; it never carries text or names.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskEvent {
    /// Position within the task, from 1, without gaps.
    pub seq: EventSeq,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When, by the database's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The task it happened to.
    pub task: TaskId,
    /// The task's document.
    pub document: DocumentId,
    /// State of the task after the event.
    pub state: TaskState,
    /// The page it is about, for `page.*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<PageNumber>,
    /// All counters after the event.
    pub pages: PageCounters,
    /// Why, for failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}
