use std::io::Write;

use hayro::kurbo::Point;

use super::{
    baseline::{Line, OUTWARDS},
    font::Typeface,
    layer::{Layer, Placed},
    line::Setting,
    shape,
};

/// A word may begin so much later and be so much narrower than it is printed: in points, and of the size of its font.
const MAX_LEEWAY: f64 = 0.75;
const MAX_LEEWAY_OF_SIZE: f64 = 0.075;
/// And stand so much higher or lower than the text that it follows, of the size of its font: pdf.js takes the place of a
/// word from its baseline alone.
const MAX_RISE_OF_SIZE: f64 = 0.04;

/// Writes the words of a page as invisible text (rendering mode 3): operators for the page's content.
///
/// A page of print has a word every few bytes of its fax, so every operator counts: what differs by less than a person
/// or a program can notice from what is set already is not set again.
pub(super) fn write_layer(layer: &Layer, typeface: &Typeface) -> Vec<u8> {
    let mut pen = Pen { content: b"BT\n3 Tr\n".to_vec(), typeface, font: None, stretch: 100.0, line: None };
    for line in &layer.0 {
        let size = pen.size_of(line);
        for (index, word) in line.iter().enumerate() {
            pen.write(word, size.unwrap_or(word.setting.size), index == 0);
        }
    }
    pen.content.extend(b"ET\n");
    pen.content
}

struct Pen<'t> {
    content: Vec<u8>,
    typeface: &'t Typeface,
    /// Number of the font and its size, as last set.
    font: Option<(usize, f64)>,
    /// How wide letters are set, in percent.
    stretch: f64,
    line: Option<Line>,
}

