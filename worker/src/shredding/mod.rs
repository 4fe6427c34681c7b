//! The end of documents. What a rule lets go moves to the trash, what lay there long enough is shredded, and what was
//! shredded, here or by its owner, loses its objects and gets a receipt. Every worker looks, one at a time does it.
//!
//! It promises that a receipt is signed only when the store has listed nothing of the document any more and nobody can be
//! putting anything there, that the receipt is in the bucket before the database says so, and that whoever is killed anywhere
//! in between has lost nothing: the next one goes on. Without a key documents are shredded all the same, and their receipts
//! wait.

mod keep;
mod remove;
mod retain;

use std::{sync::Arc, time::Duration};

use metrics::{counter, gauge};
use untxt_core::{
    config::Signing,
    domain::{DocumentId, OwnerId},
    receipts::{SigningKey, SigningKeyError},
    telemetry::chain,
};
use untxt_database::{
    Transaction,
    documents::{self, Due, ShredWish, Shredding},
    installation, shreds,
};

use crate::{error::JobResult, repeat::repeat, worker::Worker};

/// Pause between two looks at what is due.
const EVERY: Duration = Duration::from_secs(3);
/// Documents that are asked for at once.
const AT_ONCE: u32 = 100;

/// Opens the key that signs, if there is one.
///
/// # Errors
/// When others can reach its file, or it holds something else.
pub(crate) fn open_key(signing: &Signing) -> Result<Option<Arc<SigningKey>>, SigningKeyError> {
    match &signing.key_path {
        Some(path) if path.exists() => SigningKey::open(path).map(Arc::new).map(Some),
        _ => {
            tracing::warn!(
                "signing.key_path names no file: receipts of shredded documents wait until it does, and the record of what was done is not sealed (docs/OPERATIONS.md, \"Receipts\")"
            );
            Ok(None)
        }
    }
}

/// Starts to look, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let shredding = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&shredding, EVERY, |worker| async move {
            if let Err(error) = shred_all(&worker).await {
                tracing::warn!(error = chain(&error), "deleted documents could not be dealt with, later again");
            }
        })
        .await;
    });
    retain::start(worker);
}

/// Does everything that is due, once: some documents are shredded, then some lose their objects, and so on, so that neither
/// waits for all of the other. The first transaction only keeps other workers from the same; if it ends early, two do it, and
/// every step may be done by two.
async fn shred_all(worker: &Worker) -> JobResult<()> {
    let mut elected = worker.services.database.begin_system().await?;
    if !shreds::try_begin(&mut elected).await? {
        return Ok(());
    }
    let installation = installation::id(&mut elected).await?;
    let (mut due, mut removing) = (Some(None), Some(None));
    while due.is_some() || removing.is_some() {
        if let Some(after) = due {
            due = shred_some(worker, &mut elected, after).await?;
        }
        if let Some(after) = removing.take() {
            removing = remove::remove_some(worker, &mut elected, installation, after).await?;
        }
    }
    keep::keep_all(worker, &mut elected).await?;
    let waiting = shreds::count_waiting(&mut elected).await?;
    gauge!("untxt_receipts_waiting").set(u32::try_from(waiting.receipts).unwrap_or(u32::MAX));
    gauge!("untxt_receipts_oldest_seconds").set(waiting.oldest_seconds);
    Ok(elected.commit().await?)
}

/// Shreds some documents whose time in the trash is over, and says behind which to go on; `None`: these were the last.
async fn shred_some(worker: &Worker, elected: &mut Transaction, after: Option<Due>) -> JobResult<Option<Option<Due>>> {
    let mut listing = worker.services.database.begin_system().await?;
    let due = documents::list_due(&mut listing, after, AT_ONCE).await?;
    listing.commit().await?;
    for Due { owner, document, .. } in &due {
        shreds::keep(elected).await?;
        // One that can't be shredded now does not keep the others from it.
        if let Err(error) = shred(worker, *owner, *document).await {
            tracing::warn!(document.id = %document, error = chain(&error), "a document could not be shredded");
        }
    }
    Ok(due.last().map(|last| Some(*last)))
}

/// Shreds a document, unless somebody took it back, or a rule keeps it.
async fn shred(worker: &Worker, owner: OwnerId, document: DocumentId) -> JobResult<()> {
    let mut tx = worker.services.database.begin_as(owner).await?;
    let shredding = documents::shred(&mut tx, document, ShredWish::WhenDue).await?;
    tx.commit().await?;
    if shredding == Shredding::Done {
        counter!("untxt_documents_shredded_total").increment(1);
        tracing::info!(document.id = %document, "a document was shredded: its time in the trash was over");
    }
    Ok(())
}
