//! Reading stored files again, by and by, to see that they are still what was uploaded. Every worker looks, one at a time.
//!
//! A file is whole when all its segments open with the key of its document, in their order, up to its end, and are as long as
//! the upload was: AES-256-GCM vouches for every bit, so there is no second hash to compare.

use std::{sync::Arc, time::Duration};

use futures::TryStreamExt;
use metrics::{counter, gauge};
use tokio::time::timeout;
use untxt_core::{
    domain::{DocumentId, OwnerId},
    storage::{ObjectKey, StorageError},
    telemetry::chain,
};
use untxt_database::{Duty, Election, integrity};

use crate::{
    error::{JobError, JobResult},
    original,
    repeat::repeat,
    worker::Worker,
};

/// A look at all documents, by their ids.
const EVERY: Duration = Duration::from_secs(900);
/// Files between two looks at the list.
const AT_ONCE: u32 = 10;
/// For one file of the largest size from a slow store.
const FILE_LIMIT: Duration = Duration::from_secs(600);

/// Starts to check, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let Some(max_age) = worker.options.check_after else { return };
    let checking = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&checking, EVERY.min(max_age), |worker| async move {
            if let Err(error) = check_due(&worker, max_age).await {
                tracing::warn!(error = chain(&error), "stored files could not be checked, later again");
            }
        })
        .await;
    });
}

/// Checks what is due.
async fn check_due(worker: &Worker, max_age: Duration) -> JobResult<()> {
    let elected = Election::win(&worker.services.database, Duty::CheckFiles).await?;
    let Some(mut elected) = elected else { return Ok(()) };
    let mut last = None;
    loop {
        let mut listing = worker.services.database.begin_system().await?;
        let due = integrity::list_due(&mut listing, max_age, last, AT_ONCE).await?;
        let damaged = integrity::count_damaged(&mut listing).await?;
        listing.commit().await?;
        gauge!("untxt_documents_damaged").set(u32::try_from(damaged).unwrap_or(u32::MAX));
        if due.is_empty() {
            return Ok(elected.end().await?);
        }
        for (owner, document) in due {
            if elected.keep().await.is_err() {
                // It lapsed while a large file was read.
                let again = Election::win(&worker.services.database, Duty::CheckFiles).await?;
                let Some(again) = again else { return Ok(()) };
                elected = again;
            }
            // One that can't be checked now does not keep the others from it.
            if let Err(error) = check(worker, owner, document).await {
                tracing::warn!(document.id = %document, error = chain(&error), "a stored file could not be checked");
            }
            last = Some(document);
        }
    }
}

async fn check(worker: &Worker, owner: OwnerId, document: DocumentId) -> JobResult<()> {
    let reading = timeout(FILE_LIMIT, is_whole(worker, owner, document)).await;
    let Some(is_whole) = reading.map_err(JobError::world)?? else { return Ok(()) };
    let mut tx = worker.services.database.begin_as(owner).await?;
    let is_new = integrity::record(&mut tx, owner, document, is_whole).await?;
    tx.commit().await?;
    counter!("untxt_documents_checked_total", "outcome" => if is_whole { "whole" } else { "damaged" }).increment(1);
    if is_new {
        tracing::error!(
            document.id = %document,
            "the stored file of a document is not what was uploaded: restore it from a backup (untxt backup verify names it)"
        );
    }
    Ok(())
}

/// `None`: the document was deleted meanwhile.
async fn is_whole(worker: &Worker, owner: OwnerId, document: DocumentId) -> JobResult<Option<bool>> {
    let (source, key) = match original::open_key(&worker.services, owner, document).await {
        Ok(found) => found,
        Err(JobError::LeaseLost) => return Ok(None),
        // its key does not open, so its file doesn't either
        Err(JobError::Document(_)) => return Ok(Some(false)),
        Err(error) => return Err(error),
    };
    let object = ObjectKey::Original(document);
    let mut sealed = match worker.services.objects.get(&object, None).await {
        Ok(sealed) => sealed,
        Err(StorageError::NotFound) => return Ok(Some(false)),
        Err(error) => return Err(error.into()),
    };
    let (mut opener, mut length) = (key.opener_for(owner, &object), 0);
    while let Some(piece) = sealed.try_next().await.map_err(JobError::world)? {
        match opener.update(&piece) {
            Ok(opened) => length += opened.len() as u64,
            Err(_) => return Ok(Some(false)),
        }
    }
    Ok(Some(opener.finish().is_ok_and(|last| length + last.len() as u64 == source.size_bytes)))
}
