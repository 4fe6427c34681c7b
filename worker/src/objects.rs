//! Putting and removing objects, with a time limit on everything.

use std::time::Duration;

use tokio::time::timeout;
use untxt_core::storage::{ByteStream, ObjectKey};

use crate::{
    error::{JobError, JobResult},
    worker::Worker,
};

/// Longest time for one object to be stored: a slow store is an outage, and another attempt may find a better one.
const PUT_LIMIT: Duration = Duration::from_secs(120);
const REMOVE_LIMIT: Duration = Duration::from_secs(5);

impl Worker {
    pub(crate) async fn put(&self, object: &ObjectKey, sealed: ByteStream) -> JobResult<()> {
        timeout(PUT_LIMIT, self.services.objects.put(object, sealed)).await.map_err(JobError::world)??;
        Ok(())
    }

    /// Removes an object that nothing refers to. It is sealed, so one that stays costs only space, until its
    /// document is deleted.
    pub(crate) async fn remove(&self, object: &ObjectKey) {
        let removed = timeout(REMOVE_LIMIT, self.services.objects.delete(&[*object])).await;
        if !matches!(removed, Ok(Ok(()))) {
            tracing::debug!("an object that nothing refers to could not be removed");
        }
    }
}
