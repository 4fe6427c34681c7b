//! Makes a PDF whose text can be selected on top of the untouched scan.

use crate::{Document, OcrError, PageText};

/// Makes a searchable PDF of a document and the words of its pages.
///
/// # Errors
/// When the document can't be written.
pub fn searchable_pdf(_document: &Document, _pages: &[Option<PageText>]) -> Result<Vec<u8>, OcrError> {
    Err(OcrError::engine("not yet"))
}
