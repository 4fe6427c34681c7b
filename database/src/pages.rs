//! Pages: the unit of work, retry and failure.

use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, FailureCode, MediaType, OwnerId, PageNumber, PageState, TaskId};
use uuid::Uuid;

use crate::Result;

/// A page as its owner sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Of which task.
    pub task: TaskId,
    /// Which.
    pub number: PageNumber,
    /// Where it stands.
    pub state: PageState,
    /// Width of the page image in pixels, once done.
    pub width: Option<u32>,
    /// Height of the page image in pixels, once done.
    pub height: Option<u32>,
    /// Resolution of the page image in dots per inch, once done.
    pub dpi: Option<u32>,
    /// Mean confidence of the words, 0.0 to 1.0, once done.
    pub mean_confidence: Option<f32>,
    /// The picture of the page, once done.
    pub image: Option<PageImage>,
    /// Why it failed.
    pub failure: Option<FailureCode>,
}

/// Where the picture of a page is: `ObjectKey::PageImage(document, task, number, attempt)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageImage {
    /// Attempt that made it.
    pub attempt: u32,
    /// Its format.
    pub media_type: MediaType,
}

/// A page with its sealed `PageContent`, which is there when the page is done.
#[derive(Clone, Debug, PartialEq)]
pub struct PageWithContent {
    /// The page.
    pub page: Page,
    /// Sealed `PageContent`.
    pub content_sealed: Option<Vec<u8>>,
}

/// A page that the caller may read until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedPage {
    /// Of which task.
    pub task: TaskId,
    /// Which.
    pub page: PageNumber,
    /// Whose.
    pub owner: OwnerId,
    /// Of which document.
    pub document: DocumentId,
    /// Never given twice for this page: names the image that this attempt makes.
    pub attempt: u32,
    /// How many attempts count against the limit, this one included; releases don't.
    pub tries: u32,
    /// Proves that the claim is still ours.
    pub lease_token: Uuid,
    /// Languages to read, such as `eng+deu`.
    pub languages: String,
    /// Joins the log lines of one walk.
    pub trace: Uuid,
}

/// What was read from a page.
#[derive(Clone, Debug)]
pub struct PageResult<'a> {
    /// Width of the page image in pixels.
    pub width: u32,
    /// Height of the page image in pixels.
    pub height: u32,
    /// Resolution of the page image in dots per inch.
    pub dpi: u32,
    /// Mean confidence of the words, 0.0 to 1.0; below 0.7 the page counts as low, if it has any word.
    pub mean_confidence: f32,
    /// Format of the picture that was put under this attempt's `ObjectKey`.
    pub image_media_type: MediaType,
    /// Sealed `PageContent`.
    pub content_sealed: &'a [u8],
}

/// The page has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    /// It was the last open page: the task is finishing now, push its `Finish`.
    pub is_last: bool,
}

/// What became of a page that crashed or hung its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It waits for another attempt.
    Again,
    /// Its attempts are used up: it failed.
    Failed(Completed),
}

/// Lists the pages of a task of the actor, in order.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(_conn: &mut PgConnection, _task: TaskId) -> Result<Vec<Page>> {
    unimplemented!()
}

/// Finds a page of a task of the actor, with its content.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_content(
    _conn: &mut PgConnection,
    _task: TaskId,
    _page: PageNumber,
) -> Result<Option<PageWithContent>> {
    unimplemented!()
}

/// Loads pages with their contents, in order, from page `first` on, at most `limit`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_contents(
    _conn: &mut PgConnection,
    _task: TaskId,
    _first: PageNumber,
    _limit: u32,
) -> Result<Vec<PageWithContent>> {
    unimplemented!()
}

/// Claims the first page of the task that waits, or whose worker let its lease run out, and writes `page.started` or
/// `page.retried`. `None`: no page can be claimed now.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn claim_next(
    _conn: &mut PgConnection,
    _task: TaskId,
    _lease: Duration,
    _max_attempts: u32,
) -> Result<Option<ClaimedPage>> {
    unimplemented!()
}

/// Moves the end of the lease to `lease` from now.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn extend_lease(_conn: &mut PgConnection, _claimed: &ClaimedPage, _lease: Duration) -> Result<()> {
    unimplemented!()
}

/// Stores what was read and writes `page.done`. The page image must have been put before.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn complete(
    _conn: &mut PgConnection,
    _claimed: &ClaimedPage,
    _result: &PageResult<'_>,
) -> Result<Completed> {
    unimplemented!()
}

/// Ends the page as failed and writes `page.failed`: the document is at fault.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn fail(_conn: &mut PgConnection, _claimed: &ClaimedPage, _failure: FailureCode) -> Result<Completed> {
    unimplemented!()
}

/// Hands the page back, to be claimed again after `delay`, without using up an attempt: the world is at fault, or we
/// shut down.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn release(_conn: &mut PgConnection, _claimed: &ClaimedPage, _delay: Duration) -> Result<()> {
    unimplemented!()
}

/// Hands the page back for another attempt, or fails it when this was the last one: it crashed or hung its reader.
///
/// # Errors
/// [`crate::Error::LeaseLost`].
pub async fn retry_or_fail(
    _conn: &mut PgConnection,
    _claimed: &ClaimedPage,
    _failure: FailureCode,
    _max_attempts: u32,
) -> Result<Retried> {
    unimplemented!()
}
