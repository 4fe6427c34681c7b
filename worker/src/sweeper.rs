//! Finding what lost its wake-up or its worker. Every worker runs it; the database lets one at a time.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use untxt_core::{queue::QueueEntry, telemetry::chain};

use crate::{error::JobResult, worker::Worker};

const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// When a task counts as forgotten while the queue is away and the sweeper is all there is.
const STALE_WITHOUT_QUEUE: Duration = Duration::from_secs(2);
/// Entries that were taken and not acknowledged for so long belonged to a dead worker: acknowledging takes no longer
/// than asking the database.
const ABANDONED: Duration = Duration::from_secs(60);
const RECLAIM_EVERY_TICKS: u64 = 30;
const FORGET_EVERY_TICKS: u64 = 3600;

/// Starts to sweep, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let sweeping = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        let stop = sweeping.stop.clone();
        tokio::select! {
            () = sweep_for_ever(&sweeping) => {}
            () = stop.cancelled() => {}
        }
    });
}

async fn sweep_for_ever(worker: &Worker) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_quiet = false;
    for tick in 0_u64.. {
        ticks.tick().await;
        // At first everything counts as forgotten: the worker before us may have died with it a second ago.
        let stale = if tick == 0 { Duration::ZERO } else { patience(worker) };
        match worker.in_time(sweep(worker, stale)).await {
            Ok(found) => {
                is_quiet = false;
                for entry in &found {
                    worker.wakeups.push(entry).await;
                }
            }
            Err(error) => {
                // Said once per outage.
                if !std::mem::replace(&mut is_quiet, true) {
                    tracing::warn!(error = chain(&error), "the database could not be swept");
                }
            }
        }
        // Without the database nobody here could look them up.
        if tick % RECLAIM_EVERY_TICKS == 0 && !worker.database.is_away() {
            take_over_abandoned(worker).await;
        }
        if tick % FORGET_EVERY_TICKS == 0 {
            forget_idle(worker).await;
        }
    }
}

fn patience(worker: &Worker) -> Duration {
    let usual = worker.options.stale;
    if worker.wakeups.is_queue_down() { usual.min(STALE_WITHOUT_QUEUE) } else { usual }
}

async fn sweep(worker: &Worker, stale: Duration) -> JobResult<Vec<QueueEntry>> {
    let mut tx = worker.services.database.begin_system().await?;
    let found = untxt_database::tasks::sweep(&mut tx, worker.options.max_attempts, stale).await?;
    tx.commit().await?;
    Ok(found)
}

/// Wakes a slot for what a dead worker was woken for.
async fn take_over_abandoned(worker: &Worker) {
    let Ok(abandoned) = worker.services.queue.reclaim(64, ABANDONED).await else { return };
    for delivery in &abandoned {
        let Some(entry) = &delivery.entry else {
            worker.wakeups.drop_unknown(delivery).await;
            continue;
        };
        worker.wakeups.push_here(entry);
        worker.wakeups.acknowledge(std::slice::from_ref(delivery)).await;
    }
}

async fn forget_idle(worker: &Worker) {
    let forgotten = worker.in_time(async {
        let mut tx = worker.services.database.begin_system().await?;
        untxt_database::turns::forget_idle(&mut tx).await?;
        Ok(tx.commit().await?)
    });
    if let Err(error) = forgotten.await {
        tracing::warn!(error = chain(&error), "turns of idle owners could not be removed");
    }
}
