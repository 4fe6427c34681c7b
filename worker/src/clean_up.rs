//! Removing objects that no row names. Every worker looks, one at a time; what it finds is unreadable already, or never
//! became anything, so it only costs space.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use untxt_core::{config, storage::Bucket, telemetry::chain};
use untxt_database::{Duty, Election, objects};

use crate::{
    bucket,
    error::{JobError, JobResult},
    repeat::repeat,
    worker::Worker,
};

/// One request to the store, or two to the database; or all listings of a bucket that is claimed.
const STEP_LIMIT: Duration = Duration::from_secs(60);

/// When to look for what, and when it is old enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanUp {
    /// Pause between two looks.
    pub every: Duration,
    /// Age from which an object that no row names is removed.
    pub after: Duration,
}

impl CleanUp {
    /// Takes the times from the settings; `None`: never.
    pub(crate) fn new(worker: &config::Worker) -> Option<Self> {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let (every, after) = (seconds(worker.clean_up_seconds), seconds(worker.clean_up_after_seconds));
        (!every.is_zero()).then_some(Self { every, after })
    }
}

/// Starts to clean up, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let Some(CleanUp { every, after }) = worker.options.clean_up else { return };
    let cleaning = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&cleaning, every, |worker| async move {
            match look_then_clean_up(&worker, after).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(objects.removed = removed, "objects that no row named were removed"),
                Err(error) => tracing::warn!(error = chain(&error), "the store could not be cleaned up, later again"),
            }
        })
        .await;
    });
}

/// Cleans up a bucket that is ours. One that nobody has yet is claimed now, if all that is in it is ours, and cleaned up
/// the next time: whoever claimed it at the same moment is known by then.
async fn look_then_clean_up(worker: &Worker, after: Duration) -> JobResult<usize> {
    match in_time(bucket::look(&worker.services)).await? {
        Bucket::Ours => clean_up(worker, after).await,
        Bucket::Foreign => {
            tracing::error!(
                "storage.bucket belongs to another installation: nothing is cleaned up, and that one may remove what this one stores; give each a bucket of its own"
            );
            Ok(0)
        }
        Bucket::Unclaimed => {
            if !in_time(bucket::claim(&worker.services, worker.options.claims_any_bucket)).await? {
                tracing::warn!(
                    "storage.bucket holds objects that no row names, and no id of an installation: nothing is cleaned up (docs/OPERATIONS.md, \"The bucket\")"
                );
            }
            Ok(0)
        }
    }
}

/// Looks at every object there is, part by part, and says how many were removed.
async fn clean_up(worker: &Worker, after: Duration) -> JobResult<usize> {
    let elected = in_time(async { Ok(Election::win(&worker.services.database, Duty::CleanUp).await?) }).await?;
    let Some(mut elected) = elected else { return Ok(0) };
    let (mut removed, mut next) = (0, None);
    loop {
        let listing = in_time(async { Ok(worker.services.objects.list(next).await?) }).await?;
        let finding = async { Ok(objects::find_orphans(elected.connection(), &listing.objects, after).await?) };
        let orphans = in_time(finding).await?;
        if !orphans.is_empty() {
            in_time(async { Ok(worker.services.objects.delete(&orphans).await?) }).await?;
            removed += orphans.len();
        }
        next = listing.next;
        if next.is_none() {
            elected.end().await?;
            return Ok(removed);
        }
    }
}

async fn in_time<T>(step: impl Future<Output = JobResult<T>>) -> JobResult<T> {
    timeout(STEP_LIMIT, step).await.unwrap_or_else(|late| Err(JobError::world(late)))
}
