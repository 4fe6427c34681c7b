use std::time::Duration;

use tokio::time::timeout;
use untxt_core::{
    domain::DocumentId,
    receipts::{Shred, Signed},
    storage::{Bucket, ObjectKey},
    telemetry::chain,
};
use untxt_database::{
    Transaction,
    shreds::{self, Look, Removing},
};
use uuid::Uuid;

use super::{AT_ONCE, keep};
use crate::{
    bucket,
    error::{JobError, JobResult},
    search_rebuild,
    worker::Worker,
};

/// One request to the store.
pub(super) const STEP_LIMIT: Duration = Duration::from_secs(60);

/// When to look again at what could not be removed; a store that is away is back by then, or later.
const PAUSE: Duration = Duration::from_secs(10);

/// When to look again at what somebody has to do something about.
const LONG_PAUSE: Duration = Duration::from_secs(600);

/// What the store has of a document.
struct Found {
    objects: Vec<ObjectKey>,
    /// Objects of somebody else under its path: we can't tell what they are, and don't touch them.
    others: usize,
}

/// Removes the objects of some documents that were shredded, and signs what can be signed; says behind which to go on.
/// `None`: these were the last, or the bucket is not ours, and then nothing in it says anything of our documents.
pub(super) async fn remove_some(
    worker: &Worker,
    elected: &mut Transaction,
    installation: Uuid,
    after: Option<Shred>,
) -> JobResult<Option<Option<Shred>>> {
    let can_sign = worker.options.signing_key.is_some();
    let after = after.map(|last| (last.shredded_at, last.document));
    let mut listing = worker.services.database.begin_system().await?;
    let removing = shreds::list_removing(&mut listing, after, can_sign, AT_ONCE).await?;
    listing.commit().await?;
    let Some(newest) = removing.last() else { return Ok(None) };
    if !is_bucket_ours(worker).await? {
        return Ok(None);
    }
    for one in &removing {
        shreds::keep(elected).await?;
        let mut tx = worker.services.database.begin_system().await?;
        let look = shreds::begin_look(&mut tx, one.shred.document).await?;
        tx.commit().await?;
        if let Some(look) = look {
            look_at(worker, one, &look, installation).await?;
        }
    }
    Ok(Some(Some(newest.shred.clone())))
}

/// Says whether the bucket is ours. One that nobody has yet is claimed now, if all that is in it is ours, and looked at
/// the next time: whoever claimed it at the same moment is known by then.
pub(super) async fn is_bucket_ours(worker: &Worker) -> JobResult<bool> {
    let looking = timeout(STEP_LIMIT, bucket::look(&worker.services));
    match looking.await.map_err(JobError::world)?? {
        Bucket::Ours => return Ok(true),
        Bucket::Foreign => tracing::error!(
            "storage.bucket belongs to another installation: objects of shredded documents stay where they are, and no receipt is signed"
        ),
        Bucket::Unclaimed => {
            let claiming = timeout(STEP_LIMIT, bucket::claim(&worker.services, worker.options.claims_any_bucket));
            if !claiming.await.map_err(JobError::world)?? {
                tracing::error!(
                    "storage.bucket holds objects that no row names, and no id of an installation: objects of shredded documents stay where they are, and no receipt is signed (docs/OPERATIONS.md, \"The bucket\")"
                );
            }
        }
    }
    Ok(false)
}

/// Looks at one; if that can't be ended now, it is put off, and does not keep the others from it.
async fn look_at(worker: &Worker, one: &Removing, look: &Look, installation: Uuid) -> JobResult<()> {
    let document = one.shred.document;
    let pause = match remove(worker, one, look, installation).await {
        Ok(None) => return Ok(()),
        Ok(Some(pause)) => pause,
        Err(error) => {
            tracing::warn!(document.id = %document, error = chain(&error), "objects of a shredded document stay behind, unreadable");
            PAUSE
        }
    };
    let mut tx = worker.services.database.begin_system().await?;
    shreds::put_off(&mut tx, look, pause).await?;
    Ok(tx.commit().await?)
}

/// Removes the objects of a document; `Some`: it can't be said that none is left, and nobody needs to look for so long.
async fn remove(
    worker: &Worker,
    Removing { shred, is_quiet }: &Removing,
    look: &Look,
    installation: Uuid,
) -> JobResult<Option<Duration>> {
    let document = shred.document;
    let mut looking = worker.services.database.begin_system().await?;
    let is_there = shreds::is_document(&mut looking, document).await?;
    looking.commit().await?;
    if is_there {
        tracing::error!(document.id = %document, "a document is said to be shredded and is there: its objects stay");
        return Ok(Some(LONG_PAUSE));
    }
    let aborting = timeout(STEP_LIMIT, worker.services.objects.abort_uploads(document));
    let aborted = aborting.await.map_err(JobError::world)??;
    let Found { objects, .. } = find(worker, document).await?;
    if !objects.is_empty() {
        let mut tx = worker.services.database.begin_system().await?;
        shreds::count_objects(&mut tx, look, objects.len() as u64).await?;
        tx.commit().await?;
        delete(worker, &objects).await?;
    } else if shred.objects.is_none() {
        tracing::error!(
            document.id = %document,
            "the store has nothing of a shredded document, and its original must have been there: see that storage.bucket is the right one, or it gets no receipt (docs/OPERATIONS.md, \"Receipts\")"
        );
        return Ok(Some(LONG_PAUSE));
    }
    let left = find(worker, document).await?;
    if left.others > 0 {
        tracing::error!(
            document.id = %document,
            objects.others = left.others,
            "the path of a shredded document has objects that are not ours: remove them, or it gets no receipt"
        );
        return Ok(Some(LONG_PAUSE));
    }
    // A part that was on its way may have come after its upload was ended: only a look that finds no upload says so.
    if aborted > 0 {
        tracing::info!(document.id = %document, uploads.aborted = aborted, "uploads of a shredded document were left open");
    }
    if aborted > 0 || !left.objects.is_empty() {
        return Ok(Some(PAUSE));
    }
    while search_rebuild::forget_tokens(worker, Some(document)).await? > 0 {}
    let mut tx = worker.services.database.begin_system().await?;
    let removed = shreds::mark_removed(&mut tx, look).await?;
    tx.commit().await?;
    if *is_quiet && let Some(signed) = sign(worker, &removed, installation) {
        // The bucket first: what the database says to be signed is not lost with it.
        keep::put(worker, document, &signed).await?;
        let mut tx = worker.services.database.begin_system().await?;
        let is_signed = shreds::sign(&mut tx, &removed, &signed).await?;
        tx.commit().await?;
        if is_signed {
            tracing::info!(document.id = %document, objects.removed = removed.objects, "the receipt of a shredded document is signed");
        }
    }
    Ok(None)
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
