use serde::{Deserialize, Serialize};

use crate::Bounds;

/// One recognised word.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The text, never empty.
    pub text: String,
    /// 0.0 to 1.0: how many of such words are right. Words that the author of the file wrote have 1.0; those that another
    /// program recognised have 0.7, since nobody knows; see [`crate::WarningCode::ForeignText`].
    pub confidence: f32,
    /// Box on the page image; for a slanted word the upright box around it.
    #[serde(rename = "box")]
    #[cfg_attr(feature = "openapi", schema(value_type = [u32; 4]))]
    pub bounds: Bounds,
    /// Line of the page this word stands in, from 0, in reading order.
    pub line: u32,
    /// Block of the page this word stands in, from 0, in reading order: its place in [`crate::PageContent::blocks`].
    pub block: u32,
    /// The corners of a slanted word: x and y of its own top left, top right, bottom right, bottom left, in pixels
    /// of the page image; none when the word stands upright in its box.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<[u32; 8]>))]
    pub polygon: Option<[u32; 8]>,
    /// Someone should look at this word: its confidence is low, or it holds digits and is not certain.
    #[serde(default)]
    pub is_doubtful: bool,
}

/// Finds the box around words; all zero when there are none.
pub(crate) fn bounds_of(words: &[Word]) -> Bounds {
    let around = |a: Bounds, b: Bounds| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])];
    words.iter().map(|word| word.bounds).reduce(around).unwrap_or_default()
}
