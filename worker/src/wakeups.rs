use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc;
use untxt_core::queue::{Delivery, Queue, QueueEntry};

use crate::presence::Presence;

/// Entries this worker keeps for itself while the queue is away. When it is full, further ones are dropped: the
/// sweeper finds them again.
const LOCAL_ENTRIES: usize = 64;

/// Pushes wake-ups into the queue, or, while it does not answer, to this worker itself.
#[derive(Debug)]
pub(crate) struct Wakeups {
    queue: Arc<dyn Queue>,
    local: mpsc::Sender<QueueEntry>,
    presence: Presence,
    /// Entries of an unknown form, dropped since the start.
    unknown: AtomicU64,
}

impl Wakeups {
    pub(crate) fn new(queue: Arc<dyn Queue>) -> (Self, mpsc::Receiver<QueueEntry>) {
        let (local, entries) = mpsc::channel(LOCAL_ENTRIES);
        let presence =
            Presence::new("the queue does not answer, asking the database instead", "the queue answers again");
        (Self { queue, local, presence, unknown: AtomicU64::new(0) }, entries)
    }

    pub(crate) async fn push(&self, entry: &QueueEntry) {
        let pushed = self.queue.push(entry).await;
        self.note(pushed.is_ok());
        if pushed.is_err() {
            self.push_here(entry);
        }
    }

    /// Wakes a slot of this worker.
    pub(crate) fn push_here(&self, entry: &QueueEntry) {
        if self.local.try_send(*entry).is_err() {
            tracing::debug!(task.id = %entry.task, "a wake-up was dropped, the sweeper will repeat it");
        }
    }

    /// Acknowledges entries. After the first one that the queue does not take, the others wait to be taken over:
    /// redelivered, they find nothing to claim.
    pub(crate) async fn acknowledge(&self, deliveries: &[Delivery]) {
        for delivery in deliveries {
            if !self.remove(delivery).await {
                return;
            }
        }
    }

    /// Gives back entries that this worker could not look up, so that another one is woken. Those that the queue does
    /// not take now wait to be taken over.
    pub(crate) async fn give_back(&self, deliveries: &[Delivery]) {
        for delivery in deliveries {
            let Some(entry) = &delivery.entry else { continue };
            // The new one first: between the two there is one too many, which does no harm.
            let pushed = self.queue.push(entry).await.is_ok();
            self.note(pushed);
            if !pushed || !self.remove(delivery).await {
                return;
            }
        }
    }

    async fn remove(&self, delivery: &Delivery) -> bool {
        let removed = self.queue.acknowledge(delivery).await.is_ok();
        self.note(removed);
        removed
    }

    /// Removes an entry that nobody can read, and counts it.
    pub(crate) async fn drop_unknown(&self, delivery: &Delivery) {
        let dropped = self.unknown.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!(queue.dropped = dropped, "an entry of an unknown form was dropped");
        self.remove(delivery).await;
    }

    /// Says how many entries could not be read since the start.
    pub(crate) fn unknown(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Says whether the queue did not answer the last time.
    pub(crate) fn is_queue_down(&self) -> bool {
        self.presence.is_away()
    }

    /// Says whether the queue answered.
    pub(crate) fn note(&self, answers: bool) {
        self.presence.note(answers);
    }
}
