//! Opens a document: what kind it is, how many pages it has, and the pixels of each page, upright.
//!
//! Promises: the kind is told by content, never by name; page and pixel limits are checked on headers, before
//! anything is decoded; what is cut off is an error. Refuses to know: words, engines.

mod beside;
mod bombs;
mod budget;
mod coded;
mod coverage;
mod drawing;
mod filters;
mod image;
mod inspection;
mod jpeg;
mod jpeg_bare;
mod jpeg_bits;
mod jpeg_blocks;
mod jpx_bare;
mod loss;
mod montage;
mod options;
mod own_text;
mod page_tree;
mod pdf;
mod picture;
mod scan;
mod shown;
mod signature;
mod table_of_objects;
mod tiff;
mod watch;

pub use self::{
    beside::Part,
    inspection::PageInspection,
    options::{OpenOptions, Password},
};
pub(crate) use self::{
    beside::{About, Beside, Bookmark, PageLabel, Target},
    jpeg::JpegHeader,
    jpeg_bare::without_metadata,
    montage::Piece,
    pdf::{PagePicture, PdfFile},
    table_of_objects::header_offset,
    tiff::{PageJpeg, find_jpeg},
};

use std::sync::{Arc, OnceLock};

use untxt_page::LanguageGuess;

use crate::{OcrError, Raster, pipeline::contain};
use image::StillKind;

const PDF_HEADER: &[u8] = b"%PDF-";
/// Little and big endian, both also with 64-bit offsets.
const TIFF_HEADERS: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];

/// An opened document.
#[derive(Debug)]
pub struct Document {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) options: OpenOptions,
    pub(crate) kind: Kind,
    /// Found once, when nobody named it.
    pub(crate) language: OnceLock<LanguageGuess>,
}

/// What a document is made of.
#[derive(Debug)]
pub(crate) enum Kind {
    Pdf(PdfFile),
    /// Where the pages' directories are.
    Tiff(tiff::Chain),
    Jpeg,
    Still(StillKind),
}

impl Document {
    /// Opens a document: PDF, TIFF, JPEG, PNG, WebP, BMP or GIF, told by content.
    ///
    /// # Errors
    /// [`OcrError::Empty`], [`OcrError::Encrypted`], [`OcrError::NoPages`], [`OcrError::TooManyPages`]; for an image also
    /// [`OcrError::TooManyPixels`]; [`OcrError::Unreadable`] for everything else.
    pub fn open(bytes: impl Into<Arc<Vec<u8>>>, options: &OpenOptions) -> Result<Self, OcrError> {
        let bytes = bytes.into();
        let kind = Self::tell_kind(&bytes, options)?;
        let document = Self { bytes, options: options.clone(), kind, language: OnceLock::new() };
        match document.page_count() {
            0 => Err(OcrError::NoPages),
            pages if pages > options.max_pages => Err(OcrError::TooManyPages { pages, limit: options.max_pages }),
            _ => Ok(document),
        }
    }

