use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{sync::Mutex, time::timeout};
use untxt_core::{
    domain::{OwnerId, TaskId},
    telemetry::chain,
};
use untxt_database::turns;
use utoipa::ToSchema;

use crate::{App, problem::ApiError, session::Actor};

/// What is said while nobody reads.
const NO_WORKER: &str = "no worker is running: the document is safe and waits";

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(1);

/// How long an answer is waited for: what has a place can be shown without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a task stands in its queue, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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

/// Places that were asked for a moment ago. The database looks at the whole queue for each answer, so for requests this
/// process asks for one at a time, and however often a person asks, for theirs once a second.
#[derive(Debug)]
pub(crate) struct KnownPlaces {
    of_owners: Mutex<HashMap<OwnerId, (Instant, Arc<Places>)>>,
    fresh: Duration,
}

impl Default for KnownPlaces {
    fn default() -> Self {
        Self { of_owners: Mutex::default(), fresh: FRESH }
    }
}

impl KnownPlaces {
    /// Gives what is known, or loads it: also when a task is among those asked for that was not there then.
    async fn find<E>(
        &self,
        owner: OwnerId,
        asked: &[TaskId],
        load: impl Future<Output = Result<Places, E>>,
    ) -> Result<Arc<Places>, E> {
        let mut of_owners = self.of_owners.lock().await;
        of_owners.retain(|_, (begin, _)| begin.elapsed() < self.fresh);
        if let Some((_, known)) = of_owners.get(&owner)
            && asked.iter().all(|task| known.contains_key(task))
        {
            return Ok(Arc::clone(known));
        }
        let places = Arc::new(load.await?);
        of_owners.insert(owner, (Instant::now(), Arc::clone(&places)));
        Ok(places)
    }
}

/// Finds the places of a person's tasks that have pages to be read; they may be a second old. There are none when the
/// database takes too long over them.
pub(crate) async fn load_places(app: &App, actor: &Actor, asked: &[TaskId]) -> Result<Arc<Places>, ApiError> {
    let loading = async {
        let mut tx = actor.begin(app).await?;
        let places = turns::places(&mut tx).await?;
        tx.commit().await?;
        Ok(places.into_iter().map(|(task, place)| (task, place.into())).collect())
    };
    match timeout(PATIENCE, app.places.find(actor.owner(), asked, loading)).await {
        Ok(Err(ApiError::Unavailable(error))) => {
            tracing::warn!(error = chain(&*error), "places in the queue are not known");
            Ok(Arc::default())
        }
        Ok(found) => found,
        Err(_elapsed) => Ok(Arc::default()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_person_who_asks_again_and_again_is_looked_for_once() {
        let (places, loads) =
            (KnownPlaces { fresh: Duration::from_secs(3600), ..KnownPlaces::default() }, AtomicU64::new(0));
        let (alice, bob, task, newer) =
            (OwnerId::generate(), OwnerId::generate(), TaskId::generate(), TaskId::generate());
        let ask = async |owner, asked: &[TaskId]| {
            let load = async {
                let pages_before = loads.fetch_add(1, Ordering::SeqCst);
                let place = Place { pages_before, eta_seconds: None, workers_alive: 1, note: None };
                Ok::<_, ()>(asked.iter().map(|task| (*task, place.clone())).collect())
            };
            places.find(owner, asked, load).await.expect("places")[&asked[0]].pages_before
        };
        assert_eq!(
            futures::future::join_all((0..9).map(|_| ask(alice, std::slice::from_ref(&task)))).await,
            [0; 9],
            "at once, too"
        );
        assert_eq!(ask(bob, &[task]).await, 1, "others have their own");
        assert_eq!(ask(alice, &[task, newer]).await, 2, "a new task is not to be without a place");
        assert_eq!(ask(alice, &[newer]).await, 2);
        let stale = KnownPlaces { fresh: Duration::ZERO, ..places };
        let load = async { Ok::<_, ()>(Places::new()) };
        assert!(stale.find(alice, &[], load).await.expect("places").is_empty(), "nothing is kept for ever");
    }
}
