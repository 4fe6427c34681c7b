//! Sealing the record of what was done: rows get numbers without gaps, and batches of them a hash of the batch before and a
//! signature. Every worker looks, one at a time does it; and what is older than has to be kept, it lets go.
//!
//! It promises that no row is left out, however late it is committed, and that whoever is killed in between has sealed a whole
//! batch or none. Without a key rows are written all the same, and wait. It refuses to judge the record: that does
//! [`untxt_core::audit::AuditVerifier`], on an export, elsewhere.

mod expire;
mod heads;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metrics::{counter, gauge};
use untxt_core::{receipts::SigningKey, telemetry::chain};
use untxt_database::audit;

use crate::{error::JobResult, repeat::repeat, worker::Worker};
use heads::Heads;

/// Pause between two looks at what is not sealed: so long somebody with the database has to change a row unseen.
const EVERY: Duration = Duration::from_secs(2);
/// Rows of one batch. Where somebody changed a row and the list of its batch, too, only the batch can be named.
const AT_ONCE: u32 = 2000;

/// Starts to seal, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let heads = Arc::new(Mutex::new(Heads::default()));
    let sealing = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&sealing, EVERY, |worker| {
            let heads = Arc::clone(&heads);
            async move {
                if let Err(error) = look(&worker, &heads).await {
                    tracing::warn!(error = chain(&error), "the record could not be sealed, later again");
                }
            }
        })
        .await;
    });
    expire::start(worker);
}

async fn look(worker: &Worker, heads: &Mutex<Heads>) -> JobResult<()> {
    if let Some(key) = &worker.options.signing_key {
        seal_all(worker, key, heads).await?;
        heads::put(worker, heads).await?;
    }
    let mut tx = worker.services.database.begin_system().await?;
    let waiting = audit::count_unsealed(&mut tx).await?;
    tx.commit().await?;
    gauge!("untxt_audit_unsealed_rows").set(u32::try_from(waiting.rows).unwrap_or(u32::MAX));
    gauge!("untxt_audit_unsealed_oldest_seconds").set(waiting.oldest_seconds);
    Ok(())
}

/// Seals all that waits, a batch in each transaction, unless somebody else does.
async fn seal_all(worker: &Worker, key: &SigningKey, heads: &Mutex<Heads>) -> JobResult<()> {
    loop {
        let mut tx = worker.services.database.begin_system().await?;
        if !audit::try_begin_sealing(&mut tx).await? {
            return Ok(());
        }
        let last = audit::last_head(&mut tx).await?;
        lock(heads).meet(last.as_ref(), key);
        let Some((head, signed)) = audit::seal_next(&mut tx, key, last, None, AT_ONCE).await? else { return Ok(()) };
        tx.commit().await?;
        counter!("untxt_audit_sealed_rows_total").increment(head.rows.into());
        let is_all = head.rows < AT_ONCE;
        lock(heads).meet(Some(&(head, signed)), key);
        if is_all {
            return Ok(());
        }
    }
}

fn lock(heads: &Mutex<Heads>) -> std::sync::MutexGuard<'_, Heads> {
    heads.lock().unwrap_or_else(PoisonError::into_inner)
}
