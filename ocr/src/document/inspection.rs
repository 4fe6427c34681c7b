use hayro::kurbo::{Point, Rect};
use untxt_page::{Bounds, PageKind, TextMode, Word};

use super::{
    coverage::covered_part,
    own_text::{Letter, PointWord, judge, read_words},
    picture::Picture,
};

/// What a page is, found without drawing it.
#[derive(Clone, Debug)]
pub struct PageInspection {
    /// What it is made of.
    pub kind: PageKind,
    /// Width and height of the page image in pixels, upright.
    pub size: (u32, u32),
    /// Dots per inch of the page image: a scan's own, otherwise what it is drawn with.
    pub dpi: u32,
    /// Whether an engine has to read any part of it.
    pub needs_ocr: bool,
    /// Whether the file had to be repaired to find it, or what it draws breaks off: it may be another than the author's.
    pub is_damaged: bool,
    /// The page's own words that are kept.
    own: Vec<PointWord>,
    /// Areas that an engine has to read, in points.
    unread: Vec<Rect>,
    /// Where the page image lies, in points.
    area: Rect,
    /// Letters that say what they are, seen ones and others.
    own_letters: (usize, usize),
    /// Whether the page has letters, and shows none.
    hides_its_text: bool,
}

/// What was seen on a page. Lengths are in points on the upright page, origin top left, y downwards.
pub(super) struct Seen {
    pub(super) letters: Vec<Letter>,
    pub(super) pictures: Vec<Picture>,
    /// Lines and areas that are darker than paper.
    pub(super) drawings: usize,
    /// Where the page image lies, its pixels, its resolution.
    pub(super) area: Rect,
    pub(super) size: (u32, u32),
    pub(super) dpi: u32,
}

/// Letters that the text layer of an earlier recognition has at least.
const FEWEST_OF_LAYER: usize = 20;
/// Part of the pictures that it covers at least. What a scanner or a library stamps on a page covers 0.01 to 0.1 of it, eight
/// full lines 0.16; a page that holds less is soon read again.
const LEAST_OF_LAYER: f64 = 0.12;
/// What the words of such a layer count for: nothing is known of how well it read, so just not doubtful. As certain as text
/// that an author wrote, it would win against any reading that knows its doubts: of 25 pages that Tesseract alone and we
/// read with word F at least half a point apart, 8 would show the better text, with this 22.
const CONFIDENCE_OF_LAYER: f32 = 0.7;

impl PageInspection {
    /// Makes the inspection of a page that is a picture.
    pub(super) fn of_picture(size: (u32, u32), dpi: u32) -> Self {
        let area = Rect::new(0.0, 0.0, f64::from(size.0), f64::from(size.1));
        Self {
            kind: PageKind::Scan,
            size,
            dpi,
            needs_ocr: true,
            is_damaged: false,
            own: Vec::new(),
            unread: vec![area],
            area,
            own_letters: (0, 0),
            hides_its_text: false,
        }
    }

    /// Decides what a page is and which of its parts must be recognised.
    pub(super) fn decide(seen: &Seen, mode: TextMode) -> Self {
        let visible = || seen.letters.iter().filter(|letter| letter.is_visible);
        let hidden = || seen.letters.iter().filter(|letter| !letter.is_visible);
        let (shown, layer) = (judge(visible()), judge(hidden()));
        let is_text = shown.is_good();
        let is_drawn = shown.known + shown.unknown + seen.drawings + seen.pictures.len() > 0;
        let own_boxes: Vec<Rect> = if is_text { visible().map(|letter| letter.ink).collect() } else { Vec::new() };
        let readable = seen.pictures.iter().filter(|picture| is_readable(picture, seen.area, &own_boxes));
        let mut unread: Vec<Rect> = readable.map(|picture| picture.area).collect();
        let is_pictured = !unread.is_empty();
        // a few letters or lines are a stamp or a title, no reading of the page
        let has_layer = is_pictured
            && layer.is_good()
            && layer.known >= FEWEST_OF_LAYER
            && covered_part(seen.area, &unread, hidden().map(|letter| letter.ink)) >= LEAST_OF_LAYER;
        let kind = match (is_drawn, is_text) {
            (false, _) => PageKind::Blank,
            (true, true) if is_pictured => PageKind::Mixed,
            (true, true) => PageKind::BornDigital,
            (true, false) if has_layer => PageKind::ScanWithText,
            (true, false) => PageKind::Scan,
        };
        let keeps_layer = has_layer && mode == TextMode::Skip;
        let in_picture = |letter: &Letter| unread.iter().any(|area| area.contains(letter.ink.center()));
        let keeps = |letter: &&Letter| match letter.is_visible {
            true => is_text,
            false => keeps_layer && in_picture(letter),
        };
        let own = match mode {
            TextMode::Force => Vec::new(),
            TextMode::Skip | TextMode::Redo => read_words(seen.letters.iter().filter(keeps)),
        };
        if keeps_layer {
            unread.retain(|area| !hidden().any(|letter| area.contains(letter.ink.center())));
        }
        // letters that don't say what they are, and drawings without any letter, are read as one sees them
        if kind != PageKind::Blank && (mode == TextMode::Force || (!is_text && !has_layer)) {
            unread = vec![seen.area];
        }
        Self {
            kind,
            size: seen.size,
            dpi: seen.dpi,
            needs_ocr: !unread.is_empty(),
            is_damaged: false,
            own,
            unread,
            area: seen.area,
            own_letters: (shown.known, layer.known),
            hides_its_text: is_pictured && !seen.letters.is_empty() && visible().count() == 0,
        }
    }

