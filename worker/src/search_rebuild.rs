//! Making rows of the search index that are missing, because their pages were read before there was one, or that an older
//! index key made. Every worker looks, one at a time does it, in small transactions: whoever is killed has lost one of them.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use metrics::gauge;
use tokio::time::timeout;
use untxt_core::{
    crypto::DocumentKey,
    domain::{DocumentId, OwnerId, PageNumber, TaskId},
    telemetry::chain,
};
use untxt_database::{
    Transaction, owner_keys,
    search::{self, PageIndex, Reading, Unindexed},
};

use crate::{
    error::{JobError, JobResult},
    original,
    repeat::repeat,
    search_index::SearchIndex,
    worker::Worker,
};

/// Pause between two looks for rows of older index keys: little more than a question to a small table.
const EVERY: Duration = Duration::from_secs(30);

/// How many of these looks go through all pages once, to find those without a row: one in so many.
const THOROUGH: u32 = 20;

/// Owners whose rows are made anew in one look.
const OWNERS: u32 = 1000;

/// Readings of which the ids are kept at once.
const LISTED: u32 = 10_000;

/// Readings of one transaction: some 50 ms, so that nobody waits for it and little is lost with it.
const AT_ONCE: usize = 16;

/// One transaction.
const STEP_LIMIT: Duration = Duration::from_secs(60);

/// What the looks of this worker have in common.
#[derive(Debug, Default)]
struct Looks {
    done: AtomicU32,
    /// Pages without a row that could not be made, as the last thorough look found them.
    missing: AtomicUsize,
}

/// Starts to look, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let (rebuilding, looks) = (Arc::clone(worker), Arc::new(Looks::default()));
    worker.lifecycle.spawn(async move {
        repeat(&rebuilding, EVERY, |worker| {
            let looks = Arc::clone(&looks);
            async move {
                match rebuild(&worker, &looks).await {
                    Ok(0) => {}
                    Ok(made) => tracing::info!(pages.indexed = made, "rows of the search index were made anew"),
                    Err(error) => {
                        tracing::warn!(error = chain(&error), "the search index could not be completed, later again");
                    }
                }
            }
        })
        .await;
    });
}

/// Makes rows until none is missing or old, and says how many. The first transaction only keeps other workers from doing
/// the same; it holds no row.
async fn rebuild(worker: &Worker, looks: &Looks) -> JobResult<usize> {
    let mut elected = in_time(async { Ok(worker.services.database.begin_system().await?) }).await?;
    if !in_time(async { Ok(search::try_begin_rebuild(&mut elected).await?) }).await? {
        return Ok(0);
    }
    let mut made = 0;
    // First what nobody can find.
    if looks.done.fetch_add(1, Ordering::Relaxed).is_multiple_of(THOROUGH) {
        let (now, missing) = make_missing(worker, &mut elected).await?;
        made += now;
        looks.missing.store(missing, Ordering::Relaxed);
    }
    // Then what is found by two keys, of each owner until nothing more can be made.
    let mut left = looks.missing.load(Ordering::Relaxed);
    for owner in in_time(list_owners(worker)).await? {
        loop {
            let listed = in_time(list_stale(worker, owner)).await?;
            let now = make_all(worker, &mut elected, &listed).await?;
            made += now;
            if now == 0 {
                left += listed.len();
                break;
            }
        }
    }
    tell(left);
    forget_left(worker, &mut elected).await?;
    elected.commit().await?;
    Ok(made)
}

/// Makes rows that are missing, once from the newest to the oldest: what can't be made now is tried again later. Gives how
/// many were made, and how many not.
async fn make_missing(worker: &Worker, elected: &mut Transaction) -> JobResult<(usize, usize)> {
    let (mut made, mut left, mut last) = (0, 0, None);
    loop {
        let listed = in_time(list_missing(worker, last)).await?;
        let Some(Unindexed { task, page, .. }) = listed.last() else { break };
        last = Some((*task, *page));
        let now = make_all(worker, elected, &listed).await?;
        (made, left) = (made + now, left + listed.len() - now);
    }
    in_time(close_gaps(worker)).await?;
    Ok((made, left))
}

/// Makes what was listed, and says how many rows that are.
async fn make_all(worker: &Worker, elected: &mut Transaction, listed: &[Unindexed]) -> JobResult<usize> {
    let mut made = 0;
    if !listed.is_empty() {
        tell(listed.len());
    }
    for some in listed.chunks(AT_ONCE) {
        // asked often enough that the server does not take the transaction for one that is forgotten
        in_time(async { Ok(search::keep_rebuilding(elected).await?) }).await?;
        made += in_time(make(worker, some)).await?;
        // what they had before: with a new key for all pages it would become as large as the index
        forget_left(worker, elected).await?;
    }
    Ok(made)
}

/// Takes the tokens that rows left behind out of the list, where no other row has them.
async fn forget_left(worker: &Worker, elected: &mut Transaction) -> JobResult<()> {
    while forget_tokens(worker, None).await? > 0 {
        in_time(async { Ok(search::keep_rebuilding(elected).await?) }).await?;
    }
    Ok(())
}

/// Takes some tokens that no page has any more out of the list of those that there are: of this document, or of all. Says how
/// many it looked at, 0 when none is left.
pub(crate) async fn forget_tokens(worker: &Worker, document: Option<DocumentId>) -> JobResult<u64> {
    in_time(async {
        let mut tx = worker.services.database.begin_system().await?;
        let looked_at = search::forget_tokens(&mut tx, document).await?;
        tx.commit().await?;
        Ok(looked_at)
    })
    .await
}

