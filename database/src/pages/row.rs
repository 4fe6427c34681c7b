use untxt_core::domain::PageState;
use uuid::Uuid;

use super::{OtherResult, Page, PageImage, PageWithContent, Reread};
use crate::{Error, Result, row::Row};

/// A page as the view `shown_pages` gives it.
pub(super) struct ShownRow {
    pub(super) page_number: i32,
    pub(super) state: String,
    pub(super) result_task_id: Uuid,
    pub(super) width: Option<i32>,
    pub(super) height: Option<i32>,
    pub(super) dpi: Option<i32>,
    pub(super) mean_confidence: Option<f32>,
    pub(super) image_attempt: Option<i32>,
    pub(super) image_media_type: Option<String>,
    pub(super) content_sealed: Option<Vec<u8>>,
    pub(super) failure_code: Option<String>,
    pub(super) reread_state: Option<String>,
    pub(super) reread_failure_code: Option<String>,
    pub(super) other_task_id: Option<Uuid>,
    pub(super) other_mean_confidence: Option<f32>,
    pub(super) other_is_newer: Option<bool>,
    pub(super) is_undecided: bool,
}

impl TryFrom<ShownRow> for PageWithContent {
    type Error = Error;

    fn try_from(mut row: ShownRow) -> Result<Self> {
        let content_sealed = row.content_sealed.take();
        Ok(Self { page: row.try_into()?, content_sealed })
    }
}

impl TryFrom<ShownRow> for Page {
    type Error = Error;

    fn try_from(row: ShownRow) -> Result<Self> {
        let at = Row { table: "pages", id: &row.result_task_id };
        let image = match (row.image_attempt, row.image_media_type) {
            (Some(attempt), Some(media_type)) => Some(PageImage {
                attempt: at.number("image_attempt", attempt)?,
                media_type: at.word("image_media_type", &media_type)?,
            }),
            _ => None,
        };
        let reread_state: Option<PageState> = at.word_if_any("state", row.reread_state.as_deref())?;
        let reread_failure = at.word_if_any("failure_code", row.reread_failure_code.as_deref())?;
        let other = row.other_task_id.map(|task| OtherResult {
            task: task.into(),
            mean_confidence: row.other_mean_confidence.unwrap_or_default(),
            is_newer: row.other_is_newer.unwrap_or_default(),
            is_undecided: row.is_undecided,
        });
        Ok(Self {
            task: row.result_task_id.into(),
            number: at.page("page_number", row.page_number)?,
            state: at.word("state", &row.state)?,
            width: at.number_if_any("width", row.width)?,
            height: at.number_if_any("height", row.height)?,
            dpi: at.number_if_any("dpi", row.dpi)?,
            mean_confidence: row.mean_confidence,
            image,
            failure: at.word_if_any("failure_code", row.failure_code.as_deref())?,
            reread: reread_state.map(|state| Reread { state, failure: reread_failure }),
            other,
        })
    }
}
