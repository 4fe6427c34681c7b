use std::{sync::Arc, time::Duration};

use untxt_core::{
    domain::{DocumentId, OwnerId, TrashReason},
    telemetry::chain,
};
use untxt_database::documents;

use super::AT_ONCE;
use crate::{error::JobResult, repeat::repeat, worker::Worker};

/// Rules count in days.
const EVERY: Duration = Duration::from_secs(600);

/// Starts to look for what the rules of folders let go. Doing it twice is no error, so nobody is elected.
pub(super) fn start(worker: &Arc<Worker>) {
    let retaining = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&retaining, EVERY, |worker| async move {
            loop {
                match trash_some(&worker).await {
                    Ok(0) => break,
                    Ok(trashed) => {
                        tracing::info!(documents.trashed = trashed, "documents went to the trash, as rules say");
                    }
                    Err(error) => {
                        tracing::warn!(error = chain(&error), "the rules of folders could not be applied, later again");
                        break;
                    }
                }
            }
        })
        .await;
    });
}

/// Puts some documents into the trash, and says how many.
async fn trash_some(worker: &Worker) -> JobResult<usize> {
    let mut listing = worker.services.database.begin_system().await?;
    let expired = documents::list_expired(&mut listing, AT_ONCE).await?;
    listing.commit().await?;
    let mut trashed = 0;
    for (owner, document) in expired {
        match trash(worker, owner, document).await {
            Ok(is_trashed) => trashed += usize::from(is_trashed),
            Err(error) => {
                tracing::warn!(document.id = %document, error = chain(&error), "a document could not go to the trash");
            }
        }
    }
    Ok(trashed)
}

async fn trash(worker: &Worker, owner: OwnerId, document: DocumentId) -> JobResult<bool> {
    let mut tx = worker.services.database.begin_as(owner).await?;
    let is_trashed = documents::trash(&mut tx, document, worker.options.trash_delay, TrashReason::Retention).await?;
    tx.commit().await?;
    Ok(is_trashed)
}
