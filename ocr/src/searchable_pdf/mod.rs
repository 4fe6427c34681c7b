//! Makes a PDF whose text can be selected on top of the untouched scan.
//!
//! Promises: what one sees stays as it was (of a PDF every byte is kept and the text is appended; a JPEG goes in
//! byte by byte); the text is invisible, lies where the words are, and comes out in reading order. Refuses to know:
//! how the words were found.

mod archive;
mod content;
mod font;
mod from_images;
mod layer;
mod line;
mod old_layer;
mod onto_pdf;
mod palette;
mod picture;
mod unseen;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Document, OcrError, PageContent, document::Kind};

/// Makes a searchable PDF of a document and the words of its pages, in the order of its pages; `None` stands for a
/// page that could not be read: it is kept without text.
///
/// # Errors
/// [`OcrError::Signed`] for a signed PDF, unless [`crate::OpenOptions::copies_signed`] asks for a copy;
/// [`OcrError::Encrypted`] for a PDF that needed a password and can't be given a copy with the same one;
/// [`OcrError::Unreadable`] when no page can be written; [`OcrError::Engine`] when writing fails, also by a panic.
pub fn searchable_pdf(document: &Document, pages: &[Option<PageContent>]) -> Result<Vec<u8>, OcrError> {
    contain(|| match &document.kind {
        Kind::Pdf(file) => match contain(|| onto_pdf::add_text(document, file, pages)) {
            // pictures of its pages would be the document without its signature or its lock
            Err(error @ (OcrError::Signed | OcrError::Encrypted)) => Err(error),
            // a PDF so damaged that only the renderer could open it is made new from its pictures
            Err(_) => from_images::build(document, pages, false),
            written => written,
        },
        Kind::Tiff(_) | Kind::Jpeg | Kind::Still(_) => from_images::build(document, pages, false),
    })
}

/// Makes a PDF/A-2b of pictures and the words of their pages, as [`searchable_pdf`] does: fonts embedded, colours
/// with a profile, metadata that says so.
///
/// # Errors
/// [`OcrError::NotArchivable`] for a PDF: its fonts, colours and scripts are its author's, and a claim that isn't so is
/// worse than none; [`OcrError::Engine`] when writing fails.
pub fn archive_pdf(document: &Document, pages: &[Option<PageContent>]) -> Result<Vec<u8>, OcrError> {
    contain(|| match &document.kind {
        Kind::Pdf(_) => Err(OcrError::NotArchivable),
        Kind::Tiff(_) | Kind::Jpeg | Kind::Still(_) => from_images::build(document, pages, true),
    })
}

/// Makes a panic while writing an error of this document.
fn contain(write: impl FnOnce() -> Result<Vec<u8>, OcrError>) -> Result<Vec<u8>, OcrError> {
    catch_unwind(AssertUnwindSafe(write)).unwrap_or(Err(UNWRITTEN))
}

const UNWRITTEN: OcrError = OcrError::engine("the searchable PDF could not be written");
