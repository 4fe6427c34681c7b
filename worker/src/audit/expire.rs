use std::{sync::Arc, time::Duration};

use untxt_core::{
    audit::{AuditAction, AuditEntry, AuditObject, AuditObjectKind, AuditOutcome},
    receipts::SigningKey,
    telemetry::chain,
};
use untxt_database::audit;

use crate::{error::JobResult, repeat::repeat, worker::Worker};

/// Pause between two looks at what is too old.
const EVERY: Duration = Duration::from_secs(3600);
/// Batches whose rows are removed in one transaction.
const AT_ONCE: i32 = 20;

/// Starts to look, until the worker stops.
pub(super) fn start(worker: &Arc<Worker>) {
    let expiring = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&expiring, EVERY, |worker| async move {
            let Some(key) = &worker.options.signing_key else { return };
            match expire(&worker, key).await {
                Ok(0) => {}
                Ok(batches) => tracing::info!(audit.batches = batches, "old rows of the record were removed"),
                Err(error) => tracing::warn!(error = chain(&error), "old rows of the record could not be removed"),
            }
        })
        .await;
    });
}

/// Says in a signed head that rows may go, then removes them: who is killed in between has said so, and the next one goes on.
async fn expire(worker: &Worker, key: &SigningKey) -> JobResult<i64> {
    let mut tx = worker.services.database.begin_system().await?;
    if !audit::try_begin_sealing(&mut tx).await? {
        return Ok(0);
    }
    let last = audit::last_head(&mut tx).await?;
    let said = last.as_ref().and_then(|(head, _)| head.expired_before);
    let before = audit::find_expiry(&mut tx, worker.options.audit_retention, said).await?;
    if before.is_some() {
        let object = Some(AuditObject::all(AuditObjectKind::Audit));
        let entry = AuditEntry { object, ..AuditEntry::new(AuditAction::AuditExpired, AuditOutcome::Ok) };
        audit::record(&mut tx, &entry).await?;
        audit::seal_next(&mut tx, key, last, before, super::AT_ONCE).await?;
    }
    tx.commit().await?;
    let mut removed = 0;
    loop {
        let mut tx = worker.services.database.begin_system().await?;
        let batches = audit::expire(&mut tx, AT_ONCE).await?;
        tx.commit().await?;
        removed += batches;
        if batches == 0 {
            return Ok(removed);
        }
    }
}
