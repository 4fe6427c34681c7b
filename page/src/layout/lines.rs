use super::{
    Rule,
    rect::{Rect, around_all, median},
    tables::Grid,
};
use crate::{Bounds, PageContent, Word};

/// Leads from the page image to the straightened page and back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// How far a line falls per pixel to the right.
    slope: f64,
}

impl Frame {
    /// Takes the skew of the page; when it is not known, that of its longer rules, or of its lines of text.
    pub(super) fn of(page: &PageContent, rules: &[Rule]) -> Self {
        let slope = f64::from(page.skew_deg).to_radians().tan();
        let slope =
            if slope == 0.0 { slope_of_rules(page, rules).or_else(|| slope_of_lines(page)) } else { Some(slope) };
        // beyond 45 degrees it is no skew
        Self { slope: slope.filter(|slope| slope.is_finite() && slope.abs() <= 1.0).unwrap_or(0.0) }
    }

    pub(super) fn level(self, (x, y): (f64, f64)) -> (f64, f64) {
        let Self { slope } = self;
        let length = (1.0 + slope * slope).sqrt();
        ((x + y * slope) / length, (y - x * slope) / length)
    }

    /// Gives the boxes of the words. The upright box around a slanted word is higher than the word.
    pub(super) fn level_words(self, page: &PageContent) -> Vec<Rect> {
        let level = |bounds: Bounds| {
            let [left, top, right, bottom] = bounds.map(f64::from);
            let (x, y) = self.level(((left + right) / 2.0, (top + bottom) / 2.0));
            let (width, height) = ((right - left).max(1.0), (bottom - top).max(1.0));
            let height = (height - width * self.slope.abs()).max(height * 0.4);
            let (half_width, half_height) = (width / 2.0, height / 2.0);
            Rect { left: x - half_width, top: y - half_height, right: x + half_width, bottom: y + half_height }
        };
        page.words.iter().map(|word| level(word.bounds)).collect()
    }

    /// Gives the upright box on the page image around a box of the straightened page.
    pub(super) fn to_page(self, rect: Rect, page: &PageContent) -> Bounds {
        let Self { slope } = self;
        let length = (1.0 + slope * slope).sqrt();
        let back = |(x, y): (f64, f64)| ((x - y * slope) / length, (y + x * slope) / length);
        let Rect { left, top, right, bottom } = rect;
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)].map(back);
        let (xs, ys) = (corners.map(|corner| corner.0), corners.map(|corner| corner.1));
        let least = |values: [f64; 4]| values.into_iter().fold(f64::MAX, f64::min);
        let most = |values: [f64; 4]| values.into_iter().fold(f64::MIN, f64::max);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the page")]
        let clamp = |value: f64, limit: u32| value.round().clamp(0.0, f64::from(limit)) as u32;
        let (width, height) = (page.width, page.height);
        [clamp(least(xs), width), clamp(least(ys), height), clamp(most(xs), width), clamp(most(ys), height)]
    }
}

fn slope_of_rules(page: &PageContent, rules: &[Rule]) -> Option<f64> {
    let slope = |rule: &Rule| {
        let [dx, dy] = [0, 1].map(|axis| f64::from(rule.to[axis]) - f64::from(rule.from[axis]));
        (dx >= f64::from(page.width) * 0.1 && dy.abs() < dx * 0.1).then(|| dy / dx)
    };
    let slopes: Vec<f64> = rules.iter().filter_map(slope).collect();
    (slopes.len() >= 2).then(|| median(slopes))
}

/// Compares the ends of lines; a single line says little, since words hang and rise.
fn slope_of_lines(page: &PageContent) -> Option<f64> {
    let slope = |words: &[Word]| {
        let [first, .., last] = words else { return None };
        let middle = |word: &Word| {
            let [left, top, right, bottom] = word.bounds.map(f64::from);
            ((left + right) / 2.0, (top + bottom) / 2.0)
        };
        let ((x, y), (to_x, to_y)) = (middle(first), middle(last));
        let height = f64::from(first.bounds[3].saturating_sub(first.bounds[1]));
        (to_x - x > height * 10.0).then(|| (to_y - y) / (to_x - x))
    };
    let slopes: Vec<f64> = page.words.chunk_by(|a, b| a.line == b.line).filter_map(slope).collect();
    (slopes.len() >= 3).then(|| median(slopes)).filter(|slope| slope.abs() < 0.1)
}

