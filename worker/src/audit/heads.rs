use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use metrics::gauge;
use untxt_core::{
    audit::{BatchHead, HeadError, SignedHead},
    receipts::SigningKey,
    storage::ObjectKey,
};

use super::lock;
use crate::{
    error::{JobError, JobResult},
    worker::Worker,
};

/// How often the newest head is put where the database isn't.
const PUT_EVERY: Duration = Duration::from_secs(60);

/// What this worker remembers of the chain, so that a database that was set back is noticed.
#[derive(Debug, Default)]
pub(super) struct Heads {
    last: Option<(u64, String)>,
    to_put: Option<(u64, SignedHead)>,
    put_at: Option<Instant>,
}

impl Heads {
    /// Takes note of the last head that the database has, and says aloud if it can't be true.
    pub(super) fn meet(&mut self, found: Option<&(BatchHead, SignedHead)>, key: &SigningKey) {
        let Some((head, signed)) = found else {
            if self.last.is_some() {
                alarm("the record lost all that was sealed");
                self.last = None;
            }
            return;
        };
        // Another worker may have a newer key.
        if signed.verify(&[key.public()]) == Err(HeadError::WrongSignature) {
            alarm("the last batch of the record is forged");
        }
        let hash = signed.hash();
        if self
            .last
            .as_ref()
            .is_some_and(|(number, seen)| head.number < *number || (head.number == *number && hash != *seen))
        {
            alarm("the record was set back: batches that were sealed are gone, or others now");
        }
        gauge!("untxt_audit_head").set(u32::try_from(head.number).unwrap_or(u32::MAX));
        if self.last.as_ref().is_none_or(|(number, _)| *number != head.number) {
            self.to_put = Some((head.number, signed.clone()));
        }
        self.last = Some((head.number, hash));
    }

    /// Gives what is to be put now, if it is time.
    fn due(&mut self) -> Option<(u64, SignedHead)> {
        if self.to_put.is_none() || self.put_at.is_some_and(|at| at.elapsed() < PUT_EVERY) {
            return None;
        }
        self.put_at = Some(Instant::now());
        self.to_put.clone()
    }

    fn is_put(&mut self, number: u64) {
        self.to_put.take_if(|(to_put, _)| *to_put == number);
    }
}

fn alarm(what: &str) {
    gauge!("untxt_audit_broken").set(1);
    tracing::error!("{what}: look at an export with `untxt audit verify`, and at heads that were kept elsewhere");
}

/// Puts the newest head into the store and into the log, where whoever has the database doesn't reach it.
pub(super) async fn put(worker: &Worker, heads: &Mutex<Heads>) -> JobResult<()> {
    let Some((number, signed)) = lock(heads).due() else { return Ok(()) };
    tracing::info!(audit.head = number, audit.hash = signed.hash(), "the record is sealed up to here");
    let text = signed.to_json().map_err(JobError::world)?;
    let body = stream::iter([Ok(Bytes::from(text))]).boxed();
    let key = ObjectKey::AuditHead(number);
    let putting = worker.services.objects.put(&key, body);
    worker.in_time(async { putting.await.map_err(JobError::world) }).await?;
    lock(heads).is_put(number);
    Ok(())
}
