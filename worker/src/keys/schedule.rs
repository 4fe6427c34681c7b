//! Keeping the keys up by and by. Every worker looks; the database lets one at a time.

use std::sync::Arc;

use metrics::{counter, gauge};
use untxt_core::telemetry::chain;
use untxt_database::{Duty, Election, owner_keys};

use super::{Kept, KeyKeeper};
use crate::{error::JobResult, repeat::repeat, worker::Worker};

/// Starts to keep the keys up, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let keeping = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        let every = keeping.options.keys.every;
        repeat(&keeping, every, |worker| async move {
            if let Err(error) = keep_if_elected(&worker.keeper).await {
                tracing::warn!(error = chain(&error), "the keys could not be kept up, later again");
            }
        })
        .await;
    });
}

/// If the election lapses before the work is done, two do it, which does no harm.
async fn keep_if_elected(keeper: &KeyKeeper) -> JobResult<()> {
    let Some(_elected) = Election::win(&keeper.database, Duty::KeepKeys).await? else { return Ok(()) };
    let kept = keeper.keep_all(|_| {}).await.map_err(|error| error.0)?;
    if kept != Kept::default() {
        let Kept { rotated, rewrapped, documents, labels, refused, destroyed } = kept;
        tracing::info!(rotated, rewrapped, documents, labels, refused, destroyed, "keys were kept up");
    }
    tell(keeper, kept).await
}

async fn tell(keeper: &KeyKeeper, kept: Kept) -> JobResult<()> {
    for (what, count) in [
        ("rotated", kept.rotated),
        ("rewrapped", kept.rewrapped),
        ("document_rewrapped", kept.documents),
        ("labels_rewrapped", kept.labels),
        ("refused", kept.refused),
        ("destroyed", kept.destroyed),
    ] {
        counter!("untxt_key_operations_total", "operation" => what).increment(count);
    }
    let mut tx = keeper.database.begin_system().await?;
    let keys = owner_keys::count(&mut tx).await?;
    let under_older = owner_keys::count_documents_under_older(&mut tx).await?;
    tx.commit().await?;
    for state in untxt_core::crypto::KeyState::ALL {
        let count: u64 = keys.iter().filter(|count| count.state == state).map(|count| count.keys).sum();
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        gauge!("untxt_owner_keys", "state" => state.as_str()).set(count as f64);
    }
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    gauge!("untxt_document_keys_under_older_keys").set(under_older as f64);
    Ok(())
}