    /// Gives the words that the page brings itself, in reading order, on a page image of a size.
    #[must_use]
    pub fn own_words(&self, width: u32, height: u32) -> Vec<Word> {
        let place = Place { area: self.area, width, height };
        self.own.iter().filter_map(|word| place.word(word)).collect()
    }

    /// Gives the areas that an engine has to read, on a page image of a size; empty when there are none.
    #[must_use]
    pub fn unread_areas(&self, width: u32, height: u32) -> Vec<Bounds> {
        let place = Place { area: self.area, width, height };
        self.unread.iter().filter_map(|&area| place.bounds(area)).collect()
    }

    /// Gives where the page image lies on the upright page, in points, origin top left, y downwards.
    pub(crate) const fn area(&self) -> Rect {
        self.area
    }

    /// Counts the letters that the page brings as text, with those that one doesn't see when they are asked for.
    pub(crate) const fn own_letters(&self, with_unseen: bool) -> usize {
        let (seen, unseen) = self.own_letters;
        if with_unseen { seen + unseen } else { seen }
    }

    /// Says whether all text of the page is invisible or lies under its pictures.
    pub(crate) const fn hides_its_text(&self) -> bool {
        self.hides_its_text
    }

    /// Counts the words that are kept of an earlier recognition.
    pub(crate) fn foreign_words(&self) -> usize {
        self.own.iter().filter(|word| !word.is_visible).count()
    }

    /// Says whether the page has words of its own that are kept.
    #[must_use]
    pub const fn has_own_words(&self) -> bool {
        !self.own.is_empty()
    }
}

/// Says whether a picture may hold words: large enough for a line, fine enough for letters, not the ground that the
/// page's own text stands on.
fn is_readable(picture: &Picture, page: Rect, own_boxes: &[Rect]) -> bool {
    /// A word of small print, in points.
    const SMALLEST: (f64, f64) = (20.0, 6.0);
    /// Letters of ten points have seven pixels with this.
    const COARSEST_DPI: f64 = 50.0;
    /// Of a picture, in letters: a printed page has 0.15, a stamp on a scan 0.005.
    const MAX_COVERED: f64 = 0.03;
    let area = picture.area;
    if area.width() < SMALLEST.0 || area.height() < SMALLEST.1 || picture.dpi < COARSEST_DPI {
        return false;
    }
    // marks, bullets and rules that are drawn as pictures
    if area.area() < 0.002 * page.area() {
        return false;
    }
    let covered: f64 = own_boxes.iter().filter(|ink| area.contains(ink.center())).map(|ink| ink.area()).sum();
    covered < MAX_COVERED * area.area()
}

/// Where points of the page lie on its image.
struct Place {
    area: Rect,
    width: u32,
    height: u32,
}

impl Place {
    fn x(&self, points: f64) -> f64 {
        (points - self.area.x0) * f64::from(self.width) / self.area.width()
    }

    fn y(&self, points: f64) -> f64 {
        (points - self.area.y0) * f64::from(self.height) / self.area.height()
    }

    /// Rounds outwards to whole pixels; `None` for what lies outside.
    fn bounds(&self, area: Rect) -> Option<Bounds> {
        let left = pixel(self.x(area.x0).floor(), self.width);
        let top = pixel(self.y(area.y0).floor(), self.height);
        let right = pixel(self.x(area.x1).ceil(), self.width);
        let bottom = pixel(self.y(area.y1).ceil(), self.height);
        (left < right && top < bottom).then_some([left, top, right, bottom])
    }

    fn word(&self, word: &PointWord) -> Option<Word> {
        let corner =
            |point: Point| [pixel(self.x(point.x).round(), self.width), pixel(self.y(point.y).round(), self.height)];
        let polygon = word.corners.map(|corners| {
            let [a, b, c, d] = corners.map(corner);
            [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]]
        });
        Some(Word {
            text: word.text.clone(),
            confidence: if word.is_visible { 1.0 } else { CONFIDENCE_OF_LAYER },
            bounds: self.bounds(word.bounds)?,
            line: word.line,
            block: word.block,
            polygon,
            ..Word::default()
        })
    }
}

fn pixel(value: f64, limit: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the image")]
    let pixel = value.clamp(0.0, f64::from(limit)) as u32;
    pixel
}
