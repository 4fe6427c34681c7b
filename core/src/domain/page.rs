use serde::{Deserialize, Serialize};

/// One recognised word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The text, never empty.
    pub text: String,
    /// 0.0 to 1.0.
    pub confidence: f32,
    /// Box on the page image: left, top, right, bottom in pixels; origin top left, y downwards; right and bottom
    /// are exclusive.
    #[serde(rename = "box")]
    pub bounds: [u32; 4],
    /// Line of the page this word stands in, from 0, in reading order.
    pub line: u32,
    /// Block (paragraph) of the page this word stands in, from 0, in reading order.
    pub block: u32,
}

/// What was read from one page; sealed as one value, and served as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageContent {
    /// Width of the page image in pixels.
    pub width: u32,
    /// Height of the page image in pixels.
    pub height: u32,
    /// Resolution of the page image in dots per inch.
    pub dpi: u32,
    /// Clockwise turn that made the page upright: 0, 90, 180 or 270 degrees.
    pub rotation_applied: u32,
    /// Mean confidence of the words, 0.0 to 1.0; 0.0 for a page without words.
    pub mean_confidence: f32,
    /// Words in reading order.
    pub words: Vec<Word>,
    /// The text of the page: words, line breaks, blank lines between blocks.
    pub text: String,
    /// Name and version of the engine, such as `tesseract 5.3.0`.
    pub engine: String,
}

/// Facts about an upload that may tell something about a person; sealed as one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentMetadata {
    /// File name as uploaded, without any folder.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}
