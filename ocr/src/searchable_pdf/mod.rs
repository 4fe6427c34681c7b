//! Makes a PDF whose text can be selected on top of the untouched scan.
//!
//! Promises: what one sees stays as it was (of a PDF every byte is kept and the text is appended; a JPEG goes in
//! byte by byte); the text is invisible, lies where the words are, and comes out in reading order. Refuses to know:
//! how the words were found.

mod alphabet;
mod appendix;
mod archive;
mod baseline;
mod content;
mod font;
mod from_images;
mod layer;
mod line;
mod old_layer;
mod onto_pdf;
mod palette;
mod pen;
mod picture;
mod shape;
mod unseen;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Document, OcrError, OpenOptions, PageContent, document::Kind};

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
            // a PDF so damaged that only the renderer could open it, or cut off and without words to add, is made new
            // from its pictures
            Ok(bytes) if !has_end(&bytes) => Ok(from_images::build(document, pages, false)?.bytes),
            Err(_) => Ok(from_images::build(document, pages, false)?.bytes),
            written => written,
        },
        Kind::Tiff(_) | Kind::Jpeg | Kind::Still(_) => Ok(from_images::build(document, pages, false)?.bytes),
    })
}

/// Says whether a PDF has its end mark, in the last kilobyte as readers ask (ISO 32000-1, annex H, note 18).
fn has_end(pdf: &[u8]) -> bool {
    pdf[pdf.len().saturating_sub(1024)..].windows(5).any(|window| window == b"%%EOF")
}

/// A document for archives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The file, PDF/A-2b.
    pub bytes: Vec<u8>,
    /// Numbers (from 1) of pages that were more than a scan: they are kept as a picture of what one sees.
    pub drawn: Vec<u32>,
}

/// Makes a PDF/A-2b of a document and the words of its pages, as [`searchable_pdf`] does: fonts embedded, colours with
/// a profile, metadata that says so. Scans stay as they are coded. Any other page of a PDF becomes a picture of itself
/// with its words on top: its fonts, colours and annotations are its author's, and a claim that isn't so is worse than
/// none.
///
/// # Errors
/// [`OcrError::Signed`] for a signed PDF, unless [`crate::OpenOptions::copies_signed`] asks for a copy;
/// [`OcrError::NotArchivable`] for one that needs a password, which no archive may; [`OcrError::Engine`] when writing
/// fails, also by a panic.
pub fn archive_pdf(document: &Document, pages: &[Option<PageContent>]) -> Result<Archive, OcrError> {
    if document.is_signed() && !document.options.copies_signed {
        return Err(OcrError::Signed);
    }
    if needs_password(document) {
        return Err(OcrError::NotArchivable);
    }
    contain(|| from_images::build(document, pages, true))
}

fn needs_password(document: &Document) -> bool {
    let without = OpenOptions { password: None, ..document.options.clone() };
    document.options.password.is_some()
        && matches!(Document::open(document.bytes.clone(), &without), Err(OcrError::Encrypted))
}

/// Makes a panic while writing an error of this document.
fn contain<T>(write: impl FnOnce() -> Result<T, OcrError>) -> Result<T, OcrError> {
    catch_unwind(AssertUnwindSafe(write)).unwrap_or(Err(UNWRITTEN))
}

const UNWRITTEN: OcrError = OcrError::engine("the searchable PDF could not be written");
