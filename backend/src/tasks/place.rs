use std::collections::HashMap;

use serde::Serialize;
use untxt_core::domain::TaskId;
use untxt_database::turns;

use crate::{App, problem::ApiError, session::Actor};

/// What is said while nobody reads.
const NO_WORKER: &str = "no worker is running: the document is safe and waits";

/// Where a task stands in its queue, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    /// Pages that are read before its next one.
    pages_before: u64,
    /// Until its last page is read, as far as its pages are known; null while nobody can know.
    eta_seconds: Option<u64>,
    workers_alive: u64,
    /// Why nothing happens, when nothing can.
    note: Option<&'static str>,
}

impl From<turns::Place> for Place {
    fn from(place: turns::Place) -> Self {
        Self {
            pages_before: place.pages_before,
            eta_seconds: place.remaining.map(|remaining| remaining.as_secs() + 1),
            workers_alive: place.workers,
            note: (place.workers == 0).then_some(NO_WORKER),
        }
    }
}

/// Places of one person's tasks.
pub(crate) type Places = HashMap<TaskId, Place>;

/// Loads the places of the person's tasks that have pages to be read.
pub(crate) async fn load_places(app: &App, actor: &Actor) -> Result<Places, ApiError> {
    let mut tx = actor.begin(app).await?;
    let places = turns::places(&mut tx).await?;
    tx.commit().await?;
    Ok(places.into_iter().map(|(task, place)| (task, place.into())).collect())
}
