use crate::{OcrError, Raster, Word};

/// Reads the words of one page. The seam behind which engines are exchanged: one that finds the lines itself
/// (Tesseract), later also one that reads lines another has found.
pub trait OcrEngine {
    /// Reads a page. Boxes are in pixels of `page`, origin top left, in reading order.
    ///
    /// # Errors
    /// [`OcrError::Engine`] when the engine gives up; the next page may be tried with the same engine.
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError>;

    /// Reads a page whose layout is known to be of a kind. An engine that has no use for that reads it as
    /// [`Self::recognise`] does.
    ///
    /// # Errors
    /// As [`Self::recognise`].
    fn recognise_as(&mut self, page: &Raster, _layout: Layout) -> Result<Recognition, OcrError> {
        self.recognise(page)
    }

    /// Names the engine and its version, such as `tesseract 5.3.0`.
    fn name_version(&self) -> String;
}

/// What a page looks like, as far as its reader should believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Anything; columns and pictures are looked for.
    Unknown,
    /// One column of text of changing size: a receipt.
    Column,
    /// Lines over the whole width, nothing else.
    Lines,
    /// Words anywhere: a form.
    Scattered,
}

/// What an engine found on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recognition {
    /// Words in reading order; boxes in pixels of the page that was given.
    pub words: Vec<Word>,
}
