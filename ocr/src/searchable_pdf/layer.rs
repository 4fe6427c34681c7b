use std::{collections::BTreeSet, io::Write};

use hayro::kurbo::{Affine, Point, Rect};
use untxt_page::is_right_to_left;

use super::{
    font::{self, FontNeeds, Shape},
    line::{Setting, set_line},
};
use crate::PageContent;

/// The invisible text of a page.
pub(super) struct Layer {
    /// Operators for the page's content.
    pub(super) content: Vec<u8>,
    /// The fonts that they name.
    pub(super) shapes: BTreeSet<Shape>,
}

/// Writes the words of a page as invisible text (rendering mode 3), line by line in reading order; `needs` takes what
/// its fonts must have.
///
/// `area` is where the page image lies before it was turned, in points, origin top left, y downwards;
/// `to_user_space` leads from there to the page's coordinates.
pub(super) fn write_layer(page: &PageContent, area: Rect, to_user_space: Affine, needs: &mut FontNeeds) -> Layer {
    let (width, height) = if page.rotation_applied.is_multiple_of(180) {
        (area.width(), area.height())
    } else {
        (area.height(), area.width())
    };
    let to_points =
        Affine::scale_non_uniform(width / f64::from(page.width.max(1)), height / f64::from(page.height.max(1)));
    let to_user_space =
        to_user_space * Affine::translate((area.x0, area.y0)) * undo_turn(page.rotation_applied, (width, height));
    let mut pen = Pen { content: b"BT\n3 Tr\n".to_vec(), shapes: BTreeSet::new(), needs, font: None, place: None };
    for line in page.words.chunk_by(|a, b| a.line == b.line) {
        let settings = set_line(line, to_points, to_user_space);
        for (index, (word, setting)) in line.iter().zip(&settings).enumerate() {
            pen.write(setting, &word.text, index + 1 < line.len());
        }
    }
    pen.content.extend(b"ET\n");
    Layer { content: pen.content, shapes: pen.shapes }
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

/// Writes words one after the other, each with what is different from the one before.
struct Pen<'n> {
    content: Vec<u8>,
    shapes: BTreeSet<Shape>,
    needs: &'n mut FontNeeds,
    font: Option<String>,
    /// Where the word before begins, as it was written, and its direction.
    place: Option<(Point, [f64; 4])>,
}

