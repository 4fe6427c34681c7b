//! The first step of a task: open the document, count its pages, and let their reading begin.

use tracing::Instrument;
use untxt_core::queue::{QueueEntry, QueueKind};
use untxt_database::tasks::{self, ClaimedTask};

use crate::{
    error::{JobError, JobResult},
    lease::Claim,
    original,
    sandbox::Fault,
    settle::Settled,
    slot::{Loaded, Slot},
    walk,
    worker::Worker,
};

/// Wake-ups for one task at once, at most: enough for several workers, and no crowd in front of other tasks.
const MAX_ENTRIES: u32 = 8;

impl Worker {
    /// Inspects; the slot that does it reads the first page too, because it has the document open.
    pub(crate) async fn inspect(&self, slot: &mut Slot, claimed: &ClaimedTask) -> Settled {
        let heartbeat = self.heartbeat(Claim::Task(claimed.clone()));
        let is_known = claimed.pages.total > 0;
        let begun = async {
            if is_known { self.begin_again(slot, claimed).await } else { self.begin_pages(slot, claimed).await }
        };
        match heartbeat.guard(begun).instrument(walk::inspect(claimed)).await {
            Ok(page_count) => {
                tracing::info!(document.pages = page_count, "a document is being read");
                self.wake_others(claimed, page_count).await;
                Settled::GoOn
            }
            Err(error) => {
                let settled = self.settle_task(claimed, error).await;
                slot.forget().await;
                settled
            }
        }
    }

    async fn begin_pages(&self, slot: &mut Slot, claimed: &ClaimedTask) -> JobResult<u32> {
        let loaded = self.load_clean(slot, claimed).await?;
        let page_count = self.count_pages(slot, &loaded.original).await?;
        let mut tx = self.services.database.begin_system().await?;
        tasks::begin_pages(&mut tx, claimed, page_count).await?;
        tx.commit().await?;
        Ok(page_count)
    }

    /// Begins to read a document again whose pages are known; gives how many are to be read.
    async fn begin_again(&self, slot: &mut Slot, claimed: &ClaimedTask) -> JobResult<u32> {
        if claimed.pages.done + claimed.pages.failed < claimed.pages.total {
            // The scanner may know more than it did the last time.
            self.load_clean(slot, claimed).await?;
        }
        let mut tx = self.services.database.begin_system().await?;
        let page_count = tasks::begin_known_pages(&mut tx, claimed).await?;
        tx.commit().await?;
        Ok(page_count)
    }

    /// Loads the document, and has the virus scanner see it before anybody opens it.
    async fn load_clean(&self, slot: &mut Slot, claimed: &ClaimedTask) -> JobResult<Loaded> {
        let loaded = original::load(&self.services, slot, claimed.owner, claimed.document, &claimed.settings).await?;
        if let Some(scanner) = &self.services.scanner {
            scanner.pass(&loaded.original.bytes).await?;
        }
        Ok(loaded)
    }

    /// Opens the document; one that breaks its reader gets a fresh one, as often as a page would.
    async fn count_pages(&self, slot: &mut Slot, original: &crate::sandbox::Original) -> JobResult<u32> {
        let mut tries = 1;
        loop {
            match slot.sandbox.count_pages(original).await {
                Err(Fault::Died(code)) if tries < self.max_attempts(code) => tries += 1,
                counted => return counted.map_err(JobError::from),
            }
        }
    }

    /// Wakes the other slots, here and elsewhere; this one goes on by itself.
    async fn wake_others(&self, claimed: &ClaimedTask, page_count: u32) {
        let slots = u32::try_from(self.options.children).unwrap_or(MAX_ENTRIES);
        let entries = page_count.min(slots.saturating_mul(2)).min(MAX_ENTRIES);
        let entry = QueueEntry::new(QueueKind::Recognise, claimed.task, claimed.queue, claimed.trace);
        for _ in 1..entries {
            self.wakeups.push(&entry).await;
        }
    }
}
