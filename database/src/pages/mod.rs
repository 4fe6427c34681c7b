//! Pages: the unit of work, retry and failure.

mod claim;
mod end;

use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::{
    DocumentId, FailureCode, MediaType, OwnerId, PageNumber, PageState, ReadingSettings, TaskId, TaskQueue,
};
use uuid::Uuid;

pub use claim::{claim_next, extend_lease, release};
pub(crate) use end::end_exhausted;
pub use end::{complete, fail, retry_or_fail};

use crate::{
    Error, Result,
    row::{Row, page_column},
};

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
    /// How it is read.
    pub settings: ReadingSettings,
    /// Where its task waits for its turn.
    pub queue: TaskQueue,
    /// No other page of the task waits or is being read: the task ends soon after this one.
    pub is_last_open: bool,
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
    /// Mean confidence of the words, 0.0 to 1.0; below 0.7 the page counts as low, but for 0.0: no words.
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
    Again {
        /// How long at least.
        delay: Duration,
    },
    /// Its attempts are used up: it failed.
    Failed(Completed),
}

/// Lists the pages of a task of the actor, in order.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, task: TaskId) -> Result<Vec<Page>> {
    sqlx::query_as!(
        PageRow,
        "select
            task_id,
            page_number,
            state,
            width,
            height,
            dpi,
            mean_confidence,
            image_attempt,
            image_media_type,
            failure_code
        from pages
        where task_id = $1
        order by page_number",
        task.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Finds a page of a task of the actor, with its content.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_content(conn: &mut PgConnection, task: TaskId, page: PageNumber) -> Result<Option<PageWithContent>> {
    let found = load_contents(conn, task, page, 1).await?.pop();
    Ok(found.filter(|found| found.page.number == page))
}

/// Loads pages with their contents, in order, from page `first` on, at most `limit`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_contents(
    conn: &mut PgConnection,
    task: TaskId,
    first: PageNumber,
    limit: u32,
) -> Result<Vec<PageWithContent>> {
    let rows = sqlx::query!(
        "select
            task_id,
            page_number,
            state,
            width,
            height,
            dpi,
            mean_confidence,
            image_attempt,
            image_media_type,
            failure_code,
            content_sealed
        from pages
        where task_id = $1 and page_number >= $2
        order by page_number
        limit $3",
        task.as_uuid(),
        page_column(first),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let page = PageRow {
                task_id: row.task_id,
                page_number: row.page_number,
                state: row.state,
                width: row.width,
                height: row.height,
                dpi: row.dpi,
                mean_confidence: row.mean_confidence,
                image_attempt: row.image_attempt,
                image_media_type: row.image_media_type,
                failure_code: row.failure_code,
            };
            Ok(PageWithContent { page: page.try_into()?, content_sealed: row.content_sealed })
        })
        .collect()
}

struct PageRow {
    task_id: Uuid,
    page_number: i32,
    state: String,
    width: Option<i32>,
    height: Option<i32>,
    dpi: Option<i32>,
    mean_confidence: Option<f32>,
    image_attempt: Option<i32>,
    image_media_type: Option<String>,
    failure_code: Option<String>,
}

impl TryFrom<PageRow> for Page {
    type Error = Error;

    fn try_from(row: PageRow) -> Result<Self> {
        let at = Row { table: "pages", id: &row.task_id };
        let image = match (row.image_attempt, row.image_media_type) {
            (Some(attempt), Some(media_type)) => Some(PageImage {
                attempt: at.number("image_attempt", attempt)?,
                media_type: at.word("image_media_type", &media_type)?,
            }),
            _ => None,
        };
        Ok(Self {
            task: row.task_id.into(),
            number: at.page("page_number", row.page_number)?,
            state: at.word("state", &row.state)?,
            width: at.number_if_any("width", row.width)?,
            height: at.number_if_any("height", row.height)?,
            dpi: at.number_if_any("dpi", row.dpi)?,
            mean_confidence: row.mean_confidence,
            image,
            failure: at.word_if_any("failure_code", row.failure_code.as_deref())?,
        })
    }
}
