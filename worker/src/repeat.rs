//! Doing something again and again.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::worker::Worker;

/// Does something with the worker at once and then every so often, until the worker stops; what takes longer is done
/// less often.
pub(crate) async fn repeat<F: Future<Output = ()>>(
    worker: &Arc<Worker>,
    every: Duration,
    step: impl Fn(Arc<Worker>) -> F,
) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let steps = Box::pin(async {
        loop {
            ticks.tick().await;
            step(Arc::clone(worker)).await;
        }
    });
    let _stopped: Option<()> = worker.stop.run_until_cancelled(steps).await;
}
