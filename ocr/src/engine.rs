use crate::{OcrError, Raster, Word};

/// Reads the words of one page. The seam behind which engines are exchanged: one that finds the lines itself
/// (Tesseract), later also one that reads lines another has found.
pub trait OcrEngine {
    /// Reads a page. Boxes are in pixels of `page`, origin top left, in reading order.
    ///
    /// # Errors
    /// [`OcrError::Engine`] when the engine gives up; the next page may be tried with the same engine.
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError>;

    /// Names the engine and its version, such as `tesseract 5.3.0`.
    fn name_version(&self) -> String;
}

/// What an engine found on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recognition {
    /// Words in reading order; boxes in pixels of the page that was given.
    pub words: Vec<Word>,
}