impl Pen<'_> {
    fn write(&mut self, setting: &Setting, text: &str, has_space: bool) {
        let mut codes = codes_of(text);
        #[expect(clippy::cast_precision_loss, reason = "letters of one word")]
        let natural_width = codes.len() as f64 * font::GLYPH_WIDTH * setting.size;
        if has_space {
            codes.push(u16::from(b' '));
        }
        self.shapes.insert(setting.shape);
        self.needs.note(setting.shape, &codes);
        // pdf.js spreads the words of a line over it as its own font has them, unless each is a piece of its own
        self.put("/Span BMC");
        let font = format!("/{} {} Tf", self.needs.name(setting.shape), number::<2>(setting.size));
        if self.font.as_ref() != Some(&font) {
            self.put(&font);
            self.font = Some(font);
        }
        self.go_to(setting.start, setting.direction);
        let stretch = 100.0 * setting.width / natural_width.max(f64::MIN_POSITIVE);
        self.put(&format!("{} Tz", number::<1>(stretch)));
        self.content.push(b'(');
        for byte in codes.iter().flat_map(|code| code.to_be_bytes()) {
            // a bare carriage return would be read as a line feed
            if matches!(byte, b'(' | b')' | b'\\' | b'\r') {
                self.content.push(b'\\');
            }
            self.content.push(if byte == b'\r' { b'r' } else { byte });
        }
        self.content.extend(b") Tj EMC\n");
    }

    /// Moves to where a word begins: from the word before when it runs the same way, which takes fewer digits.
    fn go_to(&mut self, start: Point, direction: [f64; 4]) {
        let [a, b, c, d] = direction;
        let turn = Affine::new([a, b, c, d, 0.0, 0.0]);
        let moved = match self.place {
            Some((place, before)) if before == direction && turn.determinant().abs() > 0.01 => {
                let step = turn.inverse() * (start - place).to_point();
                let [x, y] = [step.x, step.y].map(hundredths);
                self.put(&format!("{} {} Td", number::<2>(x), number::<2>(y)));
                place + (turn * Point::new(x, y)).to_vec2()
            }
            _ => {
                let start = Point::new(hundredths(start.x), hundredths(start.y));
                let direction = direction.map(number::<4>).join(" ");
                self.put(&format!("{direction} {} {} Tm", number::<2>(start.x), number::<2>(start.y)));
                start
            }
        };
        self.place = Some((moved, direction));
    }

    fn put(&mut self, operation: &str) {
        // writing to memory doesn't fail
        let _ = write!(self.content, "{operation} ");
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
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

/// Writes a number as PDF has it: no exponent, at most this many decimals.
fn number<const DECIMALS: usize>(value: f64) -> String {
    let text = format!("{value:.DECIMALS$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Word;

    /// A page of `points` x `points`, whose coordinates have their origin at the bottom.
    fn layer(page: &PageContent, (width, height): (f64, f64)) -> String {
        let up = Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, height]);
        let layer = write_layer(page, Rect::new(0.0, 0.0, width, height), up, &mut FontNeeds::default());
        layer.content.iter().filter(|byte| **byte > 0).map(|byte| char::from(*byte)).collect()
    }

    fn word(text: &str, bounds: [u32; 4]) -> Word {
        Word { text: text.into(), bounds, ..Word::default() }
    }

    #[test]
    fn words_cover_their_boxes() {
        let words = vec![
            word("ab", [100, 200, 200, 250]),
            word("(c)", [300, 200, 375, 250]),
            word("d\u{10d}", [100, 300, 200, 400]),
        ];
        let mut page = PageContent { width: 1000, height: 1000, words, ..PageContent::default() };
        page.words[2].line = 1;
        // 25 points high, so two letters of half that are 25 wide; the first box is 50 wide
        let words = [
            "/U80 25 Tf 1 0 0 1 50 375 Tm 200 Tz (ab )",
            "100 0 Td 100 Tz (\\(c\\))",
            "/U80 50 Tf -100 -75 Td 100 Tz (d\u{1}\\r)",
        ];
        let words = words.map(|word| format!("/Span BMC {word} Tj EMC\n")).concat();
        assert_eq!(layer(&page, (500.0, 500.0)), format!("BT\n3 Tr\n{words}ET\n"));
    }

    #[test]
    fn a_turned_page_has_its_words_where_they_were() {
        // the page image was turned clockwise: what is at its top was at the left of the page, read upwards
        let words = vec![word("ab", [100, 200, 200, 250]), word("cd", [300, 200, 400, 250])];
        let page = PageContent { width: 500, height: 1000, rotation_applied: 90, words, ..PageContent::default() };
        let text = layer(&page, (1000.0, 500.0));
        // the foot of the word is 250 from the left, its beginning 100 above the bottom, its direction up
        assert!(text.contains(" 50 Tf 0 1 -1 0 250 100 Tm ") && text.contains(" 200 0 Td "), "{text}");
    }

    #[test]
    fn a_slanted_word_stands_on_its_own_foot() {
        let polygon = Some([130, 100, 230, 170, 200, 210, 100, 140]);
        let words = vec![Word { polygon, ..word("ab", [100, 100, 230, 210]) }];
        let page = PageContent { width: 1000, height: 1000, words, ..PageContent::default() };
        let text = layer(&page, (1000.0, 1000.0));
        // falls by 35 degrees: 0.819 along, 0.573 down
        assert!(text.contains("0.8192 -0.5735 0.5735 0.8192 100 860 Tm"), "{text}");
    }

    #[test]
    fn steps_do_not_add_up_their_rounding() {
        let words = (0..400).map(|at| word("i", [at * 7, 0, at * 7 + 5, 10])).collect();
        let page = PageContent { width: 3000, height: 3000, words, ..PageContent::default() };
        let text = layer(&page, (1000.0, 1000.0));
        let steps = text.lines().filter_map(|line| line.split_once(" 0 Td")?.0.rsplit(' ').next()?.parse::<f64>().ok());
        let reached: f64 = steps.sum();
        assert!((reached - 399.0 * 7.0 / 3.0).abs() < 0.01, "{reached}");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, -0.0001, 1.5, 100.0, -2.25].map(number::<2>), ["0", "0", "1.5", "100", "-2.25"]);
    }
}
