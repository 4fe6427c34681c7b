//! Whose bucket is it? No document is stored in another installation's, which would remove it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{sleep, timeout};
use untxt_core::{
    lifecycle::Lifecycle,
    storage::{Bucket, ObjectStore},
    telemetry::chain,
};
use untxt_database::{Database, installation};

use crate::{Error, Services};

/// How long a start waits for the store.
const STORE_PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two questions to a store that did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// Pause between two looks at a bucket that nobody has claimed.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Keeps an eye on the bucket until it is known whose it is.
#[derive(Debug)]
pub struct BucketWatch {
    is_foreign: Arc<AtomicBool>,
}

impl BucketWatch {
    /// Says why the process was stopped, if it was the bucket.
    ///
    /// # Errors
    /// [`Error::ForeignBucket`].
    pub fn verdict(&self) -> Result<(), Error> {
        if self.is_foreign.load(Ordering::Relaxed) { Err(Error::ForeignBucket) } else { Ok(()) }
    }
}

impl Services {
    /// Refuses the bucket of another installation. A store that does not answer yet is asked until it does, and a bucket
    /// that nobody has yet is looked at until a worker has claimed it, which may be another installation's; then the
    /// process stops.
    ///
    /// # Errors
    /// [`Error::ForeignBucket`].
    pub async fn refuse_foreign_bucket(&self, lifecycle: &Lifecycle) -> Result<BucketWatch, Error> {
        let watch = BucketWatch { is_foreign: Arc::default() };
        match timeout(STORE_PATIENCE, look(&self.db, &*self.objects)).await {
            Ok(Ok(Bucket::Foreign)) => return Err(Error::ForeignBucket),
            Ok(Ok(Bucket::Ours)) => {}
            Ok(Ok(Bucket::Unclaimed) | Err(_)) | Err(_) => {
                let (db, objects) = (self.db.clone(), Arc::clone(&self.objects));
                let (stopping, is_foreign) = (lifecycle.clone(), Arc::clone(&watch.is_foreign));
                lifecycle.spawn(async move {
                    let known = stopping.stop_token().run_until_cancelled(until_known(&db, &*objects)).await;
                    if known == Some(Bucket::Foreign) {
                        is_foreign.store(true, Ordering::Relaxed);
                        stopping.stop();
                    }
                });
            }
        }
        Ok(watch)
    }
}

async fn until_known(db: &Database, objects: &dyn ObjectStore) -> Bucket {
    let mut is_quiet = false;
    loop {
        let pause = match look(db, objects).await {
            Ok(Bucket::Unclaimed) => LOOK_AGAIN,
            Ok(known) => return known,
            Err(error) => {
                // Said once.
                if !std::mem::replace(&mut is_quiet, true) {
                    tracing::warn!(error = chain(&error), "it is not known yet whose the bucket is");
                }
                ASK_AGAIN
            }
        };
        sleep(pause).await;
    }
}

async fn look(db: &Database, objects: &dyn ObjectStore) -> Result<Bucket, Error> {
    let mut tx = db.begin_system().await?;
    let id = installation::id(&mut tx).await?;
    tx.commit().await?;
    Ok(Bucket::look(objects, id).await?)
}
