use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{TaskId, TaskQueue};

/// What a worker is asked to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// Open the document and count its pages.
    Inspect,
    /// Read queued pages of the task.
    Recognise,
    /// End the task.
    Finish,
}

/// A wake-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Format of this entry: 1.
    pub version: u8,
    /// What to do.
    pub kind: QueueKind,
    /// The task to do it for.
    pub task: TaskId,
    /// Where that task waits, and so the stream that the entry goes into.
    #[serde(default)]
    pub queue: TaskQueue,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
}

impl QueueEntry {
    /// Makes an entry of the current version.
    #[must_use]
    pub const fn new(kind: QueueKind, task: TaskId, queue: TaskQueue, trace: Uuid) -> Self {
        Self { version: 1, kind, task, queue, trace }
    }
}

/// An entry that was taken, to be acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The stream that it was taken from.
    pub queue: TaskQueue,
    /// Stream id of the entry.
    pub id: String,
    /// The entry, `None` if it is of a version or form that this worker doesn't know.
    pub entry: Option<QueueEntry>,
}
