use std::borrow::Cow;

use untxt_page::Bounds;

use super::cut::read_row;
use crate::Raster;

/// Sides of a cell in points: the smallest for small codes; in cells of the largest a large code is evenly dark, too.
const CELL_POINTS: usize = 3;
const SCALES: usize = 3;
/// Side in cells of the smallest area: 15 points, 5 mm.
const WINDOW: usize = 5;
/// Cells of it that are busy, of 25.
const LEAST_BUSY: usize = 20;
/// White cells of the smallest size that a code may have between its bars, by the size of the cells it was found with.
const GAPS: [usize; SCALES] = [2, 3, 6];
/// Grey levels between dark and light.
const LEAST_CONTRAST: u8 = 60;
/// Share of dark in a cell, in hundredths: a code has some 50, a line of text 25, the lines of a text with the white
/// between them 12.
const DARK_SHARE: std::ops::RangeInclusive<u32> = 20..=85;
/// Rows of a cell that are looked at.
const SAMPLES: usize = 6;

/// What a cell looks like: grey levels.
#[derive(Clone, Copy, Debug)]
struct Tone {
    mean: u8,
    darkest: u8,
    lightest: u8,
}

/// A page as cells, row by row.
#[derive(Clone)]
struct Cells {
    columns: usize,
    rows: usize,
    tones: Vec<Tone>,
}

/// Finds areas that are evenly half dark, as codes are and text is not, in boxes of pixels: those of small codes first,
/// then what looks so from further away.
pub(super) fn dense_areas(page: &Raster) -> Vec<Bounds> {
    let fine = Cells::of(page);
    let mut cells = Cow::Borrowed(&fine);
    let mut areas: Vec<Bounds> = Vec::new();
    for (scale, gap) in GAPS.into_iter().enumerate() {
        if cells.columns < WINDOW || cells.rows < WINDOW {
            break;
        }
        let grown = cells.find_even().into_iter().map(|area| fine.grow(area.map(|side| side << scale), gap));
        let mut found: Vec<[usize; 4]> = grown.collect();
        join_overlapping(&mut found);
        for area in found {
            let area = fine.to_pixels(area, page);
            if !areas.contains(&area) {
                areas.push(area);
            }
        }
        cells = Cow::Owned(cells.halved());
    }
    areas
}

/// First pixel of cell `index` of `count`.
const fn edge(index: usize, count: usize, pixels: usize) -> usize {
    index * pixels / count
}

