use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use untxt_core::domain::OwnerId;

use crate::{problem::ApiError, turns::OwnerPlaces};

/// Uploads that run at once in this process; each may hold two parts of 8 MiB.
const IN_ALL: usize = 16;
/// Uploads of one owner that run at once, so that nobody takes every place.
const OF_ONE_OWNER: usize = 4;
/// How long an upload waits for a place before its client is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places for uploads, which bound the memory that they take together.
#[derive(Debug)]
pub(crate) struct UploadPlaces {
    all: Arc<Semaphore>,
    owners: OwnerPlaces,
    patience: Duration,
}

/// A place for one upload, free again when dropped.
#[derive(Debug)]
pub(super) struct UploadPlace {
    _of_owner: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Default for UploadPlaces {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(IN_ALL)), owners: OwnerPlaces::new(OF_ONE_OWNER), patience: PATIENCE }
    }
}

impl UploadPlaces {
    /// Waits for a place.
    ///
    /// # Errors
    /// [`ApiError::TooManyUploads`] when none became free in time.
    pub(super) async fn take(&self, owner: OwnerId) -> Result<UploadPlace, ApiError> {
        let (all, of_owner) = (Arc::clone(&self.all), self.owners.of(owner));
        let taking = async {
            // The owner's first: who waits for himself must not hold a place of everybody.
            let of_owner = of_owner.acquire_owned().await.map_err(ApiError::internal)?;
            let of_all = all.acquire_owned().await.map_err(ApiError::internal)?;
            Ok(UploadPlace { _of_owner: of_owner, _of_all: of_all })
        };
        timeout(self.patience, taking).await.unwrap_or(Err(ApiError::TooManyUploads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_owner_waits_for_himself_and_nobody_else() {
        let (places, greedy, other) = (
            UploadPlaces { patience: Duration::from_millis(20), ..UploadPlaces::default() },
            OwnerId::generate(),
            OwnerId::generate(),
        );
        let mut held = Vec::new();
        for _ in 0..OF_ONE_OWNER {
            held.push(places.take(greedy).await.expect("a place"));
        }
        assert!(matches!(places.take(greedy).await, Err(ApiError::TooManyUploads)));
        drop(places.take(other).await.expect("a place"));
        held.pop();
        held.push(places.take(greedy).await.expect("a place"));
        drop(held);
        assert_eq!(places.all.available_permits(), IN_ALL);
    }
}
