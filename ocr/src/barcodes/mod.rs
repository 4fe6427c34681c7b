//! Barcodes and QR codes of a page, with what they say and where they stand.
//!
//! Promises: only what is certain is a code (error correction, a checksum, or many scan lines that agree); a page
//! without codes costs little, since only areas that are evenly half dark and not surely read are
//! looked at, and of these no more than a budget of pixels; a decoder that panics finds nothing; values are data, bounded, as the code has them. Refuses to
//! know: layout, what a value means.

mod areas;
mod bars;
mod cut;
mod matrix;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

use untxt_page::{Barcode, Bounds, Word};

use crate::Raster;
use areas::dense_areas;
use bars::read_bars;
use cut::{Bars, Cut};
use matrix::read_matrix_codes;

use words::is_text;

pub(crate) use words::{drop_words_in_codes, is_outside_codes};

/// Codes of a page at most: a sheet of labels has some hundred.
const MAX_CODES: usize = 200;
/// Areas that are looked at, the most even first.
const MAX_AREAS: usize = 200;
/// Pixels of areas without a code after which no other is looked at: the page shows photographs.
const BUDGET_PIXELS: usize = 500_000;
/// Of the pixels of an area with a code only this part counts: a sheet of labels is read whole.
const FOUND_SHARE: usize = 16;
/// The largest QR code holds 7,089 digits; letters of other alphabets are fewer and take up to four bytes.
const MAX_VALUE_BYTES: usize = 8192;

/// A code in the pixels of a [`Cut`].
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    format: &'static str,
    value: String,
    bounds: Bounds,
}

/// Finds the barcodes of a page, from top to bottom; boxes in pixels of `page`. Where `words` that are surely read
/// stand is text.
pub(crate) fn find_barcodes<'w>(page: &Raster, words: impl Iterator<Item = &'w Word> + Clone) -> Vec<Barcode> {
    let mut budget = BUDGET_PIXELS;
    let mut codes: Vec<Barcode> = Vec::new();
    let areas = dense_areas(page).into_iter().filter(|area| !is_text(*area, words.clone()));
    for area in areas.take(MAX_AREAS) {
        // seen from further away it may look like a part of something larger
        if budget == 0 || codes.len() >= MAX_CODES || codes.iter().any(|code| overlap(code.bounds, area)) {
            continue;
        }
        let Some(cut) = Cut::new(page, area) else { continue };
        let found = read_codes(&cut);
        let share = if found.is_empty() { 1 } else { FOUND_SHARE };
        budget = budget.saturating_sub(cut.pixel_count() / share);
        codes.extend(found.into_iter().filter_map(|code| to_barcode(code, &cut, page)));
    }
    codes.sort_by_key(|code| (code.bounds[1], code.bounds[0]));
    codes.truncate(MAX_CODES);
    codes
}

fn overlap(a: Bounds, b: Bounds) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// Reads what the direction of the edges allows. The decoders have panicked on damaged codes of other people.
fn read_codes(cut: &Cut) -> Vec<Found> {
    let read = || {
        let bars = match cut.bars() {
            Bars::Upright => read_bars(cut),
            Bars::Level => read_bars(&cut.transposed()).into_iter().map(transpose).collect(),
            Bars::Crossed => Vec::new(),
        };
        // bars in stacked rows are nearly bars
        if bars.is_empty() { read_matrix_codes(cut) } else { bars }
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

fn transpose(found: Found) -> Found {
    let [left, top, right, bottom] = found.bounds;
    Found { bounds: [top, left, bottom, right], ..found }
}

/// Moves a code onto the page; `None` for one that says nothing or more than a code can.
fn to_barcode(found: Found, cut: &Cut, page: &Raster) -> Option<Barcode> {
    let [left, top, right, bottom] = cut.to_page(found.bounds);
    let bounds = [left.min(page.width), top.min(page.height), right.min(page.width), bottom.min(page.height)];
    let is_box = bounds[0] < bounds[2] && bounds[1] < bounds[3];
    let is_value = !found.value.is_empty() && found.value.len() <= MAX_VALUE_BYTES;
    (is_box && is_value).then(|| Barcode { format: found.format.into(), value: found.value, bounds })
}
