//! Images of Leptonica's.
#![expect(unsafe_code, reason = "C calls; no pointer leaves this file and its neighbour api.rs")]

use std::{
    ffi::c_int,
    ptr::{self, NonNull},
};

use ::tesseract::plumbing::leptonica_sys::{self, Pix};

/// An image of Leptonica that is ours.
pub(super) struct OwnPix(NonNull<Pix>);

impl Drop for OwnPix {
    fn drop(&mut self) {
        let mut pix = self.0.as_ptr();
        // SAFETY: the image is ours and is used no more.
        unsafe { leptonica_sys::pixDestroy(&raw mut pix) };
    }
}

impl OwnPix {
    fn new(pix: *mut Pix) -> Option<Self> {
        NonNull::new(pix).map(Self)
    }

    /// Cuts a box (left, top, right, bottom in pixels) out of an image; none where there is nothing.
    ///
    /// # Safety
    /// `page` is null or a live image that nothing else uses meanwhile.
    pub(super) unsafe fn cut(page: *mut Pix, [left, top, right, bottom]: [c_int; 4]) -> Option<Self> {
        if page.is_null() || right <= left || bottom <= top {
            return None;
        }
        // SAFETY: the image is live, as the caller promises; the box is made and freed here.
        unsafe {
            let mut bounds = leptonica_sys::boxCreate(left, top, right - left, bottom - top);
            let cut = leptonica_sys::pixClipRectangle(page, bounds, ptr::null_mut());
            leptonica_sys::boxDestroy(&raw mut bounds);
            Self::new(cut)
        }
    }

    /// Turns it clockwise by quarters.
    pub(super) fn turned(self, quarters: c_int) -> Option<Self> {
        if quarters == 0 {
            return Some(self);
        }
        // SAFETY: the image is live; the result is a new one.
        Self::new(unsafe { leptonica_sys::pixRotateOrth(self.0.as_ptr(), quarters) })
    }

    /// Makes it grey, a byte a pixel.
    pub(super) fn grey(self) -> Option<Self> {
        // SAFETY: the image is live; the result is a new one, or a new reference.
        Self::new(unsafe { leptonica_sys::pixConvertTo8(self.0.as_ptr(), 0) })
    }

    /// Scales it to a height, as Tesseract does (`ImageData::PreScale`).
    pub(super) fn scaled_to(self, height: usize) -> Option<Self> {
        let (_, own_height) = self.size();
        #[expect(clippy::cast_precision_loss, reason = "sides of a page, as Tesseract computes it")]
        let factor = height as f32 / own_height as f32;
        // SAFETY: the image is live; the result is a new one.
        Self::new(unsafe { leptonica_sys::pixScale(self.0.as_ptr(), factor, factor) })
    }

    /// Width and height.
    fn size(&self) -> (usize, usize) {
        // SAFETY: the image is live.
        let (width, height) =
            unsafe { (leptonica_sys::pixGetWidth(self.0.as_ptr()), leptonica_sys::pixGetHeight(self.0.as_ptr())) };
        (usize::try_from(width).unwrap_or(0), usize::try_from(height).unwrap_or(0))
    }

    /// The pixels of a grey image of this height, and its width.
    pub(super) fn rows(&self, height: usize) -> Option<(usize, Vec<u8>)> {
        let (width, own_height) = self.size();
        // SAFETY: the image is live, and its data are `height` rows of `words` 32-bit words, four pixels each.
        let data = unsafe {
            let pix = self.0.as_ptr();
            let words = usize::try_from(leptonica_sys::pixGetWpl(pix)).ok()?;
            if own_height != height || leptonica_sys::pixGetDepth(pix) != 8 || words == 0 || words * 4 < width {
                return None;
            }
            std::slice::from_raw_parts(leptonica_sys::pixGetData(pix), words * height)
        };
        let mut pixels = Vec::with_capacity(width * height);
        for row in data.chunks_exact(data.len() / height) {
            // the leftmost pixel is in the highest byte
            pixels.extend(row.iter().flat_map(|word| word.to_be_bytes()).take(width));
        }
        Some((width, pixels))
    }
}
