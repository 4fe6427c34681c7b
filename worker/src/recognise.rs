//! The main step: a page is read in the child.

use std::sync::Arc;

use metrics::histogram;
use tokio::time::Instant;
use tracing::{Instrument, Span};
use untxt_core::crypto::DocumentKey;
use untxt_database::pages::ClaimedPage;

use crate::{
    error::JobResult,
    lease::{Claim, Heartbeat},
    original,
    sandbox::PageReading,
    settle::Settled,
    slot::Slot,
    turn::Next,
    walk,
    worker::Worker,
};

/// A page that was read and has to be stored; its claim is kept alive meanwhile.
#[derive(Debug)]
pub(crate) struct ReadPage {
    pub(crate) claimed: ClaimedPage,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) reading: PageReading,
    pub(crate) key: Arc<DocumentKey>,
    pub(crate) span: Span,
}

impl Worker {
    /// Reads a page. One that can't be read is settled, and its task is ended if it was the last one.
    pub(crate) async fn read_next(&self, slot: &mut Slot, claimed: ClaimedPage) -> Next {
        let heartbeat = self.heartbeat(Claim::Page(claimed.clone()));
        let span = walk::page(&claimed);
        let begin = Instant::now();
        let read = heartbeat.guard(self.read_page(slot, &claimed)).instrument(span.clone()).await;
        match read {
            Ok((reading, key)) => {
                self.pace.add(begin.elapsed());
                Next::Read(Box::new(ReadPage { claimed, heartbeat, reading, key, span }))
            }
            Err(error) => {
                let settled = self.settle_page(&claimed, error).await;
                if settled == Settled::TaskEnds {
                    self.end_if_open(slot, claimed.task).await;
                    return Next::Settled(Settled::GoOn);
                }
                Next::Settled(settled)
            }
        }
    }

    async fn read_page(&self, slot: &mut Slot, claimed: &ClaimedPage) -> JobResult<(PageReading, Arc<DocumentKey>)> {
        let begin = Instant::now();
        let loading = original::load(&self.services, slot, claimed.owner, claimed.document, &claimed.settings);
        let loaded = loading.instrument(walk::stage("load")).await?;
        let opened = Instant::now();
        histogram!("untxt_page_seconds", "stage" => "load").record(opened - begin);
        let reading = slot.sandbox.read_page(&loaded.original, claimed.page).instrument(walk::stage("read")).await?;
        histogram!("untxt_page_seconds", "stage" => "read").record(opened.elapsed());
        Ok((reading, loaded.key))
    }
}
