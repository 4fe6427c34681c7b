use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId, lifecycle::Lifecycle, telemetry::chain};
use untxt_database::{Database, owner_keys};

/// How long a key that was written down is not looked at again; the record itself has each once a day.
const PAUSE: Duration = Duration::from_secs(60 * 60);
/// Keys that are remembered; with more, some are written down sooner.
const MAX_KEYS: usize = 1000;
/// How often one is tried to be written down; with the pauses between, a database may be away for half a minute.
const ATTEMPTS: u32 = 6;
/// Pause after the first attempt, doubled after each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Writes into the record of keys which did not open, or had a key under them that did not: beside the request, which has
/// its answer in any case.
#[derive(Debug)]
pub(crate) struct Refusals {
    db: Database,
    lifecycle: Lifecycle,
    told: Mutex<HashMap<(OwnerId, u32), Instant>>,
}

impl Refusals {
    pub(crate) fn new(db: Database, lifecycle: Lifecycle) -> Self {
        Self { db, lifecycle, told: Mutex::default() }
    }

    pub(super) fn record(self: &Arc<Self>, key: &WrappedOwnerKey) {
        if !self.is_new(key) {
            return;
        }
        let (refusals, key) = (Arc::clone(self), key.clone());
        self.lifecycle.spawn(async move {
            if let Err(error) = refusals.write_patiently(&key).await {
                tracing::error!(owner = %key.owner, error = chain(&error), "a refused key could not be recorded");
                // The next request that meets it tries again.
                refusals.told().remove(&(key.owner, key.version));
            }
        });
    }

    /// Tries some times while the database does not answer; less patiently once this process is to stop.
    async fn write_patiently(&self, key: &WrappedOwnerKey) -> untxt_database::Result<()> {
        let (mut pause, stop) = (FIRST_PAUSE, self.lifecycle.stop_token());
        for _ in 1..ATTEMPTS {
            match write(&self.db, key).await {
                Err(error) if error.is_temporary() => {
                    tracing::warn!(owner = %key.owner, error = chain(&error), "a refused key is not recorded yet");
                }
                written => return written,
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => break,
            }
            pause *= 2;
        }
        write(&self.db, key).await
    }

    fn is_new(&self, key: &WrappedOwnerKey) -> bool {
        let mut told = self.told();
        if told.get(&(key.owner, key.version)).is_some_and(|at| at.elapsed() < PAUSE) {
            return false;
        }
        if told.len() >= MAX_KEYS {
            told.clear();
        }
        told.insert((key.owner, key.version), Instant::now());
        true
    }

    fn told(&self) -> MutexGuard<'_, HashMap<(OwnerId, u32), Instant>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(db: &Database, key: &WrappedOwnerKey) -> untxt_database::Result<()> {
    let mut tx = db.begin_as(key.owner).await?;
    owner_keys::record_refusal(&mut tx, key).await?;
    tx.commit().await
}
