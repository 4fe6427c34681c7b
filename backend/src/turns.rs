//! Who may change something now: what waits for a lock holds a connection, and there are few of them.
//!
//! It promises that the changes of one owner hold two connections at most, however many are asked for at once, that
//! others wait before they take one, and that nobody is remembered who has nothing to wait for. It refuses to know what
//! is changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use untxt_core::domain::OwnerId;

use crate::problem::ApiError;

/// Changes of one owner that are at work at once: one that has the lock, and one that may wait for it.
const AT_ONCE: usize = 2;
/// How long a change waits for its turn before its client is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// A few places for each owner. Owners without a place are forgotten.
#[derive(Debug)]
pub(crate) struct OwnerPlaces {
    of_each: usize,
    owners: Mutex<HashMap<OwnerId, Weak<Semaphore>>>,
}

/// The turns of all owners in this process.
#[derive(Debug)]
pub(crate) struct Turns {
    places: OwnerPlaces,
    patience: Duration,
}

/// A turn, over when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
}

impl OwnerPlaces {
    pub(crate) fn new(of_each: usize) -> Self {
        Self { of_each, owners: Mutex::default() }
    }

    /// Gives the places of an owner, for as long as somebody has them.
    pub(crate) fn of(&self, owner: OwnerId) -> Arc<Semaphore> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = owners.get(&owner).and_then(Weak::upgrade) {
            return known;
        }
        owners.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.of_each));
        owners.insert(owner, Arc::downgrade(&places));
        places
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self { places: OwnerPlaces::new(AT_ONCE), patience: PATIENCE }
    }
}

impl Turns {
    /// Waits for a turn of this owner. Whoever takes one has no connection yet.
    ///
    /// # Errors
    /// [`ApiError::TooManyChanges`] when it did not come in time.
    pub(crate) async fn take(&self, owner: OwnerId) -> Result<Turn, ApiError> {
        let place = timeout(self.patience, self.places.of(owner).acquire_owned()).await;
        let place = place.map_err(|_| ApiError::TooManyChanges)?.map_err(ApiError::internal)?;
        Ok(Turn { _place: place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_owner_waits_for_himself_and_is_forgotten_afterwards() {
        let turns = Turns { patience: Duration::from_millis(20), ..Turns::default() };
        let (greedy, other) = (OwnerId::generate(), OwnerId::generate());
        let held = (turns.take(greedy).await.expect("a turn"), turns.take(greedy).await.expect("a turn"));
        for _ in 0..3 {
            assert!(matches!(turns.take(greedy).await, Err(ApiError::TooManyChanges)));
        }
        drop(turns.take(other).await.expect("a turn"));
        drop(held.0);
        let again = turns.take(greedy).await.expect("a turn");
        assert!(matches!(turns.take(greedy).await, Err(ApiError::TooManyChanges)), "two, and not one more");
        drop((held.1, again));
        for _ in 0..100 {
            drop(turns.take(OwnerId::generate()).await.expect("a turn"));
        }
        assert_eq!(turns.places.owners.lock().expect("owners").len(), 1, "only the last one");
    }
}