    fn tell_kind(bytes: &Arc<Vec<u8>>, options: &OpenOptions) -> Result<Kind, OcrError> {
        if bytes.is_empty() {
            return Err(OcrError::Empty);
        }
        if TIFF_HEADERS.iter().any(|header| bytes.starts_with(header)) {
            return Ok(Kind::Tiff(tiff::list_pages(bytes, options)?));
        }
        if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            JpegHeader::read(bytes)?.check(options)?;
            return Ok(Kind::Jpeg);
        }
        if let Some(kind) = StillKind::tell(bytes) {
            image::check_header(kind, bytes, options)?;
            return Ok(Kind::Still(kind));
        }
        if bytes[header_offset(bytes)..].starts_with(PDF_HEADER) {
            return Ok(Kind::Pdf(PdfFile::open(bytes, options)?));
        }
        Err(OcrError::unreadable("the file is none of PDF, TIFF, JPEG, PNG, WebP, BMP, GIF"))
    }

    /// Counts the pages, at least 1.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        match &self.kind {
            Kind::Pdf(file) => file.page_count(),
            Kind::Tiff(chain) => u32::try_from(chain.pages.len()).unwrap_or(u32::MAX),
            Kind::Jpeg | Kind::Still(_) => 1,
        }
    }

    /// Says whether the document is a PDF.
    #[must_use]
    pub const fn is_pdf(&self) -> bool {
        matches!(self.kind, Kind::Pdf(_))
    }

    /// Says whether the document is a PDF with a digital signature that was made.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        matches!(&self.kind, Kind::Pdf(file) if file.is_signed())
    }

    /// Says whether the list of its pages leads back to one of them: there may be more, to which nothing leads. The last page
    /// says that it is damaged. Only a TIFF has such a list.
    #[must_use]
    pub const fn runs_in_circle(&self) -> bool {
        matches!(&self.kind, Kind::Tiff(chain) if chain.is_circle)
    }

    /// Gives what the document has beside its pages; only PDFs have anything.
    pub(crate) fn beside(&self) -> Beside {
        match &self.kind {
            Kind::Pdf(file) => file.beside(),
            Kind::Tiff(_) | Kind::Jpeg | Kind::Still(_) => Beside::default(),
        }
    }

    /// Gives how many points a unit of the coordinates of page `index` (from 0) is, where that is not one.
    pub(crate) fn user_unit(&self, index: u32) -> Option<f32> {
        match &self.kind {
            Kind::Pdf(file) => file.user_unit(index),
            Kind::Tiff(_) | Kind::Jpeg | Kind::Still(_) => None,
        }
    }

    /// Says what page `index` (from 0) is and gives the text that it brings itself; nothing is drawn or decoded.
    ///
    /// # Errors
    /// [`OcrError::TooComplex`], [`OcrError::TooManyPixels`] or [`OcrError::Unreadable`], for this page alone.
    pub fn inspect(&self, index: u32) -> Result<PageInspection, OcrError> {
        self.inspector().inspect(index)
    }

    /// Gives an inspector for many pages: it keeps what it learned about fonts.
    #[must_use]
    pub fn inspector(&self) -> Inspector<'_> {
        let pdf = match &self.kind {
            Kind::Pdf(file) => Some(pdf::PdfInspector::new(file)),
            Kind::Tiff(_) | Kind::Jpeg | Kind::Still(_) => None,
        };
        Inspector { document: self, pdf }
    }

    /// Gives the pixels of page `index` (from 0), upright.
    ///
    /// # Errors
    /// [`OcrError::TooManyPixels`] or [`OcrError::Unreadable`], for this page alone.
    pub fn raster(&self, index: u32) -> Result<Raster, OcrError> {
        match &self.kind {
            Kind::Pdf(file) => file.raster(index, &self.options),
            Kind::Tiff(chain) => {
                let page = chain.pages.get(index as usize).ok_or(NO_SUCH_PAGE)?;
                tiff::decode_page(&self.bytes, *page, &self.options)
            }
            Kind::Jpeg if index == 0 => jpeg::decode(&self.bytes, &self.options),
            Kind::Still(kind) if index == 0 => image::decode(*kind, &self.bytes, &self.options),
            Kind::Jpeg | Kind::Still(_) => Err(NO_SUCH_PAGE),
        }
    }
}

/// Inspects pages of one document, see [`Document::inspect`].
pub struct Inspector<'d> {
    document: &'d Document,
    pdf: Option<pdf::PdfInspector<'d>>,
}

impl std::fmt::Debug for Inspector<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inspector").field("document", &self.document).finish_non_exhaustive()
    }
}

impl<'d> Inspector<'d> {
    /// Gives the document whose pages are inspected.
    #[must_use]
    pub const fn document(&self) -> &'d Document {
        self.document
    }

    /// Says what page `index` (from 0) is, as [`Document::inspect`].
    ///
    /// # Errors
    /// As [`Document::inspect`]; [`OcrError::Engine`] when it panics.
    pub fn inspect(&mut self, index: u32) -> Result<PageInspection, OcrError> {
        contain(|| self.inspect_page(index)).inspect_err(|error| {
            // what was learned until then may be half written
            if matches!(error, OcrError::Engine(_)) {
                *self = self.document.inspector();
            }
        })
    }

    fn inspect_page(&mut self, index: u32) -> Result<PageInspection, OcrError> {
        let document = self.document;
        match (&mut self.pdf, &document.kind) {
            (Some(pdf), _) => pdf.inspect(index, &document.options),
            (None, Kind::Tiff(chain)) => {
                let page = chain.pages.get(index as usize).ok_or(NO_SUCH_PAGE)?;
                let mut inspection = tiff::inspect_page(&document.bytes, *page, &document.options)?;
                // what should come behind it may be missing
                inspection.is_damaged = chain.is_circle && index + 1 == document.page_count();
                Ok(inspection)
            }
            (None, Kind::Jpeg) if index == 0 => jpeg::inspect(&document.bytes, &document.options),
            (None, Kind::Still(kind)) if index == 0 => image::inspect(*kind, &document.bytes, &document.options),
            (None, _) => Err(NO_SUCH_PAGE),
        }
    }
}

pub(crate) const NO_SUCH_PAGE: OcrError = OcrError::unreadable("the document has no such page");
