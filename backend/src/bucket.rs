//! Whose bucket is it? No document is stored in another installation's, which would remove it.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};
use untxt_core::{
    lifecycle::Lifecycle,
    storage::{Bucket, ObjectStore},
};
use untxt_database::{Database, installation};

use crate::{Error, Services};

/// How long a start waits for the store.
const STORE_PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two questions to a store that did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl Services {
    /// Refuses the bucket of another installation. A store that does not answer yet is asked until it does; the process
    /// stops if it says so then. A bucket that nobody has yet is claimed by a worker.
    ///
    /// # Errors
    /// [`Error::ForeignBucket`].
    pub async fn refuse_foreign_bucket(&self, lifecycle: &Lifecycle) -> Result<(), Error> {
        match timeout(STORE_PATIENCE, look(&self.db, &*self.objects)).await {
            Ok(Ok(Bucket::Foreign)) => return Err(Error::ForeignBucket),
            Ok(Ok(Bucket::Ours | Bucket::Unclaimed)) => {}
            Ok(Err(_)) | Err(_) => {
                let (db, objects, lifecycle_of_it) = (self.db.clone(), Arc::clone(&self.objects), lifecycle.clone());
                lifecycle.spawn(async move { ask_again(&db, &*objects, &lifecycle_of_it).await });
            }
        }
        Ok(())
    }
}

async fn ask_again(db: &Database, objects: &dyn ObjectStore, lifecycle: &Lifecycle) {
    let asking = async {
        loop {
            sleep(ASK_AGAIN).await;
            if let Ok(found) = look(db, objects).await {
                return found;
            }
        }
    };
    if lifecycle.stop_token().run_until_cancelled(asking).await == Some(Bucket::Foreign) {
        tracing::error!("{}", Error::ForeignBucket);
        lifecycle.stop();
    }
}

async fn look(db: &Database, objects: &dyn ObjectStore) -> Result<Bucket, Error> {
    let mut tx = db.begin_system().await?;
    let id = installation::id(&mut tx).await?;
    tx.commit().await?;
    Ok(Bucket::look(objects, id).await?)
}
