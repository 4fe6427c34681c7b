//! The last step of a task: the searchable PDF, and the honest end state.

use metrics::counter;
use tracing::Instrument;
use untxt_core::{
    domain::{FailureCode, PageContent, PageNumber},
    storage::ObjectKey,
    telemetry::chain,
};
use untxt_database::{
    pages::{self, PageWithContent},
    tasks::{self, ClaimedTask, Pdf},
};

use crate::{
    error::{JobError, JobResult},
    lease::Claim,
    original, seal,
    settle::Settled,
    slot::{Loaded, Slot},
    walk,
    worker::Worker,
};

/// Pages fetched at once: bounded memory, few round trips.
const PAGES_PER_QUERY: u32 = 64;

impl Worker {
    /// Ends the task.
    pub(crate) async fn finish(&self, slot: &mut Slot, claimed: &ClaimedTask) -> Settled {
        let heartbeat = self.heartbeat(Claim::Task(claimed.clone()));
        let settled = match heartbeat.guard(self.try_finish(slot, claimed)).instrument(walk::finish(claimed)).await {
            Ok(()) => Settled::GoOn,
            Err(error) => self.settle_task(claimed, error).await,
        };
        slot.forget().await;
        settled
    }

    async fn try_finish(&self, slot: &mut Slot, claimed: &ClaimedTask) -> JobResult<()> {
        let object = ObjectKey::SearchablePdf(claimed.document, claimed.task, claimed.attempt);
        let pdf = match self.make_searchable_pdf(slot, claimed, &object).await {
            Ok(made) => made.then_some(claimed.attempt).ok_or(FailureCode::Internal),
            // What was read is worth more than the PDF: the task ends without one.
            Err(JobError::Document(code) | JobError::Reader(code)) => {
                tracing::warn!(failure.code = %code, "the searchable PDF could not be made");
                Err(code)
            }
            Err(error) => return Err(error),
        };
        let ended = self.end(claimed, pdf).await;
        match (&ended, pdf) {
            (Ok(()), _) => Box::pin(self.drop_superseded(claimed)).await,
            (Err(JobError::LeaseLost), Ok(_)) => self.remove(&object).await,
            _ => {}
        }
        ended
    }

    /// Removes the searchable PDFs of earlier runs. What can't be removed now, the clean-up finds.
    async fn drop_superseded(&self, claimed: &ClaimedTask) {
        let dropping = self.in_time(async {
            let mut tx = self.services.database.begin_system().await?;
            let superseded = tasks::list_superseded_pdfs(&mut tx, claimed.document).await?;
            drop(tx);
            if !superseded.is_empty() {
                self.services.objects.delete(&superseded).await?;
            }
            Ok(())
        });
        if let Err(error) = dropping.await {
            tracing::debug!(error = chain(&error), "the searchable PDF of an earlier run stays behind");
        }
    }

    /// Makes and stores the PDF, unless no page was read: `false`.
    async fn make_searchable_pdf(&self, slot: &mut Slot, claimed: &ClaimedTask, object: &ObjectKey) -> JobResult<bool> {
        if claimed.pages.done == 0 {
            return Ok(false);
        }
        let loaded = original::load(&self.services, slot, claimed.owner, claimed.document, &claimed.settings).await?;
        let pages = self.load_pages(claimed, &loaded).await?;
        let pdf = match slot.sandbox.searchable_pdf(&loaded.original, &pages).await {
            // The child may have been worn by what it read before.
            Err(crate::sandbox::Fault::Died(_)) => slot.sandbox.searchable_pdf(&loaded.original, &pages).await?,
            made => made?,
        };
        let sealed = seal::seal_object(&loaded.key, claimed.owner, object, pdf)?;
        self.put(object, sealed).await?;
        Ok(true)
    }

    /// Loads the words of every page; `None` for those that failed.
    async fn load_pages(&self, claimed: &ClaimedTask, loaded: &Loaded) -> JobResult<Vec<Option<PageContent>>> {
        let mut contents = Vec::new();
        let mut first = Some(PageNumber::from_index(0));
        while let Some(from) = first {
            let batch = self.load_batch(claimed, from).await?;
            first = batch.last().and_then(|last| PageNumber::new(last.page.number.get() + 1));
            let (loaded, claimed) = (loaded.clone(), claimed.clone());
            let opened = tokio::task::spawn_blocking(move || open_batch(&batch, &claimed, &loaded));
            contents.extend(opened.await.map_err(JobError::world)??);
        }
        Ok(contents)
    }

    async fn load_batch(&self, claimed: &ClaimedTask, first: PageNumber) -> JobResult<Vec<PageWithContent>> {
        let mut tx = self.services.database.begin_as(claimed.owner).await?;
        let batch = pages::load_contents(&mut tx, claimed.task, first, PAGES_PER_QUERY).await?;
        tx.commit().await?;
        Ok(batch)
    }

    async fn end(&self, claimed: &ClaimedTask, pdf: Pdf) -> JobResult<()> {
        let mut tx = self.services.database.begin_system().await?;
        let state = tasks::finish(&mut tx, claimed, pdf).await?;
        tx.commit().await?;
        counter!("untxt_tasks_ended_total", "state" => state.as_str()).increment(1);
        tracing::info!(task.state = %state, pages.done = claimed.pages.done, pages.failed = claimed.pages.failed, "a task has ended");
        Ok(())
    }
}

fn open_batch(
    batch: &[PageWithContent],
    claimed: &ClaimedTask,
    loaded: &Loaded,
) -> JobResult<Vec<Option<PageContent>>> {
    let open = |page: &PageWithContent| {
        let Some(sealed) = &page.content_sealed else { return Ok(None) };
        // sealed for the run that read it
        let mut content = loaded.key.open_page(claimed.owner, page.page.task, page.page.number, sealed)?;
        // The PDF needs the words and their boxes only.
        content.text = String::new();
        Ok(Some(content))
    };
    batch.iter().map(open).collect()
}
