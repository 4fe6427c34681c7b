//! The main step: a page is read in the child.

use std::{sync::Arc, time::Duration};

use metrics::histogram;
use tokio::time::Instant;
use tracing::{Instrument, Span};
use untxt_core::{crypto::DocumentKey, domain::FailureCode, telemetry::chain};
use untxt_database::pages::{self, ClaimedPage};

use crate::{
    error::{JobError, JobResult},
    lease::{Claim, Heartbeat},
    original,
    sandbox::{Fault, PageReading},
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
    pub(crate) readout: Readout,
    pub(crate) span: Span,
}

/// What came of reading a page.
#[derive(Debug)]
pub(crate) struct Readout {
    pub(crate) reading: PageReading,
    /// How long the reader took.
    pub(crate) spent: Duration,
    pub(crate) key: Arc<DocumentKey>,
}

impl Worker {
    /// Reads a page. One that can't be read is settled, and its task is ended if it was the last one.
    pub(crate) async fn read_next(&self, slot: &mut Slot, claimed: ClaimedPage) -> Next {
        let heartbeat = self.heartbeat(Claim::Page(claimed.clone()));
        let span = walk::page(&claimed);
        let begin = Instant::now();
        let read = heartbeat.guard(self.read_page(slot, &claimed)).instrument(span.clone()).await;
        match read {
            Ok(readout) => {
                self.pace.add(begin.elapsed());
                Next::Read(Box::new(ReadPage { claimed, heartbeat, readout, span }))
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

    async fn read_page(&self, slot: &mut Slot, claimed: &ClaimedPage) -> JobResult<Readout> {
        if claimed.spent >= self.options.task_timeout {
            return Err(JobError::Document(FailureCode::TaskTimeout));
        }
        let begin = Instant::now();
        let loading = original::load(&self.services, slot, claimed.owner, claimed.document, &claimed.settings);
        let loaded = loading.instrument(walk::stage("load")).await?;
        let opened = Instant::now();
        histogram!("untxt_page_seconds", "stage" => "load").record(opened - begin);
        let read = slot.sandbox.read_page(&loaded.original, claimed.page).instrument(walk::stage("read")).await;
        let spent = opened.elapsed();
        match read {
            Ok(reading) => {
                histogram!("untxt_page_seconds", "stage" => "read").record(spent);
                Ok(Readout { reading, spent, key: loaded.key })
            }
            Err(fault) => {
                // What the page has nothing to do with is tried again without end.
                if matches!(fault, Fault::Refused(_) | Fault::Died(_)) {
                    Box::pin(self.charge(claimed, spent)).await;
                }
                Err(fault.into())
            }
        }
    }

    /// Notes reader's time for a task whose page was not stored.
    pub(crate) async fn charge(&self, claimed: &ClaimedPage, spent: Duration) {
        let charging = self.in_time(async {
            let mut tx = self.services.database.begin_system().await?;
            pages::charge(&mut tx, claimed, spent).await?;
            Ok(tx.commit().await?)
        });
        if let Err(error) = charging.await {
            tracing::warn!(error = chain(&error), "the time that a page took could not be noted");
        }
    }
}
