use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::domain::{Failure, PageNumber, TaskId, TaskQueue, TaskState};
use untxt_database::{
    dead_letters::{self, DeadLetter, Which},
    queue::{self, Totals},
    turns::{self, OpenTask},
    workers,
};
use utoipa::ToSchema;

use crate::{App, problem::ApiError, session::Actor};

/// Rows of one list; a longer queue is no easier to read. The totals tell how long it is.
const MAX_ROWS: u32 = 200;

#[derive(Serialize, ToSchema)]
pub(super) struct Queue {
    totals: QueueTotals,
    /// Oldest first.
    workers: Vec<Worker>,
    /// Oldest first.
    tasks: Vec<QueueTask>,
    /// Newest first; those that nobody had tried again since.
    dead_letters: Vec<GivenUp>,
}

#[derive(Serialize, ToSchema)]
struct QueueTotals {
    workers: u32,
    slots: u32,
    open_tasks: u32,
    /// Nobody has them, and none of their pages is being read.
    waiting_tasks: u32,
    /// Since the last thing that happened to one of them.
    longest_wait_seconds: Option<u64>,
    dead_letters: u32,
}

#[derive(Serialize, ToSchema)]
struct Worker {
    /// The end of its id.
    id: String,
    version: String,
    slots: u32,
    /// Mean of its last pages; null before the first.
    page_seconds: Option<f32>,
    /// Queue entries that it could not read.
    dropped_entries: u64,
}

#[derive(Serialize, ToSchema)]
struct QueueTask {
    id: TaskId,
    /// Login of whose it is.
    owner: Option<String>,
    queue: TaskQueue,
    state: TaskState,
    pages: QueuePages,
    age_seconds: u64,
    /// How long whoever has it may keep it without a word.
    held_seconds: Option<u64>,
    /// How long nobody will look at it, because something that it needs did not answer.
    paused_seconds: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct QueuePages {
    /// 0 as long as nobody has opened it.
    total: u32,
    ended: u32,
    in_work: u32,
}

#[derive(Serialize, ToSchema)]
struct GivenUp {
    task: TaskId,
    /// Null: the document as a whole.
    page: Option<PageNumber>,
    failure: Failure,
    attempts: u32,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

/// Shows what is going on.
#[utoipa::path(
    get,
    path = "/api/v1/admin/queue",
    responses((status = 200, description = "what is going on", body = Queue)),
)]
pub(super) async fn show(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Queue>, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    let totals = queue::count(&mut tx).await?;
    let workers = workers::list(&mut tx, MAX_ROWS).await?;
    let tasks = turns::list_open(&mut tx, None, MAX_ROWS).await?;
    let letters = dead_letters::list(&mut tx, Which::Unanswered, MAX_ROWS).await?;
    tx.commit().await?;
    Ok(Json(Queue {
        totals: totals.into(),
        workers: workers.into_iter().map(Worker::from).collect(),
        tasks: tasks.into_iter().map(QueueTask::from).collect(),
        dead_letters: letters.into_iter().map(GivenUp::from).collect(),
    }))
}

impl From<Totals> for QueueTotals {
    fn from(totals: Totals) -> Self {
        Self {
            workers: totals.workers,
            slots: totals.slots,
            open_tasks: totals.open_tasks,
            waiting_tasks: totals.waiting_tasks,
            longest_wait_seconds: totals.longest_wait.map(|wait| wait.as_secs()),
            dead_letters: totals.dead_letters,
        }
    }
}

impl From<workers::Worker> for Worker {
    fn from(worker: workers::Worker) -> Self {
        let id = worker.id.simple().to_string();
        Self {
            // Ids begin with the time: workers that were started together differ at the end.
            id: id[id.len() - 8..].to_owned(),
            version: worker.version,
            slots: worker.slots,
            page_seconds: worker.page_seconds,
            dropped_entries: worker.dropped_entries,
        }
    }
}

impl From<OpenTask> for QueueTask {
    fn from(task: OpenTask) -> Self {
        // A part of a second left is not over.
        let seconds = |left: Option<Duration>| left.map(|left| left.as_secs() + 1);
        Self {
            id: task.task,
            owner: task.owner_login,
            queue: task.queue,
            state: task.state,
            pages: QueuePages { total: task.pages, ended: task.ended, in_work: task.in_work },
            age_seconds: task.age.as_secs(),
            held_seconds: seconds(task.held_for),
            paused_seconds: seconds(task.paused_for),
        }
    }
}

impl From<DeadLetter> for GivenUp {
    fn from(letter: DeadLetter) -> Self {
        Self {
            task: letter.task,
            page: letter.page,
            failure: letter.reason.into(),
            attempts: letter.attempts,
            at: letter.at,
        }
    }
}