/// A line of text.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Places of its words in the page, in reading order; at least one.
    pub(super) words: Vec<usize>,
    pub(super) rect: Rect,
    /// From the top of its high letters to the bottom of its hanging ones, in pixels, even if it has none of these.
    pub(super) height: f64,
    /// The engine's paragraph.
    pub(super) block: u32,
}

impl Line {
    pub(super) fn new(page: &PageContent, rects: &[Rect], words: Vec<usize>) -> Self {
        let rect = around_all(words.iter().map(|&word| rects[word]));
        let sizes = |least: usize| {
            let long = words.iter().filter(move |&&word| page.words[word].text.chars().count() >= least);
            long.map(|&word| full_height(&page.words[word].text, rects[word].height())).collect::<Vec<_>>()
        };
        // a single sign says little
        let long = sizes(2);
        let height = median(if long.is_empty() { sizes(1) } else { long });
        let block = page.words[words[0]].block;
        Self { words, rect, height, block }
    }
}

/// Estimates how high a word would be with high and hanging letters: `one` is half as high as `only` in the same
/// print. The shares are those of common Latin fonts; other scripts have taller small letters or none.
fn full_height(text: &str, height: f64) -> f64 {
    let is_small = |c: char| {
        matches!(
            c,
            'a' | 'c'
                | 'e'
                | 'm'
                | 'n'
                | 'o'
                | 'r'
                | 's'
                | 'u'
                | 'v'
                | 'w'
                | 'x'
                | 'z'
                | '.'
                | ':'
                | '-'
                | '='
                | '~'
                | '+'
        )
    };
    let is_hanging = |c: char| matches!(c, 'g' | 'p' | 'q' | 'y' | ',' | ';');
    let is_both =
        |c: char| matches!(c, 'j' | 'Q' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '/' | '$') || c >= '\u{2e80}';
    let has_high = text.chars().any(|c| is_both(c) || !is_small(c) && !is_hanging(c));
    let has_hanging = text.chars().any(|c| is_both(c) || is_hanging(c));
    let share = match (has_high, has_hanging) {
        (true, true) => 1.0,
        (true, false) => 0.77,
        (false, true) => 0.74,
        (false, false) => 0.53,
    };
    height / share
}

/// Gives the engine's lines.
pub(super) fn find(page: &PageContent, rects: &[Rect]) -> Vec<Line> {
    let places: Vec<usize> = (0..page.words.len()).collect();
    let is_same = |a: &usize, b: &usize| {
        let (a, b) = (&page.words[*a], &page.words[*b]);
        (a.line, a.block) == (b.line, b.block)
    };
    places.chunk_by(is_same).map(|words| Line::new(page, rects, words.to_vec())).collect()
}

/// Finds the height of running text: that of most words.
pub(super) fn body_height(lines: &[Line]) -> f64 {
    median(lines.iter().flat_map(|line| line.words.iter().map(|_| line.height))).max(1.0)
}

/// Takes the words of tables out of the lines.
pub(super) fn remove_words(lines: &mut Vec<Line>, rects: &[Rect], grids: &[Grid]) {
    let taken: std::collections::HashSet<usize> =
        grids.iter().flat_map(|grid| &grid.cells).flat_map(|cell| cell.words.iter().copied()).collect();
    if taken.is_empty() {
        return;
    }
    for line in lines.iter_mut() {
        line.words.retain(|word| !taken.contains(word));
        line.rect = around_all(line.words.iter().map(|&word| rects[word]));
    }
    lines.retain(|line| !line.words.is_empty());
}
