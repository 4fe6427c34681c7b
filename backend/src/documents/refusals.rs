use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId, lifecycle::Lifecycle, telemetry::chain};
use untxt_database::{Database, owner_keys};

/// How long a key that was written down is not looked at again; the record itself has each once a day.
const PAUSE: Duration = Duration::from_secs(60 * 60);
/// Keys that are remembered; with more, some are written down sooner.
const MAX_KEYS: usize = 1000;

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

    pub(super) fn record(&self, key: &WrappedOwnerKey) {
        if !self.is_new(key) {
            return;
        }
        let (db, key) = (self.db.clone(), key.clone());
        self.lifecycle.spawn(async move {
            if let Err(error) = write(&db, &key).await {
                tracing::warn!(owner = %key.owner, error = chain(&error), "a refused key could not be recorded");
            }
        });
    }

    fn is_new(&self, key: &WrappedOwnerKey) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(&(key.owner, key.version)).is_some_and(|at| at.elapsed() < PAUSE) {
            return false;
        }
        if told.len() >= MAX_KEYS {
            told.clear();
        }
        told.insert((key.owner, key.version), Instant::now());
        true
    }
}

async fn write(db: &Database, key: &WrappedOwnerKey) -> untxt_database::Result<()> {
    let mut tx = db.begin_as(key.owner).await?;
    owner_keys::record_refusal(&mut tx, key).await?;
    tx.commit().await
}
