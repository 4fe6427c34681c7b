use std::time::Duration;

use tokio::time::timeout;
use untxt_core::{
    domain::DocumentId,
    receipts::{Shred, Signed},
    storage::ObjectKey,
    telemetry::chain,
};
use untxt_database::shreds::{self, Removing};
use uuid::Uuid;

use super::AT_ONCE;
use crate::{
    error::{JobError, JobResult},
    worker::Worker,
};

/// One request to the store.
const STEP_LIMIT: Duration = Duration::from_secs(60);

/// What the store has of a document.
struct Found {
    objects: Vec<ObjectKey>,
    /// Objects of somebody else under its path: we can't tell what they are, and don't touch them.
    others: usize,
}

/// Removes the objects of every document that was shredded, and signs what can be signed.
pub(super) async fn remove_all(worker: &Worker, installation: Uuid) -> JobResult<()> {
    let mut last = None;
    loop {
        let mut listing = worker.services.database.begin_system().await?;
        let removing = shreds::list_removing(&mut listing, last, AT_ONCE).await?;
        listing.commit().await?;
        let Some(newest) = removing.last() else { return Ok(()) };
        last = Some((newest.shred.shredded_at, newest.shred.document));
        for one in removing.iter().filter(|one| is_to_be_looked_at(worker, one)) {
            let document = one.shred.document;
            // One that can't be removed now does not keep the others from it.
            if let Err(error) = remove(worker, one, installation).await {
                tracing::warn!(document.id = %document, error = chain(&error), "objects of a shredded document stay behind, unreadable");
            }
        }
    }
}

/// What is removed already is looked at once more: when nobody can be putting anything there, and it can be signed.
fn is_to_be_looked_at(worker: &Worker, one: &Removing) -> bool {
    one.shred.objects_removed_at.is_none() || one.is_quiet && worker.options.signing_key.is_some()
}

async fn remove(worker: &Worker, Removing { shred, is_quiet }: &Removing, installation: Uuid) -> JobResult<()> {
    let document = shred.document;
    let Found { objects, .. } = find(worker, document).await?;
    if !objects.is_empty() {
        let mut tx = worker.services.database.begin_system().await?;
        shreds::count_objects(&mut tx, document, objects.len() as u64).await?;
        tx.commit().await?;
        delete(worker, &objects).await?;
    }
    let left = find(worker, document).await?;
    if left.others > 0 {
        tracing::error!(
            document.id = %document,
            objects.others = left.others,
            "the path of a shredded document has objects that are not ours: remove them, or it gets no receipt"
        );
    }
    if left.others > 0 || !left.objects.is_empty() {
        return Ok(());
    }
    let mut tx = worker.services.database.begin_system().await?;
    let Some(removed) = shreds::mark_removed(&mut tx, document).await? else { return Ok(()) };
    if *is_quiet && let Some(signed) = sign(worker, &removed, installation) {
        shreds::sign(&mut tx, document, &signed).await?;
        tracing::info!(document.id = %document, objects.removed = removed.objects, "the receipt of a shredded document is signed");
    }
    Ok(tx.commit().await?)
}

fn sign(worker: &Worker, shred: &Shred, installation: Uuid) -> Option<Signed> {
    Signed::make(shred, installation, worker.options.signing_key.as_deref()?)
}

/// Lists what the store has of a document, to the end.
async fn find(worker: &Worker, document: DocumentId) -> JobResult<Found> {
    let (mut found, mut next) = (Found { objects: Vec::new(), others: 0 }, None);
    loop {
        let listing = timeout(STEP_LIMIT, worker.services.objects.list_document(document, next));
        let listing = listing.await.map_err(JobError::world)??;
        found.objects.extend(listing.objects.iter().map(|object| object.key));
        found.others += listing.others;
        next = listing.next;
        if next.is_none() {
            return Ok(found);
        }
    }
}

async fn delete(worker: &Worker, objects: &[ObjectKey]) -> JobResult<()> {
    for some in objects.chunks(1000) {
        timeout(STEP_LIMIT, worker.services.objects.delete(some)).await.map_err(JobError::world)??;
    }
    Ok(())
}
