use std::{sync::Arc, time::Duration};

use untxt_core::{
    domain::{DocumentId, OwnerId, TrashReason},
    telemetry::chain,
};
use untxt_database::{
    PgConnection,
    documents::{self, Expired, Trashed},
};

use super::AT_ONCE;
use crate::{error::JobResult, repeat::repeat, worker::Worker};

/// Rules count in days.
const EVERY: Duration = Duration::from_secs(600);

/// Starts to look for what the rules of folders let go, until the worker stops.
pub(super) fn start(worker: &Arc<Worker>) {
    let retaining = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&retaining, EVERY, |worker| async move {
            if let Err(error) = retain_all(&worker).await {
                tracing::warn!(error = chain(&error), "the rules of folders could not be applied, later again");
            }
        })
        .await;
    });
}

/// Applies all rules, owner by owner. The first transaction only keeps other workers from the same.
async fn retain_all(worker: &Worker) -> JobResult<()> {
    let mut elected = worker.services.database.begin_system().await?;
    if !documents::try_begin_retaining(&mut elected).await? {
        return Ok(());
    }
    let mut last = None;
    loop {
        let owners = documents::list_retaining_owners(&mut elected, last, AT_ONCE).await?;
        if owners.is_empty() {
            return Ok(elected.commit().await?);
        }
        for owner in owners {
            let trashed = retain(worker, &mut elected, owner).await?;
            if trashed > 0 {
                tracing::info!(documents.trashed = trashed, "documents went to the trash, as rules say");
            }
            last = Some(owner);
        }
    }
}

/// Applies the rules of an owner, and says how many documents went to the trash. What can't be done now is passed over and
/// does not keep other documents, nor other owners, from it.
async fn retain(worker: &Worker, elected: &mut PgConnection, owner: OwnerId) -> JobResult<usize> {
    let (mut trashed, mut last) = (0, None);
    loop {
        // It has the lock: the server ends a transaction that asks nothing for a minute.
        documents::try_begin_retaining(elected).await?;
        let expired = match list(worker, owner, last).await {
            Ok(expired) => expired,
            Err(error) => {
                tracing::warn!(error = chain(&error), "the rules of an owner could not be applied, later again");
                return Ok(trashed);
            }
        };
        if expired.is_empty() {
            return Ok(trashed);
        }
        for one in expired {
            match trash(worker, owner, one.document).await {
                Ok(is_trashed) => trashed += usize::from(is_trashed),
                Err(error) => {
                    tracing::warn!(document.id = %one.document, error = chain(&error), "a document could not go to the trash");
                }
            }
            last = Some(one);
        }
    }
}

async fn list(worker: &Worker, owner: OwnerId, after: Option<Expired>) -> JobResult<Vec<Expired>> {
    let mut tx = worker.services.database.begin_as(owner).await?;
    let expired = documents::list_expired(&mut tx, owner, after, AT_ONCE).await?;
    tx.commit().await?;
    Ok(expired)
}

/// `false`: it lies there already, or no rule lets it go any more.
async fn trash(worker: &Worker, owner: OwnerId, document: DocumentId) -> JobResult<bool> {
    let mut tx = worker.services.database.begin_as(owner).await?;
    let trashed = documents::trash(&mut tx, document, worker.options.trash_delay, TrashReason::Retention).await?;
    tx.commit().await?;
    Ok(trashed == Some(Trashed::Now))
}
