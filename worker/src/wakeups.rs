use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::mpsc;
use untxt_core::queue::{Delivery, Queue, QueueEntry};

/// Entries this worker keeps for itself while the queue is away. When it is full, further ones are dropped: the
/// sweeper finds them again.
const LOCAL_ENTRIES: usize = 64;

/// Pushes wake-ups into the queue, or, while it does not answer, to this worker itself.
#[derive(Debug)]
pub(crate) struct Wakeups {
    queue: Arc<dyn Queue>,
    local: mpsc::Sender<QueueEntry>,
    is_down: AtomicBool,
    /// Entries of an unknown form, dropped since the start.
    unknown: AtomicU64,
}

impl Wakeups {
    pub(crate) fn new(queue: Arc<dyn Queue>) -> (Self, mpsc::Receiver<QueueEntry>) {
        let (local, entries) = mpsc::channel(LOCAL_ENTRIES);
        (Self { queue, local, is_down: AtomicBool::new(false), unknown: AtomicU64::new(0) }, entries)
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

    pub(crate) async fn acknowledge(&self, delivery: &Delivery) {
        // Redelivered, it finds nothing to claim.
        self.note(self.queue.acknowledge(delivery).await.is_ok());
    }

    /// Removes an entry that nobody can read, and counts it.
    pub(crate) async fn drop_unknown(&self, delivery: &Delivery) {
        let dropped = self.unknown.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!(queue.dropped = dropped, "an entry of an unknown form was dropped");
        self.acknowledge(delivery).await;
    }

    /// Says how many entries could not be read since the start.
    pub(crate) fn unknown(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Says whether the queue did not answer the last time.
    pub(crate) fn is_queue_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }

    /// Remembers whether the queue answers, and logs the turns.
    pub(crate) fn note(&self, answers: bool) {
        match (self.is_down.swap(!answers, Ordering::Relaxed), answers) {
            (false, false) => tracing::warn!("the queue does not answer, asking the database instead"),
            (true, true) => tracing::info!("the queue answers again"),
            _unchanged => {}
        }
    }
}
