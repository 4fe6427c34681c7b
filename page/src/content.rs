use serde::{Deserialize, Serialize};

use crate::{Barcode, Block, Preparation, Quality, Table, Word};

/// What was read from one page; sealed as one value, and served as JSON.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageContent {
    /// Width of the page image in pixels.
    pub width: u32,
    /// Height of the page image in pixels.
    pub height: u32,
    /// Resolution of the page image in dots per inch.
    pub dpi: u32,
    /// What the page is made of.
    #[serde(default)]
    pub kind: PageKind,
    /// Clockwise turn that made the page upright, beyond what the file itself asks for: 0, 90, 180 or 270 degrees.
    /// The page image is turned already.
    pub rotation_applied: u32,
    /// How far the lines of the page image fall to the right, in degrees clockwise, -45 to 45. The page image is not
    /// straightened.
    #[serde(default)]
    pub skew_deg: f32,
    /// What was done to the pixels before they were read.
    #[serde(default)]
    pub preparation: Preparation,
    /// How good the scan is.
    #[serde(default)]
    pub quality: Quality,
    /// Languages the page was read with, the most certain first.
    #[serde(default)]
    pub languages: Vec<LanguageGuess>,
    /// Mean confidence of the words, 0.0 to 1.0; 0.0 for a page without words.
    pub mean_confidence: f32,
    /// Words in reading order.
    pub words: Vec<Word>,
    /// Paragraphs, headings and the like, in reading order; [`Word::block`] is a place in this list. Empty when the
    /// layout is not known.
    #[serde(default)]
    pub blocks: Vec<Block>,
    /// Tables, from top to bottom.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// Barcodes and QR codes, from top to bottom.
    #[serde(default)]
    pub barcodes: Vec<Barcode>,
    /// The text of the page: words, line breaks, blank lines between blocks.
    pub text: String,
    /// Name and version of the engine, such as `tesseract 5.3.0`, or [`TEXT_OF_FILE`]; see [`Self::read_by`].
    pub engine: String,
    /// What a person should know about this page.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// Stands for the engine of a page whose words were all in the file.
pub const TEXT_OF_FILE: &str = "file";
/// The same in pages that were stored before.
const OLD_TEXT_OF_FILE: &str = "text of the file";

/// Where the words of a page come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReadBy<'a> {
    /// Name of the engine; `file` when all words were in the file.
    pub name: &'a str,
    /// Version of the engine; a file has none.
    pub version: Option<&'a str>,
}

impl PageContent {
    /// Says where the words come from.
    #[must_use]
    pub fn read_by(&self) -> ReadBy<'_> {
        if self.is_text_of_file() {
            return ReadBy { name: TEXT_OF_FILE, version: None };
        }
        match self.engine.rsplit_once(' ') {
            Some((name, version)) => ReadBy { name, version: Some(version) },
            None => ReadBy { name: &self.engine, version: None },
        }
    }

    /// Says whether all words were in the file and nothing was recognised.
    #[must_use]
    pub fn is_text_of_file(&self) -> bool {
        [TEXT_OF_FILE, OLD_TEXT_OF_FILE].contains(&self.engine.as_str())
    }
}

/// What a page is made of.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// A picture of a page; its words were recognised.
    #[default]
    Scan,
    /// A picture of a page with an invisible text layer of an earlier recognition.
    ScanWithText,
    /// Text as its author wrote it; nothing was recognised.
    BornDigital,
    /// Text as its author wrote it, and pictures with words that were recognised.
    Mixed,
    /// Nothing is on the page.
    Blank,
}

/// A language of a page.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LanguageGuess {
    /// Tesseract's code, such as `deu` or `chi_sim`.
    pub code: String,
    /// 0.0 to 1.0; 1.0 when the language was asked for.
    pub confidence: f32,
}

/// Something a person should know about a page that was read.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is.
    pub code: WarningCode,
    /// How many words or places it is about.
    pub count: u32,
}

/// Kinds of warnings: a closed list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// Words that someone should look at.
    LowConfidence,
    /// The language was found by trial and is little more than a guess; naming it may read the page better.
    UncertainLanguage,
    /// Words come from the invisible text that another program laid over a scan. Nothing is known of how well it read: their
    /// confidence of 0.7 is no judgement, but what such words are worth beside a reading of ours.
    ForeignText,
    /// The file is damaged: parts of the page may be missing, or be another page's.
    Damaged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_engine_and_has_no_version() {
        let read_by = |engine: &str| {
            let page = PageContent { engine: engine.into(), ..PageContent::default() };
            let ReadBy { name, version } = page.read_by();
            (name.to_owned(), version.map(str::to_owned))
        };
        assert_eq!(read_by("tesseract 5.3.0"), ("tesseract".into(), Some("5.3.0".into())));
        for engine in [TEXT_OF_FILE, OLD_TEXT_OF_FILE] {
            assert_eq!(read_by(engine), ("file".into(), None));
        }
        assert_eq!(read_by("nameless"), ("nameless".into(), None));
    }
}
