//! Waking slots: by entries of the queue, and by asking the database while the queue is away. While it is the database
//! that is away, entries are left to workers that can look them up.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{sync::mpsc, time::sleep};
use untxt_core::queue::{Delivery, QueueEntry};

use crate::{slot::Slot, worker::Worker};

/// How long one question to the queue waits for an entry.
const TAKE_WAIT: Duration = Duration::from_secs(2);
/// How long a queue that does not answer is left alone; meanwhile every free slot asks the database once.
const QUEUE_REST: Duration = Duration::from_secs(1);
/// How long a database that did not answer is left alone, then one slot asks whether it is back; twice as long each time.
const DATABASE_REST: Duration = Duration::from_secs(1);
const LONGEST_DATABASE_REST: Duration = Duration::from_secs(15);
/// Entries taken at once, also when fewer slots are free: each wakes one, and the last one is woken by all that are left,
/// because a slot that is awake goes on until there is nothing to do.
const ENTRIES_PER_TAKE: usize = 64;

/// Something that wakes one slot: entries of the queue, to be acknowledged once the database was asked, or nothing of the
/// kind.
type Wakeup = Vec<Delivery>;

/// Wakes slots until the worker stops. At first every slot asks what there is to do.
pub(crate) async fn consume(worker: &Arc<Worker>, slots: Vec<Slot>, mut local: mpsc::Receiver<QueueEntry>) {
    // Never full: it has a place for every slot there is.
    let (done, mut free) = mpsc::channel(slots.len().max(1));
    let (mut resting, mut rest) = (Vec::with_capacity(slots.len()), DATABASE_REST);
    for slot in slots {
        start(worker, slot, Wakeup::new(), done.clone());
    }
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
        let wakeups = tokio::select! {
            wakeups = next(worker, &mut local, resting.len(), &mut rest) => wakeups,
            () = worker.stop.cancelled() => return,
        };
        for wakeup in wakeups {
            // There are never more than slots that rest.
            if let Some(slot) = resting.pop() {
                start(worker, slot, wakeup, done.clone());
            }
        }
    }
}

/// Waits for something that wakes. Dropped halfway, it may leave entries taken but unanswered: the sweeper repeats
/// them. While the database is away, one slot at a time asks for it, after `rest`, which grows.
async fn next(
    worker: &Worker,
    local: &mut mpsc::Receiver<QueueEntry>,
    slots: usize,
    rest: &mut Duration,
) -> Vec<Wakeup> {
    let everyone = vec![Wakeup::new(); slots];
    if worker.database.is_away() {
        let this_time = *rest;
        *rest = (this_time * 2).min(LONGEST_DATABASE_REST);
        return tokio::select! {
            () = worker.database.returned() => everyone,
            () = sleep(this_time) => vec![Wakeup::new()],
        };
    }
    *rest = DATABASE_REST;
    tokio::select! {
        // Slots that could not ask have work that nobody else was told of.
        () = worker.database.returned() => everyone,
        Some(_) = local.recv() => vec![Wakeup::new()],
        wakeups = take(worker, slots) => wakeups,
    }
}

async fn take(worker: &Worker, slots: usize) -> Vec<Wakeup> {
    let taken = worker.services.queue.take(ENTRIES_PER_TAKE, TAKE_WAIT).await;
    worker.wakeups.note(taken.is_ok());
    let Ok(deliveries) = taken else {
        sleep(QUEUE_REST).await;
        return vec![Wakeup::new(); slots];
    };
    let (known, unknown): (Vec<_>, Vec<_>) = deliveries.into_iter().partition(|delivery| delivery.entry.is_some());
    for delivery in &unknown {
        worker.wakeups.drop_unknown(delivery).await;
    }
    if worker.database.is_away() {
        worker.wakeups.give_back(&known).await;
        return Vec::new();
    }
    share_out(known, slots)
}

/// Gives every slot one entry, and the last slot all that are left.
fn share_out(deliveries: Vec<Delivery>, slots: usize) -> Vec<Wakeup> {
    let mut deliveries = deliveries.into_iter();
    let mut wakeups: Vec<Wakeup> = deliveries.by_ref().take(slots).map(|delivery| vec![delivery]).collect();
    if let Some(last) = wakeups.last_mut() {
        last.extend(deliveries);
    }
    wakeups
}

fn start(worker: &Arc<Worker>, mut slot: Slot, wakeup: Wakeup, done: mpsc::Sender<Slot>) {
    let on_behalf = Arc::clone(worker);
    worker.spawn(async move {
        // A mistake of ours costs the claim, not the slot; its lease runs out.
        if AssertUnwindSafe(Box::pin(on_behalf.work(&mut slot, wakeup))).catch_unwind().await.is_err() {
            tracing::error!("a job panicked");
            slot.sandbox.stop();
            (slot.entry, slot.loaded) = (None, None);
        }
        // The receiver is gone when the worker stops.
        let _ = done.send(slot).await;
    });
}
