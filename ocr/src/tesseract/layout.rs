use std::ffi::c_int;

use super::{
    api::Api,
    walk::{Level, TopEdge, Walk},
};

/// A run of text that is read at once: a line, or a part of one that stands apart.
#[derive(Debug)]
pub(super) struct Region {
    /// What to cut out of the page: left, top, right, bottom in pixels.
    pub(super) cut: [c_int; 4],
    /// How its text stands.
    pub(super) up: TopEdge,
    /// Box of the ink.
    pub(super) ink: [c_int; 4],
    /// Boxes of the pieces of ink, a letter or less each.
    pub(super) blobs: Vec<[c_int; 4]>,
    /// Line of the page, from 0.
    pub(super) line: u32,
    /// Paragraph of the page, from 0.
    pub(super) block: u32,
}

/// Around a line this many pixels are cut out, too (`kImagePadding` of Tesseract).
const PADDING: c_int = 4;

/// Finds the lines of the page that `api` holds.
pub(super) fn find_lines(api: &mut Api, width: u32, height: u32) -> Vec<Region> {
    let [width, height] = [width, height].map(|side| c_int::try_from(side).unwrap_or(c_int::MAX));
    let Some(mut layout) = api.analyse() else { return Vec::new() };
    let mut regions = Vec::new();
    let (mut lines, mut blocks) = (0_u32, 0_u32);
    loop {
        let ink = if layout.is_text() { layout.bounds(Level::Word) } else { None };
        let Some(ink) = ink else {
            if layout.advance(Level::Word) {
                continue;
            }
            break;
        };
        blocks += u32::from(layout.begins(Level::Paragraph));
        lines += u32::from(layout.begins(Level::Line));
        let mut region = Region {
            cut: cut_of(&layout, ink, width, height),
            up: layout.up(),
            ink,
            blobs: Vec::new(),
            line: lines.saturating_sub(1),
            block: blocks.saturating_sub(1),
        };
        let has_next = take_blobs(&mut layout, &mut region.blobs);
        regions.push(region);
        if !has_next {
            break;
        }
    }
    regions
}

/// The box to cut: as high as letters of the line may be, even if this one has none so high or low
/// (`LSTMRecognizeWord` of Tesseract's linerec.cpp).
fn cut_of(layout: &Walk, [left, top, right, bottom]: [c_int; 4], width: c_int, height: c_int) -> [c_int; 4] {
    let ((x, y), (above, below)) = (layout.baseline(), layout.reach());
    #[expect(clippy::cast_possible_truncation, reason = "`as` stays within the range of an i32")]
    let pixel = |place: f32| place.ceil() as c_int;
    let [left, top, right, bottom] = match layout.up() {
        TopEdge::Up => [left, top.min(pixel(y - above)), right, bottom.max(pixel(y + below))],
        TopEdge::Down => [left, top.min(pixel(y - below)), right, bottom.max(pixel(y + above))],
        TopEdge::Left => [left.min(pixel(x - above)), top, right.max(pixel(x + below)), bottom],
        TopEdge::Right => [left.min(pixel(x - below)), top, right.max(pixel(x + above)), bottom],
    };
    [
        left.saturating_sub(PADDING).max(0),
        top.saturating_sub(PADDING).max(0),
        right.saturating_add(PADDING).min(width),
        bottom.saturating_add(PADDING).min(height),
    ]
}

impl Region {
    /// Height of the line that was cut out, in pixels of the page.
    pub(super) fn height(&self) -> c_int {
        let [left, top, right, bottom] = self.cut;
        if matches!(self.up, TopEdge::Up | TopEdge::Down) { bottom - top } else { right - left }
    }

    /// Where a box begins and ends along the line, in pixels from the beginning of the cut.
    pub(super) fn along(&self, [left, top, right, bottom]: [c_int; 4]) -> (c_int, c_int) {
        match self.up {
            TopEdge::Up => (left - self.cut[0], right - self.cut[0]),
            TopEdge::Down => (self.cut[2] - right, self.cut[2] - left),
            TopEdge::Left => (self.cut[3] - bottom, self.cut[3] - top),
            TopEdge::Right => (top - self.cut[1], bottom - self.cut[1]),
        }
    }

    /// The part of the ink box between two places along the line.
    pub(super) fn part(&self, start: c_int, end: c_int) -> [c_int; 4] {
        let [left, top, right, bottom] = self.ink;
        let part = match self.up {
            TopEdge::Up => [self.cut[0] + start, top, self.cut[0] + end, bottom],
            TopEdge::Down => [self.cut[2] - end, top, self.cut[2] - start, bottom],
            TopEdge::Left => [left, self.cut[3] - end, right, self.cut[3] - start],
            TopEdge::Right => [left, self.cut[1] + start, right, self.cut[1] + end],
        };
        let [across, down] = [(self.cut[0], self.cut[2]), (self.cut[1], self.cut[3])];
        [
            part[0].clamp(across.0, across.1),
            part[1].clamp(down.0, down.1),
            part[2].clamp(across.0, across.1),
            part[3].clamp(down.0, down.1),
        ]
    }
}

/// Walks over the pieces of ink of a word; false at the end of the page.
fn take_blobs(layout: &mut Walk, blobs: &mut Vec<[c_int; 4]>) -> bool {
    loop {
        blobs.extend(layout.bounds(Level::Symbol));
        if !layout.advance(Level::Symbol) {
            return false;
        }
        if layout.begins(Level::Word) {
            return true;
        }
    }
}
