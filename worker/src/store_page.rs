//! Sealing and storing what was read from a page: the picture as an object, words and text in the page's row, tokens of
//! its words in the search index.

use std::{sync::Arc, time::Duration};

use metrics::{counter, histogram};
use tokio::time::Instant;
use tracing::Instrument;
use untxt_core::{crypto::DocumentKey, domain::PageContent, storage::ObjectKey};
use untxt_database::{
    pages::{self, ClaimedPage, Completed, PageResult},
    search::PageIndex,
};

use crate::{
    error::{JobError, JobResult},
    recognise::{ReadPage, Readout},
    sandbox::PageReading,
    seal,
    search_index::SearchIndex,
    settle::Settled,
    walk,
    worker::Worker,
};

impl Worker {
    /// Stores a page, if there is one, and writes down what became of it.
    pub(crate) async fn store_if_any(&self, page: Option<Box<ReadPage>>) -> Settled {
        let Some(page) = page else { return Settled::GoOn };
        let ReadPage { claimed, heartbeat, readout, span } = *page;
        let stage = span.in_scope(|| walk::stage("store"));
        let (begin, spent) = (Instant::now(), readout.spent);
        match heartbeat.guard(self.store_page(&claimed, readout)).instrument(stage).instrument(span).await {
            Ok(completed) => {
                histogram!("untxt_page_seconds", "stage" => "store").record(begin.elapsed());
                counter!("untxt_pages_settled_total", "outcome" => "done").increment(1);
                completed.into()
            }
            Err(error) => {
                // It was read all the same, and is read again: the reader's time counts for both.
                if let JobError::LeaseLost = error {
                    self.charge(&claimed, spent).await;
                }
                self.settle_page(&claimed, error).await
            }
        }
    }

    async fn store_page(&self, claimed: &ClaimedPage, readout: Readout) -> JobResult<Completed> {
        let Readout { reading: PageReading { content, image }, spent, key } = readout;
        let object = ObjectKey::PageImage(claimed.document, claimed.task, claimed.page, claimed.attempt);
        let sealed = seal::seal_object(&key, claimed.owner, &object, image.bytes)?;
        self.put(&object, sealed).await?;
        let index = SearchIndex::open(&self.services, claimed.owner).await?;
        let mut result = PageResult {
            width: content.width,
            height: content.height,
            dpi: content.dpi,
            mean_confidence: content.mean_confidence,
            expected_words: untxt_page::expected_words(&content.words),
            image_media_type: image.media_type,
            content_sealed: &[],
            index: PageIndex { generation: index.generation, segment: index.segment, tokens: &[] },
        };
        let Sealed { content, tokens } = seal_in_background(claimed, content, key, index).await?;
        (result.content_sealed, result.index.tokens) = (&content, &tokens);
        let completed = self.complete(claimed, &result, spent).await;
        if let Err(JobError::LeaseLost) = completed {
            // Said by the database: this attempt's picture will never be asked for.
            self.remove(&object).await;
        }
        completed
    }

    async fn complete(&self, claimed: &ClaimedPage, result: &PageResult<'_>, spent: Duration) -> JobResult<Completed> {
        let mut tx = self.services.database.begin_system().await?;
        pages::charge(&mut tx, claimed, spent).await?;
        let completed = pages::complete(&mut tx, claimed, result).await?;
        tx.commit().await?;
        Ok(completed)
    }
}

/// A page as it is stored.
struct Sealed {
    content: Vec<u8>,
    tokens: Vec<i64>,
}

/// Writes and seals the JSON of a page and makes its tokens, away from the runtime's threads: a full page takes milliseconds.
async fn seal_in_background(
    claimed: &ClaimedPage,
    content: PageContent,
    key: Arc<DocumentKey>,
    index: SearchIndex,
) -> JobResult<Sealed> {
    let (owner, task, page) = (claimed.owner, claimed.task, claimed.page);
    let sealing = tokio::task::spawn_blocking(move || {
        let tokens = index.tokens(index.segment, &content.words);
        key.seal_page(owner, task, page, &content).map(|content| Sealed { content, tokens })
    });
    Ok(sealing.await.map_err(JobError::world)??)
}
