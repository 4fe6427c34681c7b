//! A handle of Tesseract's library.
#![expect(unsafe_code, reason = "C calls; no pointer leaves this file and its neighbours walk.rs and pix.rs")]

use std::{
    ffi::{CStr, c_int},
    ptr::{self, NonNull},
};

use ::tesseract::plumbing::{
    leptonica_sys,
    tesseract_sys::{self as sys, TessBaseAPI, TessPageIterator},
};

use super::{
    pix::OwnPix,
    walk::{TopEdge, Walk},
};
use crate::{OcrError, Pixels, Raster};

/// One handle of Tesseract, with its languages loaded.
#[derive(Debug)]
pub(super) struct Api(NonNull<TessBaseAPI>);

// SAFETY: a handle has no ties to the thread that made it; it is only used by one thread at a time, since every verb
// of it takes `&mut self` or is a plain read.
unsafe impl Send for Api {}

impl Drop for Api {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and nothing that borrows from it outlives it.
        unsafe { sys::TessBaseAPIDelete(self.0.as_ptr()) }
    }
}

unsafe extern "C" {
    /// `PageIterator *TessBaseAPI::AnalyseLayout(bool merge_similar_words)`, a public method of Tesseract's C++
    /// interface (baseapi.h) whose argument its C interface leaves out, by its name after the Itanium C++ ABI, which
    /// all builds but those for Windows follow.
    #[link_name = "_ZN9tesseract11TessBaseAPI13AnalyseLayoutEb"]
    fn analyse_layout(handle: *mut TessBaseAPI, merge_similar_words: bool) -> *mut TessPageIterator;
}

impl Api {
    /// Loads languages from a folder.
    pub(super) fn new(folder: &CStr, languages: &CStr) -> Result<Self, OcrError> {
        const NO_DATA: OcrError = OcrError::engine("the language data can't be loaded");
        // SAFETY: makes a handle; the level is one of Leptonica's own.
        let handle = unsafe {
            leptonica_sys::setMsgSeverity(6);
            sys::TessBaseAPICreate()
        };
        let api = Self(NonNull::new(handle).ok_or(NO_DATA)?);
        // SAFETY: the handle is live, the strings are terminated.
        let refused = unsafe { sys::TessBaseAPIInit3(handle, folder.as_ptr(), languages.as_ptr()) };
        if refused == 0 { Ok(api) } else { Err(NO_DATA) }
    }

    /// Names the version of the library.
    pub(super) fn version() -> String {
        // SAFETY: a string of the library that is never freed.
        unsafe { CStr::from_ptr(sys::TessVersion()) }.to_string_lossy().into_owned()
    }

    pub(super) fn set_variable(&mut self, name: &CStr, value: &CStr) -> Result<(), OcrError> {
        // SAFETY: the handle is live, the strings are terminated.
        let accepted = unsafe { sys::TessBaseAPISetVariable(self.0.as_ptr(), name.as_ptr(), value.as_ptr()) };
        if accepted == 1 { Ok(()) } else { Err(OcrError::engine("a setting was refused")) }
    }

    pub(super) fn set_page_seg_mode(&mut self, mode: u32) {
        // SAFETY: the handle is live, and the library checks the mode.
        unsafe { sys::TessBaseAPISetPageSegMode(self.0.as_ptr(), mode) };
    }

    /// Gives it a page; it makes its own copy.
    pub(super) fn set_page(&mut self, page: &Raster, dpi: u32) -> Result<(), OcrError> {
        const TOO_LARGE: OcrError = OcrError::engine("the page is too large for it");
        let (bytes, bytes_per_pixel, row_bytes) = match &page.pixels {
            Pixels::Bilevel(bytes) => (bytes, 0, page.width.div_ceil(8)),
            Pixels::Gray8(bytes) => (bytes, 1, page.width),
            Pixels::Rgb8(bytes) => (bytes, 3, page.width * 3),
        };
        let is_whole = bytes.len() as u64 >= u64::from(row_bytes) * u64::from(page.height);
        let [width, height, row_bytes, dpi] = [page.width, page.height, row_bytes, dpi].map(c_int::try_from);
        let (Ok(width), Ok(height), Ok(row_bytes), Ok(dpi), true) = (width, height, row_bytes, dpi, is_whole) else {
            return Err(TOO_LARGE);
        };
        // SAFETY: the handle is live, and `bytes` holds `height` rows of `row_bytes`, each at least `width` pixels.
        unsafe {
            sys::TessBaseAPISetImage(self.0.as_ptr(), bytes.as_ptr(), width, height, bytes_per_pixel, row_bytes);
            sys::TessBaseAPISetSourceResolution(self.0.as_ptr(), dpi);
        }
        Ok(())
    }

    /// Reads the page, with the layout that [`Self::analyse`] found, if it did.
    pub(super) fn recognise(&mut self) -> Result<(), OcrError> {
        // SAFETY: the handle is live; no monitor is given.
        let failed = unsafe { sys::TessBaseAPIRecognize(self.0.as_ptr(), ptr::null_mut()) };
        if failed == 0 { Ok(()) } else { Err(OcrError::engine("it gave up on the page")) }
    }

    /// What was read, as Tesseract's table.
    pub(super) fn table(&mut self) -> Result<String, OcrError> {
        // SAFETY: the handle is live; the text is ours to free, and is copied before that.
        unsafe {
            let text = sys::TessBaseAPIGetTsvText(self.0.as_ptr(), 0);
            if text.is_null() {
                return Err(OcrError::engine("it gave no result"));
            }
            let table = CStr::from_ptr(text).to_string_lossy().into_owned();
            sys::TessDeleteText(text);
            Ok(table)
        }
    }

    /// Finds blocks, lines and words; none on a page without text.
    pub(super) fn analyse(&mut self) -> Option<Walk<'_>> {
        // SAFETY: the handle is live; the walk is the only one that borrows from it.
        unsafe { Walk::new(analyse_layout(self.0.as_ptr(), true)) }
    }

    /// Cuts a box (left, top, right, bottom in pixels) out of the page, turns it so that its text stands upright, and
    /// scales it to a height, in grey: width and pixels, 0 is black. None where the box is empty.
    pub(super) fn cut(&mut self, bounds: [c_int; 4], edge: TopEdge, height: usize) -> Option<(usize, Vec<u8>)> {
        // SAFETY: the handle is live; the image it gives stays its own and lives until the next page.
        let page = unsafe { sys::TessBaseAPIGetInputImage(self.0.as_ptr()) };
        // SAFETY: as above, and nothing changes the page meanwhile.
        let cut = unsafe { OwnPix::cut(page.cast(), bounds) }?;
        cut.turned(edge.quarters_to_upright())?.grey()?.scaled_to(height)?.rows(height)
    }
}
