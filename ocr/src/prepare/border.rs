use super::gray::Gray;

/// Makes dark areas white that hang on the edge of the page: the gutter and the cut of a book, the table under it.
/// Gives `None` when there are none.
///
/// On for books only: elsewhere a frame or a photograph may run to the edge on purpose. Nothing of the size of a
/// letter goes, so words that are cut off by the edge stay.
///
/// `letter` is the height of a letter in pixels.
pub(crate) fn remove_border(page: &Gray, threshold: u8, letter: f64) -> Option<Gray> {
    let least = super::gray::round(letter * LETTERS_LARGE).max(1);
    let mut cleaned: Option<Gray> = None;
    let mut seen = vec![false; page.pixels.len()];
    for start in edge_pixels(page) {
        if seen[start] || page.pixels[start] >= threshold {
            continue;
        }
        let area = fill(page, threshold, start, &mut seen);
        if is_large(page, &area, least) {
            let out = cleaned.get_or_insert_with(|| page.clone());
            for at in area {
                out.pixels[at] = 0xff;
            }
        }
    }
    cleaned
}

/// A word whose letters touch is not higher than two letters, but may be long.
const LETTERS_LARGE: f64 = 3.0;

fn edge_pixels(page: &Gray) -> impl Iterator<Item = usize> {
    let (width, height) = (page.width, page.height);
    let rows = (0..width).flat_map(move |x| [x, (height - 1) * width + x]);
    rows.chain((0..height).flat_map(move |y| [y * width, y * width + width - 1]))
}

/// Collects what is dark and hangs together with `start`.
fn fill(page: &Gray, threshold: u8, start: usize, seen: &mut [bool]) -> Vec<usize> {
    let mut area = vec![start];
    seen[start] = true;
    let mut next = 0;
    while next < area.len() {
        let (x, y) = (area[next] % page.width, area[next] / page.width);
        next += 1;
        for (x, y) in [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)] {
            if x < page.width && y < page.height {
                let at = y * page.width + x;
                if !seen[at] && page.pixels[at] < threshold {
                    seen[at] = true;
                    area.push(at);
                }
            }
        }
    }
    area
}

/// Says whether an area is at least `least` pixels high and has as many pixels as a square of that side.
fn is_large(page: &Gray, area: &[usize], least: usize) -> bool {
    let top = area.iter().min().map_or(0, |at| at / page.width);
    let bottom = area.iter().max().map_or(0, |at| at / page.width);
    bottom - top >= least && area.len() >= least * least
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white page with dark boxes: left, top, right, bottom.
    fn page(boxes: &[[usize; 4]]) -> Gray {
        let mut page = Gray { width: 200, height: 100, pixels: vec![255; 200 * 100] };
        for &[left, top, right, bottom] in boxes {
            for y in top..bottom {
                page.pixels[y * 200 + left..y * 200 + right].fill(0);
            }
        }
        page
    }

    #[test]
    fn the_gutter_goes_and_print_stays() {
        let print = [[50, 40, 55, 50], [195, 40, 200, 50]];
        let dark = page(&[&print[..], &[[0, 0, 12, 100]]].concat());
        assert_eq!(remove_border(&dark, 128, 10.0), Some(page(&print)));
        assert_eq!(remove_border(&page(&print), 128, 10.0), None);
    }
}
