use std::time::Duration;

use async_trait::async_trait;

use super::{Delivery, Queue, QueueEntry, QueueError};
use crate::config::Redis;

/// The queue in Redis, over mutual TLS.
#[derive(Clone, Debug)]
pub struct RedisQueue {}

impl RedisQueue {
    /// Makes the client; connects on first use, reconnects by itself.
    ///
    /// # Errors
    /// When certificates can't be read.
    pub fn new(_redis: &Redis, _consumer: &str) -> Result<Self, QueueError> {
        unimplemented!()
    }
}

#[async_trait]
impl Queue for RedisQueue {
    async fn push(&self, _entry: &QueueEntry) -> Result<(), QueueError> {
        unimplemented!()
    }

    async fn take(&self, _max: usize, _wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        unimplemented!()
    }

    async fn reclaim(&self, _max: usize, _idle: Duration) -> Result<Vec<Delivery>, QueueError> {
        unimplemented!()
    }

    async fn acknowledge(&self, _delivery: &Delivery) -> Result<(), QueueError> {
        unimplemented!()
    }
}
