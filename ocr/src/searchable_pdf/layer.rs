use std::fmt::Write;

use hayro::kurbo::{Affine, Point, Rect};

use super::font;
use crate::{PageContent, Word};

/// Writes the words of a page as invisible text (rendering mode 3), line by line in reading order.
///
/// `area` is where the page image lies, in points, origin top left of the upright page, y downwards; `to_user_space`
/// leads from there to the page's coordinates.
pub(super) fn write_layer(page: &PageContent, area: Rect, to_user_space: Affine) -> Vec<u8> {
    let scale_x = area.width() / f64::from(page.width.max(1));
    let scale_y = area.height() / f64::from(page.height.max(1));
    let to_points = Affine::new([scale_x, 0.0, 0.0, scale_y, area.x0, area.y0]);
    let mut layer = String::from("BT\n3 Tr\n");
    for line in page.words.chunk_by(|a, b| a.line == b.line) {
        write_line(&mut layer, line, to_points, to_user_space);
    }
    layer.push_str("ET\n");
    layer.into_bytes()
}

fn write_line(layer: &mut String, line: &[Word], to_points: Affine, to_user_space: Affine) {
    let top = line.iter().map(|word| word.bounds[1]).min().unwrap_or(0);
    let bottom = line.iter().map(|word| word.bounds[3]).max().unwrap_or(0);
    let corner = |x: u32, y: u32| to_points * Point::new(f64::from(x), f64::from(y));
    let size = (corner(0, bottom).y - corner(0, top).y).max(1.0);
    let [a, b, c, d, _, _] = to_user_space.as_coeffs();
    // x goes right as on the upright page; y goes up, against the points'
    let direction = format!("{} {} {} {}", number(a), number(b), number(-c), number(-d));
    let _ = writeln!(layer, "/{} {} Tf", font::NAME, number(size));
    for (index, word) in line.iter().enumerate() {
        let [left, _, right, _] = word.bounds;
        let start = to_user_space * corner(left, bottom);
        let width = corner(right, bottom).x - corner(left, bottom).x;
        let mut codes: Vec<u16> = word.text.encode_utf16().collect();
        #[expect(clippy::cast_precision_loss, reason = "letters of one word")]
        let natural_width = codes.len() as f64 * font::GLYPH_WIDTH * size;
        if index + 1 < line.len() {
            codes.push(u16::from(b' '));
        }
        let stretch = 100.0 * width / natural_width.max(f64::MIN_POSITIVE);
        let _ = write!(layer, "{direction} {} {} Tm {} Tz <", number(start.x), number(start.y), number(stretch));
        for code in codes {
            let _ = write!(layer, "{code:04X}");
        }
        layer.push_str("> Tj\n");
    }
}

/// Writes a number as PDF has it: no exponent, no needless digits.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_covers_its_box() {
        let word = Word { text: "ab".into(), confidence: 1.0, bounds: [100, 200, 200, 250], ..Word::default() };
        let page = PageContent { width: 1000, height: 1000, dpi: 100, words: vec![word], ..PageContent::default() };
        // a page of 500 x 500 points whose coordinates have their origin at the bottom
        let layer =
            write_layer(&page, Rect::new(0.0, 0.0, 500.0, 500.0), Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, 500.0]));
        let text = String::from_utf8(layer).unwrap();
        // 25 points high, so two letters of half that are 25 wide; the box is 50 wide
        assert_eq!(text, "BT\n3 Tr\n/UntxtText 25 Tf\n1 0 0 1 50 375 Tm 200 Tz <00610062> Tj\nET\n");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, -0.0001, 1.5, 100.0, -2.25].map(number), ["0", "0", "1.5", "100", "-2.25"]);
    }
}