impl Cells {
    fn of(page: &Raster) -> Self {
        let (width, height, dpi) = (page.width as usize, page.height as usize, page.dpi as usize);
        // no fewer than three pixels a cell
        let count = |pixels: usize| (pixels * 72 / (dpi * CELL_POINTS)).min(pixels / 3).max(1);
        let (columns, rows) = (count(width), count(height));
        let mut tones = Vec::with_capacity(columns * rows);
        let mut pixels = Vec::with_capacity(width);
        for row in 0..rows {
            let mut sums = vec![(0_u32, 0_u32, u8::MAX, 0_u8); columns];
            let (top, bottom) = (edge(row, rows, height), edge(row + 1, rows, height));
            for y in (top..bottom).step_by((bottom - top).div_ceil(SAMPLES).max(1)) {
                read_row(page, y, 0..width, &mut pixels);
                for (column, (sum, count, darkest, lightest)) in sums.iter_mut().enumerate() {
                    let cell = &pixels[edge(column, columns, width)..edge(column + 1, columns, width)];
                    for &pixel in cell {
                        *sum += u32::from(pixel);
                        *darkest = pixel.min(*darkest);
                        *lightest = pixel.max(*lightest);
                    }
                    *count += u32::try_from(cell.len()).unwrap_or(u32::MAX);
                }
            }
            tones.extend(sums.into_iter().map(|(sum, count, darkest, lightest)| Tone {
                mean: u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX),
                darkest,
                lightest,
            }));
        }
        Self { columns, rows, tones }
    }

    /// Makes one cell of four.
    fn halved(&self) -> Self {
        let (columns, rows) = (self.columns / 2, self.rows / 2);
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let tones = places.map(|(row, column)| {
            let at = 2 * row * self.columns + 2 * column;
            let four = [at, at + 1, at + self.columns, at + self.columns + 1].map(|at| self.tones[at]);
            let sum: u32 = four.iter().map(|tone| u32::from(tone.mean)).sum();
            Tone {
                mean: u8::try_from(sum / 4).unwrap_or(u8::MAX),
                darkest: four.iter().map(|tone| tone.darkest).min().unwrap_or(u8::MAX),
                lightest: four.iter().map(|tone| tone.lightest).max().unwrap_or(0),
            }
        });
        Self { columns, rows, tones: tones.collect() }
    }

    /// Finds what windows of busy cells cover; boxes in cells.
    fn find_even(&self) -> Vec<[usize; 4]> {
        let busy: Vec<bool> = self.tones.iter().map(|tone| tone.is_busy()).collect();
        let windows = self.count_around(&busy, 0);
        let is_core: Vec<bool> = windows.iter().map(|&count| count >= LEAST_BUSY).collect();
        let mut covered: Vec<bool> =
            self.count_around(&is_core, WINDOW - 1).into_iter().map(|count| count > 0).collect();
        let mut found = Vec::new();
        for start in 0..covered.len() {
            if covered[start] {
                found.push(self.take_component(&mut covered, start));
            }
        }
        found
    }

    /// Counts the cells in the window that begins `before` cells before each cell.
    fn count_around(&self, cells: &[bool], before: usize) -> Vec<usize> {
        let stride = self.columns + 1;
        let mut sums = vec![0_usize; stride * (self.rows + 1)];
        for row in 0..self.rows {
            let mut line = 0;
            for column in 0..self.columns {
                line += usize::from(cells[row * self.columns + column]);
                sums[(row + 1) * stride + column + 1] = sums[row * stride + column + 1] + line;
            }
        }
        let span = |at: usize, limit: usize| (at.saturating_sub(before), (at + WINDOW - before).min(limit));
        let places = (0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (row, column)));
        places
            .map(|(row, column)| {
                let ((top, bottom), (left, right)) = (span(row, self.rows), span(column, self.columns));
                let corner = |y: usize, x: usize| sums[y * stride + x];
                corner(bottom, right) + corner(top, left) - corner(top, right) - corner(bottom, left)
            })
            .collect()
    }

    /// Clears the cells that hang together with `start` and gives their box.
    fn take_component(&self, cells: &mut [bool], start: usize) -> [usize; 4] {
        let mut area = [self.columns, self.rows, 0, 0];
        let mut open = vec![start];
        cells[start] = false;
        while let Some(at) = open.pop() {
            let (x, y) = (at % self.columns, at / self.columns);
            area = [area[0].min(x), area[1].min(y), area[2].max(x + 1), area[3].max(y + 1)];
            let neighbours = [
                (x > 0).then(|| at - 1),
                (x + 1 < self.columns).then_some(at + 1),
                (y > 0).then(|| at - self.columns),
                (y + 1 < self.rows).then_some(at + self.columns),
            ];
            open.extend(neighbours.into_iter().flatten().filter(|&next| std::mem::take(&mut cells[next])));
        }
        area
    }

    /// Moves each side of a box outwards as long as half of the cells beyond it are not plain; `gap` rows or columns
    /// of plain ones are stepped over.
    fn grow(&self, [left, top, right, bottom]: [usize; 4], gap: usize) -> [usize; 4] {
        let mut area = [left, top, right.min(self.columns), bottom.min(self.rows)];
        let is_column = |column: usize, area: [usize; 4]| {
            (area[1]..area[3]).filter(|row| !self.is_plain(column, *row)).count() * 2 >= area[3] - area[1]
        };
        let is_row = |row: usize, area: [usize; 4]| {
            (area[0]..area[2]).filter(|column| !self.is_plain(*column, row)).count() * 2 >= area[2] - area[0]
        };
        loop {
            let before = area;
            let near = |side: usize| (side.saturating_sub(gap + 1)..side).rev();
            let far = |side: usize, limit: usize| side..(side + gap + 1).min(limit);
            area[0] = near(area[0]).find(|column| is_column(*column, area)).unwrap_or(area[0]);
            area[1] = near(area[1]).find(|row| is_row(*row, area)).unwrap_or(area[1]);
            area[2] = far(area[2], self.columns).find(|column| is_column(*column, area)).map_or(area[2], |at| at + 1);
            area[3] = far(area[3], self.rows).find(|row| is_row(*row, area)).map_or(area[3], |at| at + 1);
            if area == before {
                return area;
            }
        }
    }

    fn is_plain(&self, column: usize, row: usize) -> bool {
        let tone = self.tones[row * self.columns + column];
        tone.lightest - tone.darkest < LEAST_CONTRAST
    }

    fn to_pixels(&self, [left, top, right, bottom]: [usize; 4], page: &Raster) -> Bounds {
        let pixel = |cell: usize, count: usize, pixels: u32| {
            u32::try_from(edge(cell, count, pixels as usize)).unwrap_or(u32::MAX).min(pixels)
        };
        let x = |cell| pixel(cell, self.columns, page.width);
        let y = |cell| pixel(cell, self.rows, page.height);
        [x(left), y(top), x(right), y(bottom)]
    }
}

impl Tone {
    fn is_busy(self) -> bool {
        let contrast = self.lightest.saturating_sub(self.darkest);
        let dark = u32::from(self.lightest - self.mean.min(self.lightest)) * 100;
        contrast >= LEAST_CONTRAST && DARK_SHARE.contains(&(dark / u32::from(contrast)))
    }
}

/// Makes one box of those that overlap.
fn join_overlapping(areas: &mut Vec<[usize; 4]>) {
    let overlap = |a: [usize; 4], b: [usize; 4]| a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
    let mut joined: Vec<[usize; 4]> = Vec::new();
    for &area in areas.iter() {
        let mut area = area;
        while let Some(at) = joined.iter().position(|&other| overlap(area, other)) {
            let other = joined.swap_remove(at);
            area = [area[0].min(other[0]), area[1].min(other[1]), area[2].max(other[2]), area[3].max(other[3])];
        }
        joined.push(area);
    }
    *areas = joined;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_evenly_dark_and_lines_of_text_are_not() {
        let gray = (0..240_000).map(|at| {
            let (x, y) = (at % 600, at / 600);
            let is_bar = (300..500).contains(&x) && (100..200).contains(&y) && x % 6 < 3;
            // letters of 10 pixels every 24, as 5 points every 12
            let is_letter = x < 250 && y % 24 < 10 && x % 6 < 2;
            if is_bar || is_letter { 0 } else { 255 }
        });
        let page = Raster::from_bytes((600, 400), 1, gray.collect()).unwrap();
        let areas = dense_areas(&page.with_dpi(Some(150.0)));
        // near by and from further away
        assert!((1..=SCALES).contains(&areas.len()), "{areas:?}");
        for (area, off) in areas.iter().zip([12, 25, 50]) {
            let is_near = area.iter().zip([300_u32, 100, 500, 200]).all(|(side, bar)| side.abs_diff(bar) <= off);
            assert!(is_near, "{areas:?}");
        }
    }
}
