use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::time::timeout;
use untxt_core::{domain::DocumentId, receipts::Signed, storage::ObjectKey, telemetry::chain};
use untxt_database::{Transaction, shreds};

use super::{
    AT_ONCE,
    remove::{STEP_LIMIT, is_bucket_ours},
};
use crate::{
    error::{JobError, JobResult},
    worker::Worker,
};

/// Puts a receipt into the bucket, where it outlives the database and its backups. The same one twice is the same.
pub(super) async fn put(worker: &Worker, document: DocumentId, signed: &Signed) -> JobResult<()> {
    let line = signed.to_line().ok_or_else(|| JobError::world("a receipt can't be written"))?;
    let body = stream::iter([Ok(Bytes::from(line))]).boxed();
    let key = ObjectKey::Receipt(document);
    timeout(STEP_LIMIT, worker.services.objects.put(&key, body)).await.map_err(JobError::world)??;
    Ok(())
}

/// Puts those into the bucket that are signed and not there: of an earlier version, or brought by an import.
pub(super) async fn keep_all(worker: &Worker, elected: &mut Transaction) -> JobResult<()> {
    let mut last = None;
    loop {
        let mut listing = worker.services.database.begin_system().await?;
        let unstored = shreds::list_unstored(&mut listing, last, AT_ONCE).await?;
        listing.commit().await?;
        if unstored.is_empty() || !is_bucket_ours(worker).await? {
            return Ok(());
        }
        for (document, signed) in &unstored {
            shreds::keep(elected).await?;
            if let Err(error) = put_and_mark(worker, *document, signed).await {
                tracing::warn!(document.id = %document, error = chain(&error), "a receipt is not in the bucket, later again");
            }
        }
        last = unstored.last().map(|(document, _)| *document);
    }
}

async fn put_and_mark(worker: &Worker, document: DocumentId, signed: &Signed) -> JobResult<()> {
    put(worker, document, signed).await?;
    let mut tx = worker.services.database.begin_system().await?;
    shreds::mark_stored(&mut tx, document).await?;
    Ok(tx.commit().await?)
}
