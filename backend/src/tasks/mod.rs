//! OCR runs over documents, as their owner sees them.

mod cancel;
mod events;
mod place;
mod wake;

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::domain::{EventSeq, Failure, PageCounters, ReadingSettings, TaskId, TaskQueue, TaskState};
use untxt_database::tasks;

pub(crate) use cancel::stop;
pub(crate) use place::{KnownPlaces, Place, Places, load_places};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
pub(crate) use wake::wake_worker;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(events::list)).routes(routes!(cancel::cancel))
}

/// A task as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Task {
    id: TaskId,
    state: TaskState,
    pages: PageCounters,
    last_seq: EventSeq,
    failure: Option<Failure>,
    settings: ReadingSettings,
    queue: TaskQueue,
    /// Where it stands in its queue, while it has pages to be read.
    place: Option<Place>,
    is_rerun: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    started_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
}

impl From<&tasks::Task> for Task {
    fn from(task: &tasks::Task) -> Self {
        Self {
            id: task.id,
            state: task.state,
            pages: task.pages,
            last_seq: task.last_seq,
            failure: task.failure.map(Failure::from),
            settings: task.settings.clone(),
            queue: task.queue,
            place: None,
            is_rerun: task.is_rerun,
            created_at: task.created_at,
            started_at: task.started_at,
            ended_at: task.ended_at,
        }
    }
}

impl Task {
    /// Says where it stands, if it has pages to be read.
    pub(crate) fn place_among(&mut self, places: &Places) {
        self.place = self.waiting().and_then(|id| places.get(&id).cloned());
    }

    /// Gives its id, if it may have pages to be read.
    pub(crate) fn waiting(&self) -> Option<TaskId> {
        matches!(self.state, TaskState::Queued | TaskState::Inspecting | TaskState::Processing).then_some(self.id)
    }
}
