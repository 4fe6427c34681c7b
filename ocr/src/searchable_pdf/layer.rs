use std::{collections::BTreeSet, fmt::Write};

use hayro::kurbo::{Affine, Point, Rect};

use super::font::{self, Shape};
use crate::{PageContent, Word};

/// Writes the words of a page as invisible text (rendering mode 3), line by line in reading order; `shapes` takes the
/// fonts that it needs.
///
/// `area` is where the page image lies before it was turned, in points, origin top left, y downwards;
/// `to_user_space` leads from there to the page's coordinates.
pub(super) fn write_layer(
    page: &PageContent,
    area: Rect,
    to_user_space: Affine,
    shapes: &mut BTreeSet<Shape>,
) -> Vec<u8> {
    let (width, height) = if page.rotation_applied.is_multiple_of(180) {
        (area.width(), area.height())
    } else {
        (area.height(), area.width())
    };
    let to_points =
        Affine::scale_non_uniform(width / f64::from(page.width.max(1)), height / f64::from(page.height.max(1)));
    let to_user_space =
        to_user_space * Affine::translate((area.x0, area.y0)) * undo_turn(page.rotation_applied, (width, height));
    let mut layer = String::from("BT\n3 Tr\n");
    for line in page.words.chunk_by(|a, b| a.line == b.line) {
        write_line(&mut layer, line, to_points, to_user_space, shapes);
    }
    layer.push_str("ET\n");
    layer.into_bytes()
}

