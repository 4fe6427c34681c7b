use super::gray::Gray;

/// Makes ruling lines white: dark stretches, across or down, much longer than a letter and thin. Gives how many
/// pixels were whitened.
///
/// Letters that touch a line lose no more than the line's own thickness. On by default before a second reading
/// only: boxes and underlines make the layout analysis drop whole cells (forms: word F 70 with the lines, 77
/// without), while prose has none.
///
/// `letter` is the height of a letter in pixels.
pub(crate) fn remove_rules(page: &Gray, threshold: u8, letter: f64) -> (Gray, usize) {
    let length = super::gray::round(letter * LETTERS_LONG).max(MIN_LENGTH);
    let mut rules = vec![false; page.pixels.len()];
    let (width, height) = (page.width, page.height);
    for y in 0..height {
        mark(&mut rules, page, threshold, length, (0..width).map(|x| y * width + x));
    }
    for x in 0..width {
        mark(&mut rules, page, threshold, length, (0..height).map(|y| y * width + x));
    }
    whiten(page, &rules, threshold)
}

/// The longest stroke of a letter is shorter, also in a word whose letters touch.
const LETTERS_LONG: f64 = 5.0;
const MIN_LENGTH: usize = 20;

fn mark(rules: &mut [bool], page: &Gray, threshold: u8, length: usize, line: impl Iterator<Item = usize>) {
    let mut stretch: Vec<usize> = Vec::new();
    for at in line {
        if page.pixels[at] < threshold {
            stretch.push(at);
            continue;
        }
        end_stretch(rules, &mut stretch, length);
    }
    end_stretch(rules, &mut stretch, length);
}

fn end_stretch(rules: &mut [bool], stretch: &mut Vec<usize>, length: usize) {
    if stretch.len() >= length {
        for &at in stretch.iter() {
            rules[at] = true;
        }
    }
    stretch.clear();
}

/// Whitens the marked pixels and the soft edge beside them.
fn whiten(page: &Gray, rules: &[bool], threshold: u8) -> (Gray, usize) {
    let mut out = page.clone();
    let mut whitened = 0;
    for (at, _) in rules.iter().enumerate().filter(|(_, is_rule)| **is_rule) {
        whitened += 1;
        let (x, y) = (at % page.width, at / page.width);
        out.pixels[at] = 0xff;
        for (nx, ny) in [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)] {
            if nx < page.width && ny < page.height && page.pixels[ny * page.width + nx] >= threshold / 2 {
                out.pixels[ny * page.width + nx] = 0xff;
            }
        }
    }
    (out, whitened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_and_a_letter_stays() {
        let mut page = Gray { width: 200, height: 60, pixels: vec![255; 200 * 60] };
        for x in 10..190 {
            page.pixels[40 * 200 + x] = 0;
        }
        for y in 20..32 {
            page.pixels[y * 200 + 50] = 0;
        }
        let (clean, whitened) = remove_rules(&page, 128, 12.0);
        assert_eq!(whitened, 180);
        assert!(clean.row(40).iter().all(|&v| v == 255));
        assert_eq!(clean.row(25)[50], 0);
    }
}
