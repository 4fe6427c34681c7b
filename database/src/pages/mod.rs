//! Pages: the unit of work, retry and failure.

mod choice;
mod claim;
mod end;
mod load;
mod row;

use std::time::Duration;

use untxt_core::domain::{
    DocumentId, FailureCode, MediaType, OwnerId, PageNumber, PageState, ReadingSettings, TaskId, TaskQueue,
};
use uuid::Uuid;

use crate::search::PageIndex;

pub(crate) use choice::is_low;
pub use claim::{claim_next, extend_lease, release};
pub(crate) use end::end_exhausted;
pub use end::{charge, complete, fail, retry_or_fail};
pub use load::{list, load_content, load_contents, load_result};

/// A page as its owner sees it in a run: with the result that the run shows, which an earlier run may have made.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The run that made what is shown: content and picture belong to it.
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
    /// How reading it again goes, while an older result is shown.
    pub reread: Option<Reread>,
    /// The result that could be shown instead.
    pub other: Option<OtherResult>,
}

/// A page that is read again, or could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reread {
    /// `Queued`, `Processing` or `Failed`.
    pub state: PageState,
    /// Why it failed.
    pub failure: Option<FailureCode>,
}

/// A result of another run that a person may choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OtherResult {
    /// The run that made it.
    pub task: TaskId,
    /// Mean confidence of its words, 0.0 to 1.0.
    pub mean_confidence: f32,
    /// It was made after the one that is shown.
    pub is_newer: bool,
    /// It seems worse than the one that is shown, and nobody has chosen yet.
    pub is_undecided: bool,
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
    /// Readers' time that the task has had, all its pages and attempts together.
    pub spent: Duration,
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
    /// Sum of the confidences of the words: as many are expected to be right.
    pub expected_words: f32,
    /// Format of the picture that was put under this attempt's `ObjectKey`.
    pub image_media_type: MediaType,
    /// Sealed `PageContent`.
    pub content_sealed: &'a [u8],
    /// What of it stands in the index.
    pub index: PageIndex<'a>,
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
