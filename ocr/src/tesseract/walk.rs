//! The walk over what layout analysis found.
#![expect(unsafe_code, reason = "C and C++ calls; no pointer leaves this file and its neighbour api.rs")]

use std::{ffi::c_int, marker::PhantomData, ptr::NonNull};

use ::tesseract::plumbing::tesseract_sys::{self as sys, TessPageIterator};

use super::api::Api;

unsafe extern "C" {
    /// `void PageIterator::RowAttributes(float *row_height, float *descenders, float *ascenders) const`, a public
    /// method of Tesseract's C++ interface (pageiterator.h) that its C interface leaves out; see `api.rs`.
    #[link_name = "_ZNK9tesseract12PageIterator13RowAttributesEPfS1_S1_"]
    fn row_attributes(iterator: *const TessPageIterator, height: *mut f32, descenders: *mut f32, ascenders: *mut f32);
}

/// A walk over the words that layout analysis found; words of a line that stand near each other count as one.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    iterator: NonNull<TessPageIterator>,
    page: PhantomData<&'a mut Api>,
}

/// A step of [`Walk`].
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(super) enum Level {
    Paragraph = sys::TessPageIteratorLevel_RIL_PARA,
    Line = sys::TessPageIteratorLevel_RIL_TEXTLINE,
    Word = sys::TessPageIteratorLevel_RIL_WORD,
    Symbol = sys::TessPageIteratorLevel_RIL_SYMBOL,
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        // SAFETY: the iterator is ours.
        unsafe { sys::TessPageIteratorDelete(self.iterator.as_ptr()) }
    }
}

impl Walk<'_> {
    /// # Safety
    /// `iterator` is null or ours, and the page that it walks over lives as long as the walk.
    pub(super) unsafe fn new(iterator: *mut TessPageIterator) -> Option<Self> {
        NonNull::new(iterator).map(|iterator| Self { iterator, page: PhantomData })
    }

    /// Goes on to the next word or symbol; false at the end.
    pub(super) fn advance(&mut self, level: Level) -> bool {
        // SAFETY: the iterator is live, as is the page that it borrows.
        unsafe { sys::TessPageIteratorNext(self.iterator.as_ptr(), level as u32) != 0 }
    }

    pub(super) fn begins(&self, level: Level) -> bool {
        // SAFETY: as above.
        unsafe { sys::TessPageIteratorIsAtBeginningOf(self.iterator.as_ptr(), level as u32) != 0 }
    }

    /// Left, top, right, bottom in pixels of the page; none for a picture.
    pub(super) fn bounds(&self, level: Level) -> Option<[c_int; 4]> {
        let [mut left, mut top, mut right, mut bottom] = [0; 4];
        // SAFETY: as above; the four places live through the call.
        let is_there = unsafe {
            sys::TessPageIteratorBoundingBox(
                self.iterator.as_ptr(),
                level as u32,
                &raw mut left,
                &raw mut top,
                &raw mut right,
                &raw mut bottom,
            )
        };
        (is_there != 0).then_some([left, top, right, bottom])
    }

    /// The middle of the baseline of the word: x and y in pixels.
    pub(super) fn baseline(&self) -> (f32, f32) {
        let [mut x1, mut y1, mut x2, mut y2] = [0; 4];
        // SAFETY: as above.
        unsafe {
            sys::TessPageIteratorBaseline(
                self.iterator.as_ptr(),
                Level::Word as u32,
                &raw mut x1,
                &raw mut y1,
                &raw mut x2,
                &raw mut y2,
            )
        };
        #[expect(clippy::cast_precision_loss, reason = "sides of a page")]
        let middle = ((x1 + x2) as f32 / 2.0, (y1 + y2) as f32 / 2.0);
        middle
    }

    /// How far letters of the line reach above its baseline, and below it, in pixels.
    pub(super) fn reach(&self) -> (f32, f32) {
        let [mut height, mut descenders, mut ascenders] = [0.0; 3];
        // SAFETY: as above.
        unsafe {
            row_attributes(self.iterator.as_ptr(), &raw mut height, &raw mut descenders, &raw mut ascenders);
        }
        // the height spans from the lowest to the highest letter; descenders are negative
        (height + descenders, -descenders)
    }

    pub(super) fn is_text(&self) -> bool {
        // SAFETY: as above.
        let kind = unsafe { sys::TessPageIteratorBlockType(self.iterator.as_ptr()) };
        let is_flowing =
            (sys::TessPolyBlockType_PT_FLOWING_TEXT..=sys::TessPolyBlockType_PT_CAPTION_TEXT).contains(&kind);
        is_flowing && kind != sys::TessPolyBlockType_PT_EQUATION
    }

    /// How the text of the block stands.
    pub(super) fn up(&self) -> TopEdge {
        let (mut orientation, mut direction, mut order, mut angle) = (0, 0, 0, 0.0);
        // SAFETY: as above.
        unsafe {
            sys::TessPageIteratorOrientation(
                self.iterator.as_ptr(),
                &raw mut orientation,
                &raw mut direction,
                &raw mut order,
                &raw mut angle,
            );
        }
        match orientation {
            sys::TessOrientation_ORIENTATION_PAGE_RIGHT => TopEdge::Right,
            sys::TessOrientation_ORIENTATION_PAGE_DOWN => TopEdge::Down,
            sys::TessOrientation_ORIENTATION_PAGE_LEFT => TopEdge::Left,
            _ => TopEdge::Up,
        }
    }
}

/// To which side of the page the upper edge of a text points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TopEdge {
    Up,
    Right,
    Down,
    Left,
}

impl TopEdge {
    /// Clockwise quarter turns that make the text stand upright.
    pub(super) fn quarters_to_upright(self) -> c_int {
        match self {
            Self::Up => 0,
            Self::Left => 1,
            Self::Down => 2,
            Self::Right => 3,
        }
    }
}
