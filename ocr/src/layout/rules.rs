use untxt_page::layout::Rule;

use super::trace::{Run, Stroke, Tracer};
use crate::{Pixels, Raster};

/// Shortest unbroken piece of a line, in inches; a dash is shorter.
const MIN_PIECE: f64 = 0.12;
/// Shortest line, in inches; a stroke of a large letter is shorter.
const MIN_HORIZONTAL: f64 = 0.3;
/// Shortest upright line, in inches: less than a row of a table is high.
const MIN_VERTICAL: f64 = 0.16;
/// Thickest line, in inches; what is thicker is an area.
const MAX_THICKNESS: f64 = 0.04;
/// Rows between two that are looked at, in inches; a line is thicker.
const STEP: f64 = 0.004;
/// More lines than a page has: the noise of a bad scan.
const MAX_RULES: usize = 4000;

/// Finds the lines that are drawn on a page, level or upright within three degrees, also where the scan has broken
/// them.
pub(crate) fn find_rules(page: &Raster) -> Vec<Rule> {
    let dots = |inches: f64| inches * f64::from(page.dpi.clamp(50, 1200));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few pixels")]
    let [step, piece] = [STEP, MIN_PIECE].map(|inches| dots(inches).max(1.0) as usize);
    let ink = Ink::of(page);
    let mut level = Tracer::new(step, dots(0.05));
    let mut upright = Tracer::new(step, dots(0.05));
    let mut columns = vec![0; ink.width.div_ceil(step)];
    for y in 0..ink.height {
        let row = ink.row(y);
        if y % step == 0 {
            each_run(&row, piece, |start, end| level.add(Run { at: y, start, end }));
        }
        for (column, length) in columns.iter_mut().enumerate() {
            *length =
                if row[column * step] { *length + 1 } else { end_run(&mut upright, column * step, y, *length, piece) };
        }
    }
    for (column, length) in columns.iter().enumerate() {
        end_run(&mut upright, column * step, ink.height, *length, piece);
    }
    let is_line = |stroke: &Stroke, length: f64| stroke.length() >= length && stroke.thickness() <= dots(MAX_THICKNESS);
    let to_u32 = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let level = level.finish().into_iter().filter(|stroke| is_line(stroke, dots(MIN_HORIZONTAL)));
    let upright = upright.finish().into_iter().filter(|stroke| is_line(stroke, dots(MIN_VERTICAL)));
    let level = level.map(|stroke| stroke.ends()).map(|[(x, y), (to_x, to_y)]| [x, y, to_x, to_y]);
    let upright = upright.map(|stroke| stroke.ends()).map(|[(y, x), (to_y, to_x)]| [x, y, to_x, to_y]);
    let ends = level.chain(upright).take(MAX_RULES).map(|ends| ends.map(to_u32));
    ends.map(|[x, y, to_x, to_y]| Rule { from: [x, y], to: [to_x, to_y] }).collect()
}

/// Takes note of a run of a column that ends above `y`; gives the length of the next.
fn end_run(tracer: &mut Tracer, x: usize, y: usize, length: usize, piece: usize) -> usize {
    if length >= piece {
        tracer.add(Run { at: x, start: y - length, end: y });
    }
    0
}

/// Calls back for each run of dark pixels of a row that is long enough: its start and its end.
fn each_run(row: &[bool], shortest: usize, mut found: impl FnMut(usize, usize)) {
    let mut start = 0;
    for run in row.chunk_by(|a, b| a == b) {
        if run[0] && run.len() >= shortest {
            found(start, start + run.len());
        }
        start += run.len();
    }
}

/// Which pixels are dark.
struct Ink<'a> {
    width: usize,
    height: usize,
    page: &'a Raster,
    gray: std::borrow::Cow<'a, [u8]>,
    /// What is darker is ink, per square of [`TILE`] pixels.
    limits: Vec<u8>,
}

/// Side of a square whose paper has one brightness, in pixels.
const TILE: usize = 64;

impl<'a> Ink<'a> {
    fn of(page: &'a Raster) -> Self {
        let (width, height) = (page.width as usize, page.height as usize);
        if matches!(page.pixels, Pixels::Bilevel(_)) {
            return Self { width, height, page, gray: (&[][..]).into(), limits: Vec::new() };
        }
        let gray = page.to_gray();
        let limits = (0..height.div_ceil(TILE)).flat_map(|y| (0..width.div_ceil(TILE)).map(move |x| (x, y)));
        let limits = limits.map(|(x, y)| ink_limit(&gray, width, (x * TILE, y * TILE))).collect();
        Self { width, height, page, gray, limits }
    }

