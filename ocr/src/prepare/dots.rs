use super::{
    components::{Component, find_components},
    filters::smooth,
    gray::{Area, Gray, round},
    letters::Letters,
};

/// Joins the dots that letters are made of, where they are: a needle printer's, or a thermal printer's with a worn
/// head. Gives `None` where letters are whole.
///
/// On when detected: dots are measured as letters otherwise, and the page is scaled by their height. A real receipt of
/// dots is read with word F 85 instead of 17; pages of whole letters stay as they are, since smoothing costs small
/// print its holes.
pub(crate) fn join_dots(page: &Gray, threshold: u8, pieces: &[Component], letters: &Letters) -> Option<Gray> {
    let height = letters.height.unwrap_or(LOWEST);
    let small = pieces.iter().filter(|piece| is_piece(piece) && (piece.area.height() as f64) < height * SMALL).count();
    // the usual page is left at a glance
    if small * FEW < pieces.len() {
        return None;
    }
    let reach = round(height * REACH).max(1);
    let joined = find_components(&darken(page, reach), threshold);
    let in_dots = count_broken(&joined, pieces, reach, page.height);
    let all = pieces.iter().filter(|piece| is_piece(piece)).count();
    (in_dots >= ENOUGH && in_dots as f64 >= MOST * all as f64).then(|| smooth(page, reach as f64))
}

/// Height of the middle piece where all are too low to be measured as letters, in pixels.
const LOWEST: f64 = 6.0;
/// A piece that is lower than this part of the middle piece is smaller than a letter.
const SMALL: f64 = 0.85;
/// One in so many pieces is smaller than a letter on every page: dots of the i, commas.
const FEW: usize = 4;
/// How far dots of a letter are apart, as a part of the height of the middle piece.
const REACH: f64 = 0.125;
/// Fewer dots than these may be a picture.
const ENOUGH: usize = 150;
/// Part of all pieces that are dots of a letter: on pages of whole letters at most 0.1, on those of dots 0.35 and more.
const MOST: f64 = 0.25;

/// Says whether a piece is more than a speck.
const fn is_piece(piece: &Component) -> bool {
    piece.ink > 2
}

/// Counts the pieces of which three or more make one shape of a letter's form.
fn count_broken(joined: &[Component], pieces: &[Component], reach: usize, page_height: usize) -> usize {
    const LEAST_PIECES: usize = 3;
    let is_letter = |area: &Area| {
        let (width, height) =
            (area.width() - 2 * reach.min(area.width() / 2), area.height() - 2 * reach.min(area.height() / 2));
        height >= 10 * reach && height * 15 < page_height && 2 * width < 3 * height && height < 4 * width
    };
    let mut letters: Vec<Area> = joined.iter().map(|shape| shape.area).filter(is_letter).collect();
    letters.sort_unstable_by_key(|area| area.top);
    let tallest = letters.iter().map(Area::height).max().unwrap_or(0);
    let mut counts = vec![0; letters.len()];
    for piece in pieces.iter().filter(|piece| is_piece(piece)) {
        let (x, y) =
            (usize::midpoint(piece.area.left, piece.area.right), usize::midpoint(piece.area.top, piece.area.bottom));
        let first = letters.partition_point(|area| area.top + tallest < y);
        let around = letters[first..].iter().take_while(|area| area.top <= y).enumerate();
        for (at, _) in around.filter(|(_, area)| y < area.bottom && (area.left..area.right).contains(&x)) {
            counts[first + at] += 1;
        }
    }
    counts.into_iter().filter(|&count| count >= LEAST_PIECES).sum()
}

/// Replaces each pixel by the darkest within `reach` across and down.
fn darken(page: &Gray, reach: usize) -> Gray {
    let mut across = page.pixels.clone();
    for (row, out) in page.pixels.chunks_exact(page.width).zip(across.chunks_exact_mut(page.width)) {
        for shift in 1..=reach.min(page.width - 1) {
            out.iter_mut().zip(&row[shift..]).for_each(|(value, &other)| *value = (*value).min(other));
            out[shift..].iter_mut().zip(row).for_each(|(value, &other)| *value = (*value).min(other));
        }
    }
    let mut pixels = across.clone();
    for shift in (1..=reach.min(page.height - 1)).map(|rows| rows * page.width) {
        pixels.iter_mut().zip(&across[shift..]).for_each(|(value, &other)| *value = (*value).min(other));
        pixels[shift..].iter_mut().zip(&across).for_each(|(value, &other)| *value = (*value).min(other));
    }
    Gray { pixels, ..*page }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::letters::measure_letters;

    /// Lines of letters of 5 x 7 dots, three pixels apart, `dot` pixels wide.
    fn page(dot: usize) -> Gray {
        let mut page = Gray { width: 800, height: 600, pixels: vec![255; 800 * 600] };
        for (line, letter) in (0..12).flat_map(|line| (0..30).map(move |letter| (line, letter))) {
            for (row, column) in (0..7).flat_map(|row| (0..5).map(move |column| (row, column))) {
                // an H
                if column == 0 || column == 4 || row == 3 {
                    let (x, y) = (20 + letter * 25 + column * 3, 20 + line * 45 + row * 3);
                    (y..y + dot).for_each(|y| page.pixels[y * 800 + x..y * 800 + x + dot].fill(0));
                }
            }
        }
        page
    }

    fn join(page: &Gray) -> Option<Gray> {
        let pieces = find_components(page, 128);
        join_dots(page, 128, &pieces, &measure_letters(&pieces, page.height))
    }

    #[test]
    fn dots_become_letters() {
        let joined = join(&page(2)).unwrap();
        assert_eq!(find_components(&joined, 200).len(), 360);
    }

    #[test]
    fn whole_letters_stay() {
        assert_eq!(join(&page(3)), None);
    }
}
