use std::{
    collections::{BTreeMap, HashSet},
    ops::RangeInclusive,
};

use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource,
    common::{BitArray, GlobalHistogramBinarizer},
    oned::{MultiFormatOneDReader, OneDReader},
};

use super::{Found, cut::Cut};

/// Symbologies of bars, their names, and how sure each is. UPC-E is none of them: noise looks like it.
const FORMATS: [(BarcodeFormat, &str, Proof); 7] = [
    (BarcodeFormat::CODE_128, "code_128", Proof::Checksum),
    (BarcodeFormat::CODE_93, "code_93", Proof::Checksum),
    (BarcodeFormat::CODE_39, "code_39", Proof::Lines),
    (BarcodeFormat::EAN_13, "ean_13", Proof::Checksum),
    (BarcodeFormat::EAN_8, "ean_8", Proof::Checksum),
    (BarcodeFormat::UPC_A, "upc_a", Proof::Checksum),
    (BarcodeFormat::ITF, "itf", Proof::Lines),
];
/// Letters that a code says at least.
const LEAST_LETTERS: usize = 4;
/// Lines that agree span at least so much, in points.
const LEAST_SPAN_POINTS: usize = 3;

/// Pixels of a line for one of the page: the edge of a bar that falls between two pixels stays there.
const ZOOM: usize = 3;

/// Why a code is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// It has a checksum: three lines must agree.
    Checksum,
    /// It has none: twice as many must agree, and be most of those between the first and the last.
    Lines,
}

/// What a line says: symbology, value, first and last dark pixel.
type Line = (BarcodeFormat, String, [usize; 2]);

/// Lines on which a code was read, from top to bottom, and the places where they begin and end.
#[derive(Clone, Debug, Default)]
struct Votes {
    lines: Vec<usize>,
    ends: Vec<[usize; 2]>,
}

/// Reads codes whose bars are upright. A code may stand on its head.
pub(super) fn read_bars(cut: &Cut) -> Vec<Found> {
    // lines of a point: the mean of its rows has less noise
    let step = (cut.dpi / 72).max(1);
    let mut votes: BTreeMap<(&'static str, String), (Proof, Votes)> = BTreeMap::new();
    for (line, rows) in cut.pixels.chunks_exact(cut.width * step).enumerate() {
        let Some((format, value, ends)) = read_line(mean_row(rows, cut.width)) else { continue };
        let Some(&(_, name, proof)) = FORMATS.iter().find(|(known, ..)| *known == format) else { continue };
        let (_, votes) = votes.entry((name, value)).or_insert((proof, Votes::default()));
        votes.lines.push(line);
        votes.ends.push(ends.map(|end| end / ZOOM));
    }
    let least_span = (cut.dpi * LEAST_SPAN_POINTS / 72).div_ceil(step);
    let is_agreed = |(key, (proof, votes)): &(&(&str, String), &(Proof, Votes))| {
        key.1.chars().count() >= LEAST_LETTERS && votes.agree(*proof, least_span)
    };
    let agreed: Vec<_> = votes.iter().filter(is_agreed).collect();
    let is_outvoted = |own: &Votes| {
        let mut others = agreed.iter().map(|(_, (_, other))| other);
        others.any(|other| other.lines.len() > own.lines.len() && overlap(&other.span(), &own.span()))
    };
    let certain = agreed.iter().filter(|(_, (_, votes))| !is_outvoted(votes));
    certain
        .map(|((format, value), (_, votes))| Found { format, value: value.clone(), bounds: votes.bounds(step) })
        .collect()
}

fn overlap(a: &RangeInclusive<usize>, b: &RangeInclusive<usize>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

impl Votes {
    fn agree(&self, proof: Proof, least_span: usize) -> bool {
        let span = self.span();
        let length = span.end() - span.start() + 1;
        let (count, is_dense) = (self.lines.len(), self.lines.len() * 2 >= length);
        match proof {
            Proof::Checksum => count >= 3 && length >= least_span,
            Proof::Lines => count >= 6 && length >= 2 * least_span && is_dense,
        }
    }

    fn span(&self) -> RangeInclusive<usize> {
        self.lines.first().copied().unwrap_or(0)..=self.lines.last().copied().unwrap_or(0)
    }

    /// Gives the box: as far as lines were read, and as most of them reach. A level line crosses all bars of a code
    /// that leans only in its middle, so the box of such a code is higher.
    fn bounds(&self, step: usize) -> [u32; 4] {
        let middle = |side: usize| {
            let mut ends: Vec<usize> = self.ends.iter().map(|ends| ends[side]).collect();
            ends.sort_unstable();
            ends.get(ends.len() / 2).copied().unwrap_or(0)
        };
        let (span, left, right) = (self.span(), middle(0), middle(1) + 1);
        let beyond = self.lean(step, right.saturating_sub(left));
        let (top, bottom) = ((span.start() * step).saturating_sub(beyond), (span.end() + 1) * step + beyond);
        [left, top, right, bottom].map(|side| u32::try_from(side).unwrap_or(u32::MAX))
    }

    /// Gives by how many pixels one end of a code is lower than the other: as its bars lean, so it falls.
    fn lean(&self, step: usize, width: usize) -> usize {
        /// Less is where a bar happened to end.
        const LEAST_SHIFT: usize = 3;
        /// Of the width: no line crosses a code that falls more.
        const MOST: usize = 8;
        let (Some(first), Some(last)) = (self.ends.first(), self.ends.last()) else { return 0 };
        let shift = first[0].abs_diff(last[0]).min(first[1].abs_diff(last[1]));
        let rows = self.span().count().saturating_sub(1) * step;
        if shift < LEAST_SHIFT || rows == 0 { 0 } else { (shift * width / rows).min(width / MOST) }
    }
}

/// Averages rows of one line, and makes it [`ZOOM`] times as long.
fn mean_row(rows: &[u8], width: usize) -> Vec<u8> {
    let count = rows.len() / width;
    let mean = |x: usize| rows[x..].iter().step_by(width).map(|&pixel| usize::from(pixel)).sum::<usize>() / count;
    let means: Vec<usize> = (0..width).map(mean).collect();
    let between = |at: usize| {
        let (x, part) = (at / ZOOM, at % ZOOM);
        let next = means[(x + 1).min(width - 1)];
        u8::try_from((means[x] * (ZOOM - part) + next * part) / ZOOM).unwrap_or(u8::MAX)
    };
    (0..width * ZOOM).map(between).collect()
}

/// Reads a line from the left, and from the right when that says nothing.
fn read_line(row: Vec<u8>) -> Option<Line> {
    let length = row.len();
    let source = Luma8LuminanceSource::new(row, u32::try_from(length).ok()?, 1).ok()?;
    let bitmap = BinaryBitmap::new(GlobalHistogramBinarizer::new(source));
    let mut bits = bitmap.get_black_row(0).ok()?.into_owned();
    let ends = [bits.getNextSet(0), (0..length).rfind(|&at| bits.get(at))?];
    let (format, value) = read_bits(&bits).or_else(|| {
        bits.reverse();
        read_bits(&bits)
    })?;
    Some((format, value, ends))
}

fn read_bits(bits: &BitArray) -> Option<(BarcodeFormat, String)> {
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some(FORMATS.iter().map(|&(format, ..)| format).collect::<HashSet<_>>()),
        ..DecodeHints::default()
    };
    let found = MultiFormatOneDReader::new(&hints).decode_row(0, bits, &hints).ok()?;
    Some((*found.getBarcodeFormat(), found.getText().to_owned()))
}
