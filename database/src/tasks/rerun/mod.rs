//! Runs over a document that was read before.
//!
//! A run is laid out when it is begun: which pages it reads, and which results the others show. So nothing that
//! happens to it later, a stop included, takes a page away that was there before.

mod insert;
mod lay_out;

use std::collections::BTreeSet;

use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, PageNumber, ReadingSettings, TaskId, TaskQueue};
use uuid::Uuid;

use super::{Task, find, find_current, find_keyed, is_quarantined, lock_document};
use crate::{
    Result,
    pages::{self, Page},
};
use insert::insert;
use lay_out::{Layout, lay_out};

/// So many runs may be void for each that may read: they never happened, but leave rows all the same.
const VOID_RUNS_PER_RUN: u32 = 10;

/// A run that a person asks for.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Made by the caller.
    pub id: TaskId,
    /// Over which document of the actor.
    pub document: DocumentId,
    /// How its pages are to be read.
    pub settings: &'a ReadingSettings,
    /// Where it waits for its turn.
    pub queue: TaskQueue,
    /// What it is to do.
    pub plan: Plan,
    /// How many runs a document may have that read; twice as many with those that read nothing. Void ones don't count,
    /// up to ten times as many.
    pub max_runs: u32,
    /// The key that makes asking twice one run.
    pub key: Option<RequestKey>,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
}

/// What a run is to do; every other page stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Read every page.
    ReadAll,
    /// Read the pages that failed or were never read. When there is none and the searchable PDF is missing, make that.
    ReadUnread,
    /// As [`Self::ReadUnread`], and read these pages too: an earlier run was to read them and did not.
    ReadMissed(BTreeSet<PageNumber>),
    /// Read these pages.
    ReadPages(BTreeSet<PageNumber>),
    /// Show the results of these runs, and read nothing.
    Show(Vec<(PageNumber, TaskId)>),
}

/// The owner's keyed tags of an idempotency key and of what was asked for with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Of the key.
    pub tag: [u8; 32],
    /// Of the request.
    pub request: [u8; 32],
}

/// What became of the wish for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The task and its first event are new.
    New(Task),
    /// Asked before with this key, or the document shows what was chosen already: nothing was inserted.
    Existing(Task),
    /// Nothing was inserted.
    Refused(Refusal),
}

/// Why there is no new run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A run over this document has not ended yet.
    StillOpen,
    /// Every page was read.
    NothingUnread,
    /// The document has no such page.
    NoSuchPage(PageNumber),
    /// This result of the page is neither shown nor the other one.
    NoSuchResult(PageNumber),
    /// The key was used for another request.
    KeyReused,
    /// The document has as many runs as it may have.
    TooManyRuns {
        /// So many.
        max_runs: u32,
    },
    /// The virus scanner found something in the document, and a run that reads nothing would open it unscanned.
    Quarantined,
}

/// Begins a run over a document of the actor, `None` when there is no such document. Of many at once one begins.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin(conn: &mut PgConnection, new: &NewRun<'_>) -> Result<Option<Begun>> {
    // Only a new snapshot, after the lock, sees what the one before us did.
    if !lock_document(conn, new.document).await? {
        return Ok(None);
    }
    if let Some(key) = &new.key
        && let Some((known, request)) = find_keyed(conn, new.document, &key.tag).await?
    {
        let is_same = request == key.request;
        return Ok(Some(if is_same { Begun::Existing(known) } else { Begun::Refused(Refusal::KeyReused) }));
    }
    let Some(current) = find_current(conn, new.document).await? else { return Ok(None) };
    let shown = pages::list(conn, current.id).await?;
    let layout = match lay_out(&shown, &new.plan, current.pdf_attempt.is_some()) {
        Ok(layout) if layout.is_shown_already => return Ok(Some(Begun::Existing(current))),
        _ if !current.state.is_final() => return Ok(Some(Begun::Refused(Refusal::StillOpen))),
        Ok(layout) => layout,
        Err(refusal) => return Ok(Some(Begun::Refused(refusal))),
    };
    if let Some(refusal) = find_bar(conn, new, layout.reads_nothing()).await? {
        return Ok(Some(Begun::Refused(refusal)));
    }
    insert(conn, new, &layout).await?;
    Ok(find(conn, new.id).await?.map(Begun::New))
}

/// Finds what is in the way of a run whatever its pages are.
async fn find_bar(conn: &mut PgConnection, new: &NewRun<'_>, reads_nothing: bool) -> Result<Option<Refusal>> {
    // Each leaves a row for every page until the document is deleted.
    let max_runs = if reads_nothing { new.max_runs.saturating_mul(2) } else { new.max_runs };
    let max_void = new.max_runs.saturating_mul(VOID_RUNS_PER_RUN);
    let runs = sqlx::query!(
        r#"select
            count(*) filter (where not is_void) as "read!",
            count(*) filter (where is_void) as "void!"
        from tasks
        where document_id = $1"#,
        new.document.as_uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    if runs.read >= i64::from(max_runs) {
        return Ok(Some(Refusal::TooManyRuns { max_runs }));
    }
    if runs.void >= i64::from(max_void) {
        return Ok(Some(Refusal::TooManyRuns { max_runs: max_void }));
    }
    let is_barred = reads_nothing && is_quarantined(conn, new.document).await?;
    Ok(is_barred.then_some(Refusal::Quarantined))
}

/// Begins what remains to be done after a run was stopped: when it had read pages, the document goes on showing them,
/// and its searchable PDF is made anew. `None`: the document shows what it showed before the run.
pub(super) async fn begin_after_stop(conn: &mut PgConnection, stopped: &Task) -> Result<Option<Task>> {
    let shown = pages::list(conn, stopped.id).await?;
    let is_of_it = |page: &Page| {
        page.task == stopped.id && page.image.is_some() || page.other.is_some_and(|other| other.task == stopped.id)
    };
    if !shown.iter().any(is_of_it) {
        return Ok(None);
    }
    let new = NewRun {
        id: TaskId::generate(),
        document: stopped.document,
        settings: &stopped.settings,
        queue: stopped.queue,
        plan: Plan::Show(Vec::new()),
        max_runs: u32::MAX,
        key: None,
        trace: stopped.trace,
    };
    insert(conn, &new, &Layout::keeping(&shown)).await?;
    find(conn, new.id).await
}
