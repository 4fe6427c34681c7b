//! Wake-ups for workers: two Redis Streams with one consumer group each.
//!
//! Postgres decides what is to be done and whose turn it is; an entry only says "there is something to do now". Losing
//! entries loses nothing (the sweeper refills them), and duplicates find nothing to claim. An entry carries ids, never
//! content or names.

pub mod conf;
mod entry;
mod link;
mod redis;

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::TaskQueue;

pub use self::redis::RedisQueue;
pub use entry::{Delivery, QueueEntry, QueueKind};

/// The stream of what a person waits for.
pub const INTERACTIVE: &str = "ocr:jobs:interactive";
/// The stream of what may wait.
pub const BULK: &str = "ocr:jobs:bulk";
/// The one consumer group of every stream.
pub const GROUP: &str = "workers";

/// Both streams, in the order in which they are read.
const STREAMS: [(TaskQueue, &str); 2] = [(TaskQueue::Interactive, INTERACTIVE), (TaskQueue::Bulk, BULK)];

/// Gives the stream of a queue.
const fn stream(queue: TaskQueue) -> &'static str {
    match queue {
        TaskQueue::Interactive => INTERACTIVE,
        TaskQueue::Bulk => BULK,
    }
}

/// Why the queue gave or took nothing.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Redis does not answer; the sweeper makes up for it.
    #[error("the queue does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The queue of wake-ups.
#[async_trait]
pub trait Queue: Send + Sync + std::fmt::Debug {
    /// Adds an entry to the stream of its queue.
    async fn push(&self, entry: &QueueEntry) -> Result<(), QueueError>;

    /// Waits up to `wait` for entries, at most `max` of each stream, given to nobody else until they are reclaimed.
    async fn take(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Takes over entries that a dead worker took and did not acknowledge for `idle`, at most `max` of each stream.
    async fn reclaim(&self, max: usize, idle: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Removes an entry for good.
    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), QueueError>;
}
