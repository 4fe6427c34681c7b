use std::ops::Range;

use rxing::{BinaryBitmap, Luma8LuminanceSource, common::HybridBinarizer};
use untxt_page::Bounds;

use crate::{Pixels, Raster, raster::luma};

/// Finer is not needed for the smallest module, and costs.
const MAX_DPI: u32 = 400;
/// Larger areas are shrunk: so large a code has large modules.
const MAX_PIXELS: usize = 800_000;
/// What is cut beyond an area that was found in cells: a cell or two, in points, and a part of its side.
const WIDEN_POINTS: u32 = 5;
const WIDEN_PART: u32 = 16;
/// Paper that is put around, in points: a code needs white around it, and what stands there on the page may be text.
const MARGIN_POINTS: usize = 12;
/// Edges across bars are at least as many times stronger than those along them.
const BARS_CONTRAST: u64 = 4;

/// A part of a page in grey, with paper around it.
pub(super) struct Cut {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
    /// The part of it that shows the page.
    pub(super) inner: Bounds,
    /// Dots per inch.
    pub(super) dpi: usize,
    /// Where `inner` begins on the page.
    origin: [u32; 2],
    /// Pixels of the page for one of the cut.
    factor: u32,
}

/// Which way the edges of an area run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bars {
    Upright,
    Level,
    Crossed,
}

impl Cut {
    /// Cuts an area out of a page; `None` when nothing is left of it.
    pub(super) fn new(page: &Raster, area: Bounds) -> Option<Self> {
        let widen = |from: u32, to: u32, limit: u32| {
            let by = (page.dpi * WIDEN_POINTS / 72).max((to - from) / WIDEN_PART);
            (from.saturating_sub(by), to.saturating_add(by).min(limit))
        };
        let (left, right) = widen(area[0], area[2], page.width);
        let (top, bottom) = widen(area[1], area[3], page.height);
        let size = |factor: u32| ((right - left) / factor, (bottom - top) / factor);
        let is_small = |factor: &u32| {
            let (width, height) = size(*factor);
            width as usize * height as usize <= MAX_PIXELS && page.dpi / factor <= MAX_DPI
        };
        let factor = (1..).find(is_small)?;
        let (width, height) = size(factor);
        if width < 8 || height < 8 {
            return None;
        }
        let dpi = (page.dpi / factor).max(1) as usize;
        let margin = (dpi * MARGIN_POINTS / 72).max(4);
        let pixels = shrink(page, [left, top], (width as usize, height as usize), factor as usize);
        let padded = pad(&pixels, (width as usize, height as usize), margin);
        let start = u32::try_from(margin).ok()?;
        Some(Self {
            width: width as usize + 2 * margin,
            height: height as usize + 2 * margin,
            pixels: padded,
            inner: [start, start, start + width, start + height],
            dpi,
            origin: [left, top],
            factor,
        })
    }

    pub(super) const fn pixel_count(&self) -> usize {
        self.width * self.height
    }

    /// Moves a box of the cut onto the page.
    pub(super) fn to_page(&self, [left, top, right, bottom]: Bounds) -> Bounds {
        let place = |side: u32, axis: usize| {
            let side = side.clamp(self.inner[axis], self.inner[axis + 2]) - self.inner[axis];
            self.origin[axis].saturating_add(side * self.factor)
        };
        [place(left, 0), place(top, 1), place(right, 0), place(bottom, 1)]
    }

    /// Swaps rows and columns; boxes of it are to be swapped back.
    pub(super) fn transposed(&self) -> Self {
        let [left, top, right, bottom] = self.inner;
        Self {
            width: self.height,
            height: self.width,
            pixels: transpose(&self.pixels, self.width),
            inner: [top, left, bottom, right],
            origin: [self.origin[1], self.origin[0]],
            ..*self
        }
    }

    /// Makes two pixels of each, down and across, the second halfway to its neighbour.
    pub(super) fn doubled(&self) -> Self {
        let wide = double_rows(&self.pixels, self.width);
        let high = double_rows(&transpose(&wide, 2 * self.width), self.height);
        Self {
            width: 2 * self.width,
            height: 2 * self.height,
            pixels: transpose(&high, 2 * self.height),
            inner: self.inner.map(|side| 2 * side),
            dpi: 2 * self.dpi,
            ..*self
        }
    }

    /// Compares the edges between pixels side by side with those between pixels one above the other.
    pub(super) fn bars(&self) -> Bars {
        let [left, top, right, bottom] = self.inner.map(|side| side as usize);
        let (mut across, mut down) = (0_u64, 0_u64);
        for y in top..bottom - 1 {
            let row = &self.pixels[y * self.width..][..self.width];
            let below = &self.pixels[(y + 1) * self.width..][..self.width];
            for x in left..right - 1 {
                across += edge_strength(row[x], row[x + 1]);
                down += edge_strength(row[x], below[x]);
            }
        }
        match () {
            () if across >= BARS_CONTRAST * down => Bars::Upright,
            () if down >= BARS_CONTRAST * across => Bars::Level,
            () => Bars::Crossed,
        }
    }

