//! Wake-ups for workers: Redis Streams with one consumer group.
//!
//! Postgres decides what is to be done; an entry only says "look at this task now". Losing entries loses nothing
//! (the sweeper refills them), and duplicates find nothing to claim. An entry carries ids, never content or names.

pub mod conf;
mod entry;
mod link;
mod redis;

use std::time::Duration;

use async_trait::async_trait;

pub use self::redis::RedisQueue;
pub use entry::{Delivery, QueueEntry, QueueKind};

/// The stream that a person waits for. A second one, for bulk work, will be `ocr:jobs:bulk`.
pub const INTERACTIVE: &str = "ocr:jobs:interactive";
/// The one consumer group of every stream.
pub const GROUP: &str = "workers";

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
    /// Adds an entry.
    async fn push(&self, entry: &QueueEntry) -> Result<(), QueueError>;

    /// Waits up to `wait` for at most `max` entries, given to nobody else until they are reclaimed.
    async fn take(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Takes over entries that a dead worker took and did not acknowledge for `idle`.
    async fn reclaim(&self, max: usize, idle: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Removes an entry for good.
    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), QueueError>;
}
