//! Telling that this worker is alive, and how fast it reads: the database's clock says when it was last heard of.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use untxt_core::telemetry::chain;
use untxt_database::workers;

use crate::{error::JobResult, repeat::repeat, worker::Worker};

/// Who is silent for five times as long counts as gone.
const TELL_EVERY: Duration = Duration::from_secs(3);
/// Pages whose mean time is told: enough to even out, few enough to follow a change of documents.
const PAGES: usize = 32;

/// How long the last pages took.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: Mutex<VecDeque<Duration>>,
}

impl Pace {
    pub(crate) fn add(&self, page: Duration) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == PAGES {
            last.pop_front();
        }
        last.push_back(page);
    }

    /// Gives the mean in seconds, `None` before the first page.
    fn mean(&self) -> Option<f32> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let count = u16::try_from(last.len()).ok().filter(|count| *count > 0)?;
        Some(last.iter().sum::<Duration>().as_secs_f32() / f32::from(count))
    }
}

/// Starts to tell, until the worker stops; then takes it off the list.
pub(crate) fn start(worker: &Arc<Worker>) {
    let telling = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&telling, TELL_EVERY, |worker| async move {
            if let Err(error) = worker.in_time(tell(&worker)).await {
                tracing::debug!(error = chain(&error), "this worker could not tell that it is alive");
            }
        })
        .await;
        // Who can't be told finds out by the silence.
        if telling.in_time(leave(&telling)).await.is_err() {
            tracing::debug!("this worker could not be taken off the list");
        }
    });
}

async fn tell(worker: &Worker) -> JobResult<()> {
    let alive = workers::Worker {
        id: worker.id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        slots: u32::try_from(worker.options.children).unwrap_or(u32::MAX).max(1),
        page_seconds: worker.pace.mean(),
        dropped_entries: worker.wakeups.unknown(),
    };
    let mut tx = worker.services.database.begin_system().await?;
    workers::report(&mut tx, &alive).await?;
    tx.commit().await?;
    Ok(())
}

async fn leave(worker: &Worker) -> JobResult<()> {
    let mut tx = worker.services.database.begin_system().await?;
    workers::leave(&mut tx, worker.id).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_the_last_pages() {
        let pace = Pace::default();
        assert_eq!(pace.mean(), None);
        pace.add(Duration::from_secs(100));
        assert_eq!(pace.mean(), Some(100.0));
        for _ in 0..PAGES {
            pace.add(Duration::from_secs(2));
        }
        assert_eq!(pace.mean(), Some(2.0));
    }
}