impl Pen<'_> {
    /// Gives the size of the line before when its shapes suit all words of a line as well.
    fn size_of(&self, line: &[Placed]) -> Option<f64> {
        let (_, size) = self.font?;
        let suits = |word: &Placed| {
            self.find_font(&word.setting, size, 0.0).is_some() && (0.8..1.25).contains(&(word.setting.size / size))
        };
        line.iter().all(suits).then_some(size)
    }

    fn write(&mut self, word: &Placed, size: f64, is_first: bool) {
        let setting = &word.setting;
        let leeway = MAX_LEEWAY.min(MAX_LEEWAY_OF_SIZE * size);
        let (codes, count) = self.typeface.alphabet.encode(&word.text, word.has_space);
        // pdf.js spreads the words of a line over it as its own font has them, unless each is a piece of its own
        self.put("/Span BMC ");
        let place = self.line.as_ref().filter(|_| !is_first).and_then(|line| line.place(setting));
        let place = place.filter(|place| place.y.abs() <= MAX_RISE_OF_SIZE * size);
        let goes_on = place.and_then(|place| Some((self.find_font(setting, size, place.y)?, place.x)));
        let (font, at) = goes_on.unwrap_or_else(|| (self.nearest_font(setting, size), 0.0));
        self.set_font(font, size);
        if goes_on.is_none() {
            self.go_to(setting);
        }
        let spaces = usize::from(word.has_space);
        self.set_stretch(setting.width, Typeface::width_of(count - spaces, 0) * size, leeway);
        let unit = size * self.stretch / 100.0;
        let step = self.line.map_or(0.0, |line| line.step_to(at, size, unit, leeway));
        if let Some(line) = &mut self.line {
            line.end = line.reached + (step + Typeface::width_of(count - spaces, 0)) * unit;
            line.reached = line.end + Typeface::width_of(0, spaces) * unit;
        }
        self.show(&codes, step);
    }

    /// Finds the number of a font that suits a word which stands so many points above the line: the one that is set, if
    /// it does.
    fn find_font(&self, setting: &Setting, size: f64, offset: f64) -> Option<usize> {
        let suits = |font: &usize| self.typeface.shapes[*font].suits(setting.reach, size, offset);
        let last = self.font.map(|(font, _)| font).filter(suits);
        last.or_else(|| (0..self.typeface.shapes.len()).find(suits))
    }

    fn nearest_font(&self, setting: &Setting, size: f64) -> usize {
        self.find_font(setting, size, 0.0).unwrap_or_else(|| shape::nearest(&self.typeface.shapes, setting.reach, size))
    }

    fn set_font(&mut self, font: usize, size: f64) {
        if self.font != Some((font, size)) {
            self.put(&format!("/{} {} Tf ", self.typeface.name(font), number::<1>(size)));
            self.font = Some((font, size));
        }
    }

    /// Moves to where a word begins: from the line before when it runs the same way, which takes fewer digits.
    fn go_to(&mut self, setting: &Setting) {
        let start = match self.line.as_ref().and_then(|line| Some((line, line.place(setting)?))) {
            Some((line, place)) => {
                let [x, y] = [place.x, place.y].map(|points| (points * 10.0).round() / 10.0);
                let start = line.start + (line.turn() * Point::new(x, y)).to_vec2();
                self.put(&format!("{} {} Td ", number::<1>(x), number::<1>(y)));
                start
            }
            None => {
                let [x, y] = [setting.start.x, setting.start.y].map(|value| (value * 100.0).round() / 100.0);
                let direction = setting.direction.map(number::<4>).join(" ");
                self.put(&format!("{direction} {} {} Tm ", number::<2>(x), number::<2>(y)));
                Point::new(x, y)
            }
        };
        self.line = Some(Line { start, direction: setting.direction, end: 0.0, reached: 0.0 });
    }

    /// Sets how wide letters are, for a word to get its width of points instead of its natural one.
    fn set_stretch(&mut self, width: f64, natural: f64, leeway: f64) {
        let exact = 100.0 * width / natural.max(f64::MIN_POSITIVE);
        let suits = |stretch: &f64| {
            let excess = (stretch - exact) / 100.0 * natural;
            *stretch > 0.0 && (-leeway..=OUTWARDS * leeway).contains(&excess)
        };
        if suits(&self.stretch) {
            return;
        }
        let steps = [5.0, 1.0].map(|step| (exact / step).floor() * step);
        let stretch = steps.into_iter().find(suits).unwrap_or((exact * 10.0).round().max(1.0) / 10.0);
        self.put(&format!("{} Tz ", number::<1>(stretch)));
        self.stretch = stretch;
    }

    /// Shows letters behind a step along the line, in parts of the font size.
    fn show(&mut self, codes: &[u8], step: f64) {
        let has_step = step.abs() > 0.0;
        if has_step {
            // thousandths, which go back
            self.put(&format!("[{}", number::<0>(-1000.0 * step)));
        }
        self.content.push(b'(');
        for &byte in codes {
            // a bare carriage return would be read as a line feed
            if matches!(byte, b'(' | b')' | b'\\' | b'\r') {
                self.content.push(b'\\');
            }
            self.content.push(if byte == b'\r' { b'r' } else { byte });
        }
        self.put(if has_step { ")]TJ EMC\n" } else { ")Tj EMC\n" });
    }

    fn put(&mut self, operation: &str) {
        // writing to memory doesn't fail
        let _ = self.content.write_all(operation.as_bytes());
    }
}

/// Writes a number as PDF has it: no exponent, no needless digit, at most this many decimals.
fn number<const DECIMALS: usize>(value: f64) -> String {
    let text = format!("{value:.DECIMALS$}");
    let text = if DECIMALS > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match text {
        "0" | "-0" | "" => "0".into(),
        text => text.replacen("0.", ".", usize::from(text.starts_with("0.") || text.starts_with("-0."))),
    }
}

#[cfg(test)]
mod tests {
    use hayro::kurbo::{Affine, Rect};

    use super::*;
    use crate::{PageContent, Word};