fn tell(unindexed: usize) {
    gauge!("untxt_search_unindexed_pages").set(f64::from(u32::try_from(unindexed).unwrap_or(u32::MAX)));
}

/// Lists readings without a row, and writes down whose these are: their searches say that something is missing.
async fn list_missing(worker: &Worker, before: Option<(TaskId, PageNumber)>) -> JobResult<Vec<Unindexed>> {
    let mut tx = worker.services.database.begin_system().await?;
    let listed = search::list_missing(&mut tx, before, LISTED).await?;
    let owners: Vec<_> = listed.iter().map(|unindexed| unindexed.owner).collect();
    search::open_gaps(&mut tx, &owners).await?;
    tx.commit().await?;
    Ok(listed)
}

async fn close_gaps(worker: &Worker) -> JobResult<()> {
    let mut tx = worker.services.database.begin_system().await?;
    search::close_gaps(&mut tx).await?;
    Ok(tx.commit().await?)
}

async fn list_owners(worker: &Worker) -> JobResult<Vec<OwnerId>> {
    let mut tx = worker.services.database.begin_system().await?;
    let rebuilds = owner_keys::list_index_rebuilds(&mut tx, OWNERS).await?;
    tx.commit().await?;
    Ok(rebuilds.into_iter().map(|rebuild| rebuild.owner).collect())
}

/// Lists the rows of an owner that an older index key made; when there are none, their segments are forgotten.
async fn list_stale(worker: &Worker, owner: OwnerId) -> JobResult<Vec<Unindexed>> {
    let mut tx = worker.services.database.begin_as(owner).await?;
    let Some(active) = owner_keys::find_current(&mut tx, owner).await? else { return Ok(Vec::new()) };
    let stale = search::list_stale(&mut tx, owner, active.index_generation, LISTED).await?;
    if stale.is_empty() {
        search::forget_empty_segments(&mut tx, &active).await?;
    }
    tx.commit().await?;
    Ok(stale)
}

/// Makes some rows, and says how many.
async fn make(worker: &Worker, some: &[Unindexed]) -> JobResult<usize> {
    let mut keys = Keys::default();
    let mut rows = Vec::with_capacity(some.len());
    for unindexed in some {
        match keys.row_of(worker, *unindexed).await {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => {}
            Err(error) => tracing::warn!(
                task.id = %unindexed.task,
                page.number = %unindexed.page,
                error = chain(&error),
                "a page can't be indexed"
            ),
        }
    }
    let mut tx = worker.services.database.begin_system().await?;
    let readings: Vec<_> = rows.iter().map(|row| row.reading).collect();
    search::keep(&mut tx, &readings).await?;
    let mut made = 0;
    for row in &rows {
        let index = PageIndex { generation: row.generation, segment: row.segment, tokens: &row.tokens };
        let is_made = match row.is_old {
            true => search::insert_old(&mut tx, row.owner, row.reading, index).await?,
            false => search::replace(&mut tx, row.owner, row.reading, index).await?,
        };
        made += usize::from(is_made);
    }
    tx.commit().await?;
    Ok(made)
}

/// A row to be stored.
struct Row {
    owner: OwnerId,
    reading: Reading,
    /// It has none yet.
    is_old: bool,
    generation: u32,
    segment: i32,
    tokens: Vec<i64>,
}

/// What is opened once for several readings.
#[derive(Default)]
struct Keys {
    indexes: HashMap<OwnerId, SearchIndex>,
    documents: HashMap<DocumentId, Arc<DocumentKey>>,
}

impl Keys {
    /// Opens a reading and makes its tokens; `None`: it is gone.
    async fn row_of(&mut self, worker: &Worker, unindexed: Unindexed) -> JobResult<Option<Row>> {
        let Unindexed { owner, task, page, segment } = unindexed;
        let mut tx = worker.services.database.begin_system().await?;
        let loaded = search::load_unindexed(&mut tx, task, page).await?;
        tx.commit().await?;
        let Some((reading, content_sealed)) = loaded else { return Ok(None) };
        let index = self.index_of(worker, owner).await?;
        let key = self.key_of(worker, owner, reading.document).await?;
        let (generation, chosen) = (index.generation, segment.unwrap_or(index.old_segment));
        let making = tokio::task::spawn_blocking(move || {
            let content = key.open_page(owner, task, page, &content_sealed)?;
            Ok::<_, JobError>(index.tokens(chosen, &content.words))
        });
        let tokens = making.await.map_err(JobError::world)??;
        Ok(Some(Row { owner, reading, is_old: segment.is_none(), generation, segment: chosen, tokens }))
    }
}

impl Keys {
    async fn index_of(&mut self, worker: &Worker, owner: OwnerId) -> JobResult<SearchIndex> {
        Ok(match self.indexes.entry(owner) {
            Entry::Occupied(index) => index.get().clone(),
            Entry::Vacant(none) => none.insert(SearchIndex::open(&worker.services, owner).await?).clone(),
        })
    }

    async fn key_of(&mut self, worker: &Worker, owner: OwnerId, document: DocumentId) -> JobResult<Arc<DocumentKey>> {
        Ok(match self.documents.entry(document) {
            Entry::Occupied(key) => Arc::clone(key.get()),
            Entry::Vacant(none) => {
                let (_, key) = original::open_key(&worker.services, owner, document).await?;
                Arc::clone(none.insert(Arc::new(key)))
            }
        })
    }
}

async fn in_time<T>(step: impl Future<Output = JobResult<T>>) -> JobResult<T> {
    timeout(STEP_LIMIT, step).await.unwrap_or_else(|late| Err(JobError::world(late)))
}