    fn row(&self, y: usize) -> Vec<bool> {
        if let Pixels::Bilevel(bytes) = &self.page.pixels {
            let start = y * self.width.div_ceil(8);
            let bits = bytes[start..start + self.width.div_ceil(8)]
                .iter()
                .flat_map(|byte| (0..8).map(move |bit| byte << bit & 0x80 == 0));
            return bits.take(self.width).collect();
        }
        let limits = &self.limits[y / TILE * self.width.div_ceil(TILE)..];
        let row = &self.gray[y * self.width..(y + 1) * self.width];
        row.iter().enumerate().map(|(x, value)| *value < limits[x / TILE]).collect()
    }
}

/// Finds what is ink in a square: a fifth darker than its paper, which is what most of its brightest pixels show.
fn ink_limit(gray: &[u8], width: usize, (left, top): (usize, usize)) -> u8 {
    let mut counts = [0_u32; 256];
    let right = (left + TILE).min(width);
    for row in gray.chunks_exact(width).skip(top).take(TILE) {
        row[left..right].iter().for_each(|value| counts[usize::from(*value)] += 1);
    }
    let total: u32 = counts.iter().sum();
    let mut above = 0;
    let paper = (0..=u8::MAX).rev().find(|value| {
        above += counts[usize::from(*value)];
        above * 4 > total
    });
    let paper = paper.unwrap_or(u8::MAX);
    paper - paper / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws a page of 150 dpi with dark where `is_dark` says so.
    fn page(is_dark: impl Fn(u32, u32) -> bool) -> Raster {
        let pixels = (0..400).flat_map(|y| (0..600).map(move |x| (x, y)));
        // paper that gets darker to the right, and ink that is never black
        let bytes = pixels.map(|(x, y)| if is_dark(x, y) { 90 } else { u8::try_from(250 - x / 6).unwrap() }).collect();
        Raster::from_bytes((600, 400), 1, bytes).unwrap().with_dpi(Some(150.0))
    }

    #[test]
    fn lines_are_found_and_areas_and_letters_are_not() {
        let is_line = |x: u32, y: u32| y / 2 == 50 && (50..500).contains(&x) || x / 2 == 150 && (100..300).contains(&y);
        // a block, and a row of strokes
        let is_other =
            |x: u32, y: u32| (320..500).contains(&x) && (150..200).contains(&y) || y > 350 && y < 365 && x % 6 < 3;
        let rules = find_rules(&page(|x, y| is_line(x, y) || is_other(x, y)));
        assert_eq!(rules.len(), 2, "{rules:?}");
        let near = |a: [u32; 2], b: [u32; 2]| a[0].abs_diff(b[0]) <= 3 && a[1].abs_diff(b[1]) <= 3;
        assert!(near(rules[0].from, [50, 100]) && near(rules[0].to, [500, 100]), "{rules:?}");
        assert!(near(rules[1].from, [300, 100]) && near(rules[1].to, [300, 300]), "{rules:?}");
    }

    #[test]
    fn a_slanted_and_broken_line_is_one() {
        // two degrees, and a gap of four pixels
        let rules = find_rules(&page(|x, y| y.abs_diff(100 + x * 35 / 1000) < 2 && x > 40 && x < 560 && x / 4 != 75));
        assert_eq!(rules.len(), 1, "{rules:?}");
        assert!(rules[0].from[0] < 45 && rules[0].to[0] > 555 && rules[0].to[1].abs_diff(119) <= 3, "{rules:?}");
    }

    #[test]
    fn black_and_white_is_read_from_its_bits() {
        let mut bilevel = page(|x, y| y == 200 && x > 100 && x < 400);
        bilevel = Raster::from_bytes(
            (600, 400),
            1,
            bilevel.to_gray().iter().map(|v| if *v == 90 { 0 } else { 255 }).collect(),
        )
        .unwrap()
        .with_dpi(Some(150.0));
        assert!(matches!(bilevel.pixels, Pixels::Bilevel(_)));
        assert_eq!(find_rules(&bilevel), [Rule { from: [101, 200], to: [400, 200] }]);
    }
}