/// Leads from the page image, turned clockwise to a size of `width` x `height` points, back to where it came from.
const fn undo_turn(clockwise: u32, (width, height): (f64, f64)) -> Affine {
    Affine::new(match clockwise {
        90 => [0.0, -1.0, 1.0, 0.0, 0.0, width],
        180 => [-1.0, 0.0, 0.0, -1.0, width, height],
        270 => [0.0, 1.0, -1.0, 0.0, height, 0.0],
        _ => [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
    })
}

fn write_line(
    layer: &mut String,
    line: &[Word],
    to_points: Affine,
    to_user_space: Affine,
    shapes: &mut BTreeSet<Shape>,
) {
    let top = line.iter().map(|word| word.bounds[1]).min().unwrap_or(0);
    let bottom = line.iter().map(|word| word.bounds[3]).max().unwrap_or(0);
    // no word ends above it, so none is less than nothing deep
    let base = line.iter().map(|word| word.bounds[3]).min().unwrap_or(0);
    let corner = |x: u32, y: u32| to_points * Point::new(f64::from(x), f64::from(y));
    let size = (corner(0, bottom).y - corner(0, top).y).max(1.0);
    let direction = direction_of(to_user_space);
    for (index, word) in line.iter().enumerate() {
        let [left, top, right, bottom] = word.bounds;
        let share = |from: u32, to: u32| (corner(0, to).y - corner(0, from).y) / size;
        let shape = Shape::nearest(share(top, base), share(base, bottom));
        let start = to_user_space * corner(left, base);
        let width = corner(right, base).x - corner(left, base).x;
        let slant = word.polygon.map(|corners| find_slant(corners, to_points));
        let (size, shape, direction, start, width) = match slant {
            None => (size, shape, direction.clone(), start, width),
            Some(Slant { foot, width, height, angle }) => {
                let direction = direction_of(to_user_space * Affine::rotate(angle));
                (height, Shape::nearest(1.0, 0.0), direction, to_user_space * foot, width)
            }
        };
        shapes.insert(shape);
        let mut codes: Vec<u16> = codes_of(&word.text);
        #[expect(clippy::cast_precision_loss, reason = "letters of one word")]
        let natural_width = codes.len() as f64 * font::GLYPH_WIDTH * size;
        if index + 1 < line.len() {
            codes.push(u16::from(b' '));
        }
        let stretch = 100.0 * width / natural_width.max(f64::MIN_POSITIVE);
        let _ = write!(layer, "/{} {} Tf ", shape.name(), number(size));
        let _ = write!(layer, "{direction} {} {} Tm {} Tz <", number(start.x), number(start.y), number(stretch));
        for code in codes {
            let _ = write!(layer, "{code:04X}");
        }
        layer.push_str("> Tj\n");
    }
}

/// Writes which way text runs; x goes right as on the upright page, y goes up, against the points'.
fn direction_of(to_user_space: Affine) -> String {
    let [a, b, c, d, _, _] = to_user_space.as_coeffs();
    format!("{} {} {} {}", number(a), number(b), number(-c), number(-d))
}

/// How a word stands that is not level, in points.
struct Slant {
    /// Its lower left corner.
    foot: Point,
    width: f64,
    height: f64,
    /// Clockwise, in radians.
    angle: f64,
}

fn find_slant(corners: [u32; 8], to_points: Affine) -> Slant {
    let corner = |at: usize| to_points * Point::new(corners[at].into(), corners[at + 1].into());
    let [head, right, foot] = [0, 4, 6].map(corner);
    let along = right - foot;
    Slant { foot, width: along.hypot(), height: head.distance(foot).max(1.0), angle: along.atan2() }
}

/// Gives the codes of a word from left to right, as all PDFs have them: viewers turn what is read from right to left
/// round again.
fn codes_of(text: &str) -> Vec<u16> {
    if is_right_to_left(text) {
        let mut buffer = [0; 2];
        return text.chars().rev().flat_map(|letter| letter.encode_utf16(&mut buffer).to_vec()).collect();
    }
    text.encode_utf16().collect()
}

/// Says whether a word is written from right to left: its first letter is Hebrew, Arabic or of their kind.
fn is_right_to_left(text: &str) -> bool {
    let is_rtl = |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    text.chars().find(|c| c.is_alphabetic()).is_some_and(is_rtl)
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
        let (area, up) = (Rect::new(0.0, 0.0, 500.0, 500.0), Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, 500.0]));
        let layer = write_layer(&page, area, up, &mut BTreeSet::new());
        let text = String::from_utf8(layer).unwrap();
        // 25 points high, so two letters of half that are 25 wide; the box is 50 wide
        assert_eq!(text, "BT\n3 Tr\n/UntxtText80 25 Tf 1 0 0 1 50 375 Tm 200 Tz <00610062> Tj\nET\n");
    }

    #[test]
    fn a_turned_page_has_its_words_where_they_were() {
        // the page image was turned clockwise: what is at its top was at the left of the page, read upwards
        let word = Word { text: "ab".into(), bounds: [100, 200, 200, 250], ..Word::default() };
        let page =
            PageContent { width: 500, height: 1000, rotation_applied: 90, words: vec![word], ..PageContent::default() };
        let (area, up) = (Rect::new(0.0, 0.0, 1000.0, 500.0), Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, 500.0]));
        let text = String::from_utf8(write_layer(&page, area, up, &mut BTreeSet::new())).unwrap();
        // the foot of the word is 250 from the left, its beginning 100 above the bottom, its direction up
        assert!(text.contains(" 50 Tf 0 1 -1 0 250 100 Tm "), "{text}");
    }

    #[test]
    fn a_slanted_word_stands_on_its_own_foot() {
        let polygon = Some([130, 100, 230, 170, 200, 210, 100, 140]);
        let word = Word { text: "ab".into(), bounds: [100, 100, 230, 210], polygon, ..Word::default() };
        let page = PageContent { width: 1000, height: 1000, words: vec![word], ..PageContent::default() };
        let (area, up) = (Rect::new(0.0, 0.0, 1000.0, 1000.0), Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, 1000.0]));
        let text = String::from_utf8(write_layer(&page, area, up, &mut BTreeSet::new())).unwrap();
        // falls by 35 degrees: 0.819 along, 0.573 down
        assert!(text.contains("0.819 -0.573 0.573 0.819 100 860 Tm"), "{text}");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, -0.0001, 1.5, 100.0, -2.25].map(number), ["0", "0", "1.5", "100", "-2.25"]);
    }
}