    /// Gives the box around everything dark.
    pub(super) fn ink(&self) -> Bounds {
        let (darkest, lightest) = self.pixels.iter().fold((255_u8, 0_u8), |(low, high), &p| (low.min(p), high.max(p)));
        let limit = darkest.midpoint(lightest);
        let [mut left, mut top, mut right, mut bottom] = [self.inner[2], self.inner[3], self.inner[0], self.inner[1]];
        for (y, row) in (0..).zip(self.pixels.chunks_exact(self.width)) {
            for (x, _) in (0..).zip(row).filter(|(_, pixel)| **pixel < limit) {
                [left, top, right, bottom] = [left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)];
            }
        }
        [left, top, right, bottom]
    }

    /// Gives the cut as the decoders take it.
    pub(super) fn to_bitmap(&self) -> Option<BinaryBitmap<HybridBinarizer<Luma8LuminanceSource>>> {
        let (width, height) = (u32::try_from(self.width).ok()?, u32::try_from(self.height).ok()?);
        let source = Luma8LuminanceSource::new(self.pixels.clone(), width, height).ok()?;
        Some(BinaryBitmap::new(HybridBinarizer::new(source)))
    }
}

fn transpose(pixels: &[u8], width: usize) -> Vec<u8> {
    let height = pixels.len() / width;
    let mut turned = vec![0; pixels.len()];
    for (y, row) in pixels.chunks_exact(width).enumerate() {
        for (x, &pixel) in row.iter().enumerate() {
            turned[x * height + y] = pixel;
        }
    }
    turned
}

fn double_rows(pixels: &[u8], width: usize) -> Vec<u8> {
    let double = |row: &[u8], at: usize| match at % 2 {
        0 => row[at / 2],
        _ => row[at / 2].midpoint(row[(at / 2 + 1).min(width - 1)]),
    };
    pixels.chunks_exact(width).flat_map(|row| (0..2 * width).map(move |at| double(row, at))).collect()
}

/// Noise is no edge.
fn edge_strength(a: u8, b: u8) -> u64 {
    u64::from(a.abs_diff(b).saturating_sub(24))
}

/// Averages squares of `factor` x `factor` pixels of the page, from `left` and `top` on.
fn shrink(page: &Raster, [left, top]: [u32; 2], (width, height): (usize, usize), factor: usize) -> Vec<u8> {
    let (left, top) = (left as usize, top as usize);
    let mut out = Vec::with_capacity(width * height);
    let mut row = Vec::with_capacity(width * factor);
    for y in 0..height {
        let mut sums = vec![0_usize; width];
        for line in 0..factor {
            read_row(page, top + y * factor + line, left..left + width * factor, &mut row);
            for (sum, square) in sums.iter_mut().zip(row.chunks_exact(factor)) {
                *sum += square.iter().map(|&pixel| usize::from(pixel)).sum::<usize>();
            }
        }
        out.extend(sums.into_iter().map(|sum| u8::try_from(sum / (factor * factor)).unwrap_or(u8::MAX)));
    }
    out
}

/// Puts paper around: as bright as three quarters of the pixels are at most.
fn pad(pixels: &[u8], (width, height): (usize, usize), margin: usize) -> Vec<u8> {
    let mut counts = [0_usize; 256];
    pixels.iter().for_each(|&pixel| counts[usize::from(pixel)] += 1);
    let mut darker = 0;
    let is_paper = |count: &usize| {
        darker += count;
        darker * 4 >= pixels.len() * 3
    };
    let paper = u8::try_from(counts.iter().position(is_paper).unwrap_or(255)).unwrap_or(u8::MAX);
    let mut out = vec![paper; (width + 2 * margin) * (height + 2 * margin)];
    for (y, row) in pixels.chunks_exact(width).enumerate() {
        let start = (y + margin) * (width + 2 * margin) + margin;
        out[start..start + width].copy_from_slice(row);
    }
    out
}

/// Gives a part of row `y` of a page in grey.
pub(super) fn read_row(page: &Raster, y: usize, columns: Range<usize>, out: &mut Vec<u8>) {
    let width = page.width as usize;
    out.clear();
    match &page.pixels {
        Pixels::Gray8(bytes) => out.extend_from_slice(&bytes[y * width..][columns]),
        Pixels::Rgb8(bytes) => out.extend(bytes.as_chunks().0[y * width..][columns].iter().map(luma)),
        Pixels::Bilevel(bytes) => {
            let row = &bytes[y * width.div_ceil(8)..];
            for byte in &row[columns.start / 8..columns.end.div_ceil(8)] {
                out.extend_from_slice(&EIGHTS[usize::from(*byte)]);
            }
            out.drain(..columns.start % 8);
            out.truncate(columns.len());
        }
    }
}

/// Eight pixels for each byte of bits.
static EIGHTS: [[u8; 8]; 256] = {
    let mut eights = [[0; 8]; 256];
    let mut at = 0;
    while at < 256 * 8 {
        eights[at / 8][at % 8] = if (at / 8) & (0x80 >> (at % 8)) == 0 { 0 } else { 0xff };
        at += 1;
    }
    eights
};
