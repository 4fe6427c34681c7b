//! Taking entries from the queue, never more than there are free slots.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{sync::mpsc, time::sleep};
use untxt_core::queue::{Delivery, QueueEntry};

use crate::{slot::Slot, worker::Worker};

/// How long one question to the queue waits for an entry.
const TAKE_WAIT: Duration = Duration::from_secs(2);
/// How long a queue that does not answer is left alone.
const QUEUE_REST: Duration = Duration::from_secs(1);

/// An entry, and the delivery to acknowledge when it came from the queue.
#[derive(Debug)]
struct Work {
    entry: QueueEntry,
    delivery: Option<Delivery>,
}

/// Gives entries to slots until the worker stops.
pub(crate) async fn consume(worker: &Arc<Worker>, slots: Vec<Slot>, mut local: mpsc::Receiver<QueueEntry>) {
    // Never full: it has a place for every slot there is.
    let (done, mut free) = mpsc::channel(slots.len().max(1));
    let mut resting = slots;
    while !worker.stop.is_cancelled() {
        if resting.is_empty() {
            tokio::select! {
                slot = free.recv() => resting.extend(slot),
                () = worker.stop.cancelled() => return,
            }
        }
        while let Ok(slot) = free.try_recv() {
            resting.push(slot);
        }
        let found = tokio::select! {
            found = next(worker, &mut local, resting.len()) => found,
            () = worker.stop.cancelled() => return,
        };
        if found.is_empty() {
            forget_documents(&mut resting).await;
        }
        for work in found {
            let Some(slot) = take_slot(&mut resting, &work.entry) else { break };
            start(worker, slot, work, done.clone());
        }
    }
}

/// Waits for something to do. Dropped halfway, it may leave entries taken but unanswered: the sweeper repeats them.
async fn next(worker: &Worker, local: &mut mpsc::Receiver<QueueEntry>, max: usize) -> Vec<Work> {
    tokio::select! {
        Some(entry) = local.recv() => vec![Work { entry, delivery: None }],
        deliveries = take(worker, max) => deliveries,
    }
}

async fn take(worker: &Worker, max: usize) -> Vec<Work> {
    let taken = worker.services.queue.take(max, TAKE_WAIT).await;
    worker.wakeups.note(taken.is_ok());
    let Ok(deliveries) = taken else {
        sleep(QUEUE_REST).await;
        return Vec::new();
    };
    let mut found = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        if let Some(entry) = delivery.entry {
            found.push(Work { entry, delivery: Some(delivery) });
        } else {
            tracing::warn!("an entry of an unknown form was dropped");
            worker.wakeups.acknowledge(&delivery).await;
        }
    }
    found
}

/// Prefers the slot that has the task's document open.
fn take_slot(resting: &mut Vec<Slot>, entry: &QueueEntry) -> Option<Slot> {
    match resting.iter().position(|slot| slot.task == Some(entry.task)) {
        Some(position) => Some(resting.swap_remove(position)),
        None => resting.pop(),
    }
}

/// Nothing is left in clear in a slot that has nothing to do.
async fn forget_documents(resting: &mut [Slot]) {
    for slot in resting {
        slot.forget().await;
    }
}

fn start(worker: &Arc<Worker>, mut slot: Slot, work: Work, done: mpsc::Sender<Slot>) {
    let on_behalf = Arc::clone(worker);
    worker.spawn(async move {
        slot.task = Some(work.entry.task);
        // A mistake of ours costs the entry, not the slot; its claim runs out.
        if AssertUnwindSafe(on_behalf.handle(&mut slot, work.entry)).catch_unwind().await.is_err() {
            tracing::error!(task.id = %work.entry.task, "a job panicked");
            slot.sandbox.stop();
        }
        if let Some(delivery) = &work.delivery {
            on_behalf.wakeups.acknowledge(delivery).await;
        }
        // The receiver is gone when the worker stops.
        let _ = done.send(slot).await;
    });
}
