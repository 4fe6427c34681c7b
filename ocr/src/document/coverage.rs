use hayro::kurbo::{Point, Rect};

/// Squares that a page is divided into along each side: one holds a word or two of usual print.
const CELLS: u32 = 24;

/// Gives the part of a page's pictures over which letters lie, 0.0 to 1.0, in squares of the page; 1.0 where pictures
/// are too small to tell. Lengths are in points.
pub(super) fn covered_part(page: Rect, pictures: &[Rect], letters: impl Iterator<Item = Rect>) -> f64 {
    let (width, height) = (page.width() / f64::from(CELLS), page.height() / f64::from(CELLS));
    let mut covered = vec![false; (CELLS * CELLS) as usize];
    for ink in letters {
        let columns = cells(ink.x0 - page.x0, ink.x1 - page.x0, width);
        for row in cells(ink.y0 - page.y0, ink.y1 - page.y0, height) {
            for column in columns.clone() {
                covered[(row * CELLS + column) as usize] = true;
            }
        }
    }
    let middle = |row: u32, column: u32| {
        Point::new(page.x0 + (f64::from(column) + 0.5) * width, page.y0 + (f64::from(row) + 0.5) * height)
    };
    let all = (0..CELLS).flat_map(|row| (0..CELLS).map(move |column| (row, column)));
    let pictured = all.filter(|&(row, column)| pictures.iter().any(|area| area.contains(middle(row, column))));
    let (mut count, mut hits) = (0_u32, 0_u32);
    for (row, column) in pictured {
        count += 1;
        hits += u32::from(covered[(row * CELLS + column) as usize]);
    }
    if count == 0 { 1.0 } else { f64::from(hits) / f64::from(count) }
}

/// Gives the squares that a stretch touches.
fn cells(from: f64, to: f64, side: f64) -> std::ops::Range<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the squares of a page")]
    let cell = |at: f64| at.clamp(0.0, f64::from(CELLS)) as u32;
    cell((from / side).floor())..cell((to / side).ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Rect = Rect::new(0.0, 0.0, 612.0, 792.0);

    /// Letters of lines of ten points over a part of the page's width.
    fn lines(count: u32, part: f64) -> impl Iterator<Item = Rect> {
        let line = move |at: u32| {
            let top = 740.0 - 14.0 * f64::from(at);
            (0..80)
                .map(move |letter| 50.0 + 512.0 * part * f64::from(letter) / 80.0)
                .map(move |x| Rect::new(x, top, x + 5.0, top + 8.0))
        };
        (0..count).flat_map(line)
    }

    #[test]
    fn a_footer_covers_little_and_a_text_much() {
        assert!(covered_part(PAGE, &[PAGE], lines(1, 0.3)) < 0.03);
        assert!(covered_part(PAGE, &[PAGE], lines(3, 1.0)) < 0.12);
        assert!(covered_part(PAGE, &[PAGE], lines(12, 1.0)) > 0.15);
        assert!(covered_part(PAGE, &[PAGE], lines(45, 1.0)) > 0.6);
    }

    #[test]
    fn only_pictures_count() {
        let lower = Rect::new(0.0, 690.0, 612.0, 792.0);
        assert!(covered_part(PAGE, &[lower], lines(4, 1.0)) > 0.5);
        let dot = Rect::new(1.0, 1.0, 3.0, 3.0);
        assert!((covered_part(PAGE, &[dot], lines(0, 1.0)) - 1.0).abs() < 1e-9);
    }
}
