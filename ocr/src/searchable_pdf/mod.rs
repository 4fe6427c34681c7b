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
mod kept;
mod layer;
mod line;
mod old_layer;
mod onto_pdf;
mod palette;
mod pen;
mod picture;
mod shape;
mod unseen;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    Document, OcrError, OpenOptions, PageContent,
    document::{Kind, Part},
};

/// A PDF that was made of a document, and what a person should know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchablePdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is of the original.
    pub making: Making,
    /// Numbers (from 1) of pages that were more than a scan and became a picture of what one sees.
    pub drawn: Vec<u32>,
    /// What the original has beside its pages and this file has not.
    pub dropped: Vec<Part>,
}

/// What a PDF is of the document that it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// The document itself, byte for byte: it had its text, or none was found.
    Unchanged,
    /// The document with text added.
    Extended,
    /// A new file with the pictures of its pages.
    New,
}

/// Makes a searchable PDF of a document and the words of its pages, in the order of its pages; `None` stands for a
/// page that could not be read: it is kept without text. What was made has been opened again, and has all pages.
///
/// # Errors
/// [`OcrError::Signed`] for a signed PDF, unless [`crate::OpenOptions::copies_signed`] asks for a copy;
/// [`OcrError::Encrypted`] for a PDF that needed a password and can't be given a copy with the same one;
/// [`OcrError::Unreadable`] when no page can be written; [`OcrError::Engine`] when writing fails, also by a panic.
pub fn searchable_pdf(document: &Document, pages: &[Option<PageContent>]) -> Result<SearchablePdf, OcrError> {
    contain(|| match &document.kind {
        Kind::Pdf(file) => match contain(|| onto_pdf::add_text(document, file, pages)) {
            // pictures of its pages would be the document without its signature or its lock
            added if document.is_signed() => added,
            Err(OcrError::Encrypted) => Err(OcrError::Encrypted),
            // a PDF so damaged that only the renderer could open it, or cut off and without words to add, is made new
            // from its pictures
            Ok(added) if has_end(&added.bytes) => Ok(added),
            _ => build_checked(document, pages, false),
        },
        Kind::Tiff(_) | Kind::Jpeg | Kind::Still(_) => build_checked(document, pages, false),
    })
}

/// Makes a new file, and opens it: one that can't be opened, has other pages, or where objects must be searched for is
/// not given out.
fn build_checked(
    document: &Document,
    pages: &[Option<PageContent>],
    is_archive: bool,
) -> Result<SearchablePdf, OcrError> {
    let made = from_images::build(document, pages, is_archive)?;
    // a copy of a locked PDF is not locked when no password was needed
    let opening = OpenOptions { password: None, ..document.options.clone() };
    let bytes = Arc::new(made.bytes);
    let opened = Document::open(Arc::clone(&bytes), &opening).map_err(|_| UNWRITTEN)?;
    let is_sound = matches!(&opened.kind, Kind::Pdf(file) if !file.is_damaged());
    if !is_sound || opened.page_count() != document.page_count() {
        return Err(UNWRITTEN);
    }
    drop(opened);
    Ok(SearchablePdf { bytes: Arc::unwrap_or_clone(bytes), ..made })
}

/// Says whether a PDF has its end mark, in the last kilobyte as readers ask (ISO 32000-1, annex H, note 18).
fn has_end(pdf: &[u8]) -> bool {
    pdf[pdf.len().saturating_sub(1024)..].windows(5).any(|window| window == b"%%EOF")
}

/// Makes a PDF/A-2b of a document and the words of its pages, as [`searchable_pdf`] does: fonts embedded, colours with
/// a profile, metadata that says so. Scans stay as they are coded. Any other page of a PDF becomes a picture of itself
/// with its words on top: its fonts, colours and annotations are its author's, and a claim that isn't so is worse than
/// none. Bookmarks, page labels, title, author, dates and language stay.
///
/// # Errors
/// [`OcrError::Signed`] for a signed PDF, unless [`crate::OpenOptions::copies_signed`] asks for a copy;
/// [`OcrError::NotArchivable`] for one that needs a password, which no archive may; [`OcrError::Engine`] when writing
/// fails, also by a panic.
pub fn archive_pdf(document: &Document, pages: &[Option<PageContent>]) -> Result<SearchablePdf, OcrError> {
    if document.is_signed() && !document.options.copies_signed {
        return Err(OcrError::Signed);
    }
    if needs_password(document) {
        return Err(OcrError::NotArchivable);
    }
    contain(|| build_checked(document, pages, true))
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
