//! The main step: pages are claimed, read in the child, and stored while the child reads the next one.

use std::sync::Arc;

use untxt_core::{
    crypto::DocumentKey,
    domain::TaskId,
    queue::{QueueEntry, QueueKind},
};
use untxt_database::pages::{self, ClaimedPage};

use crate::{
    error::JobResult,
    lease::{Claim, Heartbeat},
    original,
    sandbox::PageReading,
    settle::Settled,
    slot::Slot,
    worker::Worker,
};

/// Pages read for one entry; then other tasks have their turn.
const PAGES_PER_ENTRY: u32 = 8;

/// A page that was read and has to be stored; its claim is kept alive meanwhile.
#[derive(Debug)]
pub(crate) struct ReadPage {
    pub(crate) claimed: ClaimedPage,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) reading: PageReading,
    pub(crate) key: Arc<DocumentKey>,
}

/// What became of looking for the next page.
enum Next {
    /// It was read.
    Read(Box<ReadPage>),
    /// It was not, or there is none, and that is written down.
    Settled(Settled),
}

impl Worker {
    /// Reads pages of the task, and gives the next step if this slot should do it at once.
    pub(crate) async fn recognise(&self, slot: &mut Slot, entry: QueueEntry) -> Option<QueueEntry> {
        let mut to_store = None;
        let mut left = PAGES_PER_ENTRY;
        loop {
            // While one page is sealed and stored the child reads the next; never more than one is ahead.
            let (stored, next) =
                tokio::join!(self.store_if_any(to_store.take()), self.read_next(slot, entry.task, left));
            let settled = match next {
                Next::Read(page) => {
                    to_store = Some(page);
                    Settled::GoOn
                }
                Next::Settled(settled) => settled,
            };
            left = left.saturating_sub(1);
            match stored.max(settled) {
                Settled::GoOn => {}
                Settled::Halt => break,
                Settled::TaskEnds => return Some(finish_of(entry)),
            }
        }
        match self.store_if_any(to_store).await {
            Settled::TaskEnds => Some(finish_of(entry)),
            Settled::GoOn | Settled::Halt => {
                self.leave(slot, entry, left == 0).await;
                None
            }
        }
    }

    /// Leaves the task to whoever takes its next entry.
    async fn leave(&self, slot: &mut Slot, entry: QueueEntry, turn_is_over: bool) {
        if turn_is_over || self.stop.is_cancelled() {
            self.wakeups.push(&entry).await;
        } else {
            slot.forget().await;
        }
    }

    async fn read_next(&self, slot: &mut Slot, task: TaskId, left: u32) -> Next {
        if left == 0 || self.stop.is_cancelled() {
            return Next::Settled(Settled::Halt);
        }
        let claimed = match self.in_time(self.claim_page(task)).await {
            Ok(Some(claimed)) => claimed,
            Ok(None) => return Next::Settled(Settled::Halt),
            Err(error) => {
                tracing::warn!(error = %error, "no page could be claimed");
                return Next::Settled(Settled::Halt);
            }
        };
        let heartbeat = self.heartbeat(Claim::Page(claimed.clone()));
        match heartbeat.guard(self.read_page(slot, &claimed)).await {
            Ok((reading, key)) => Next::Read(Box::new(ReadPage { claimed, heartbeat, reading, key })),
            Err(error) => Next::Settled(self.settle_page(&claimed, error).await),
        }
    }

    async fn claim_page(&self, task: TaskId) -> JobResult<Option<ClaimedPage>> {
        let mut tx = self.services.database.begin_system().await?;
        let claimed = pages::claim_next(&mut tx, task, self.options.lease, self.options.max_attempts).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    async fn read_page(&self, slot: &mut Slot, claimed: &ClaimedPage) -> JobResult<(PageReading, Arc<DocumentKey>)> {
        let loaded = original::load(&self.services, slot, claimed.owner, claimed.document, &claimed.settings).await?;
        let reading = slot.sandbox.read_page(&loaded.original, claimed.page).await?;
        Ok((reading, loaded.key))
    }
}

fn finish_of(QueueEntry { task, trace, .. }: QueueEntry) -> QueueEntry {
    QueueEntry::new(QueueKind::Finish, task, trace)
}