    /// The text of a page of `width` x `height` points, whose coordinates have their origin at the bottom.
    fn written(page: &PageContent, (width, height): (f64, f64)) -> String {
        let up = Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, height]);
        let layer = Layer::of(page, Rect::new(0.0, 0.0, width, height), up);
        let content = write_layer(&layer, &Typeface::of(std::iter::once(&layer)));
        content.into_iter().map(char::from).collect()
    }

    fn word(text: &str, bounds: [u32; 4]) -> Word {
        Word { text: text.into(), bounds, ..Word::default() }
    }

    fn page(words: Vec<Word>) -> PageContent {
        PageContent { width: 1000, height: 1000, words, ..PageContent::default() }
    }

    #[test]
    fn words_cover_their_boxes() {
        let mut page = page(vec![
            word("ab", [100, 200, 200, 250]),
            word("(c)", [300, 200, 375, 250]),
            word("d\u{10d}", [100, 300, 200, 400]),
        ]);
        page.words[2].line = 1;
        // 25 points high, so two letters of half that are 25 wide; the first box is 50 wide, and its space 14
        // of the 50 between the boxes
        let words = [
            "/U0 25 Tf 1 0 0 1 50 375 Tm 200 Tz (ab )Tj",
            "100 Tz [-1440(\\(c\\))]TJ",
            "/U0 50 Tf 0 -75 Td (d\u{80})Tj",
        ];
        let words = words.map(|word| format!("/Span BMC {word} EMC\n")).concat();
        assert_eq!(written(&page, (500.0, 500.0)), format!("BT\n3 Tr\n{words}ET\n"));
    }

    #[test]
    fn what_hardly_differs_is_not_set_again() {
        // 10 points high; the second word begins a fifth of a point behind the space of the first
        let words = vec![word("some", [100, 200, 120, 210]), word("words", [123, 200, 148, 210])];
        let mut page = page(words);
        let level = written(&page, (1000.0, 1000.0));
        assert!(level.ends_with("100 790 Tm (some )Tj EMC\n/Span BMC (words)Tj EMC\nET\n"), "{level}");
        (page.width, page.words[1].bounds) = (1001, [123, 201, 148, 210]);
        assert_eq!(written(&page, (1000.0, 1000.0)).replace("99.9 790", "100 790"), level);
    }

    #[test]
    fn a_turned_page_has_its_words_where_they_were() {
        // the page image was turned clockwise: what is at its top was at the left of the page, read upwards
        let words = vec![word("ab", [100, 200, 200, 250]), word("cd", [300, 200, 400, 250])];
        let page = PageContent { width: 500, height: 1000, rotation_applied: 90, words, ..PageContent::default() };
        let text = written(&page, (1000.0, 500.0));
        // the foot of the word is 250 from the left, its beginning 100 above the bottom, its direction up
        assert!(text.contains(" 50 Tf 0 1 -1 0 250 100 Tm ") && text.contains("[-720(cd)]TJ"), "{text}");
    }

    #[test]
    fn a_slanted_word_stands_on_its_own_foot() {
        let polygon = Some([130, 100, 230, 170, 200, 210, 100, 140]);
        let text = written(&page(vec![Word { polygon, ..word("ab", [100, 100, 230, 210]) }]), (1000.0, 1000.0));
        // falls by 35 degrees: 0.819 along, 0.573 down
        assert!(text.contains(".8192 -.5735 .5735 .8192 100 860 Tm"), "{text}");
    }

    #[test]
    fn what_is_left_out_does_not_add_up() {
        let words: Vec<_> = (0..400).map(|at| word("i", [at * 7, 0, at * 7 + 5, 10])).collect();
        let text =
            written(&PageContent { width: 3000, height: 3000, words, ..PageContent::default() }, (1000.0, 1000.0));
        // 3.5 points high; a letter and a space are 0.78 times as wide before they are stretched
        let size = 3.5;
        let (mut reached, mut stretch) = (0.0, 1.0);
        for (at, line) in text.lines().filter(|line| line.starts_with("/Span")).enumerate() {
            let parts: Vec<_> = line.split([' ', '[', '(']).collect();
            stretch = parts
                .iter()
                .position(|part| *part == "Tz")
                .map_or(stretch, |at| parts[at - 1].parse::<f64>().unwrap() / 100.0);
            let step =
                line.split_once('[').map_or(0.0, |(_, rest)| rest.split_once('(').unwrap().0.parse::<f64>().unwrap());
            reached -= step / 1000.0 * size * stretch;
            let begins = f64::from(u32::try_from(at).unwrap()) * 7.0 / 3.0;
            assert!((reached - begins).abs() < 0.4, "word {at}: {reached}, not {begins}");
            reached += 0.78 * size * stretch;
        }
        assert!(reached > 900.0, "{reached}");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.0, -0.0001, 1.5, 100.0, -2.25, 0.5, -0.07].map(number::<2>),
            ["0", "0", "1.5", "100", "-2.25", ".5", "-.07"]
        );
        assert_eq!([0.4, -250.0].map(number::<0>), ["0", "-250"]);
    }
}
