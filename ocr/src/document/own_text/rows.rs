use hayro::{hayro_interpret::hayro_cmap::BfString, kurbo::Rect};

use super::{Letter, bidi};

/// A letter on its line. Lengths are in points in the frame of the reading direction: `u` along it, `v` downwards
/// from line to line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'l> {
    pub(super) letter: &'l Letter,
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) baseline: f64,
}

/// A word as it stands on the page.
#[derive(Clone, Debug)]
pub(super) struct RawWord {
    pub(super) text: String,
    /// Box around its ink, in points on the upright page.
    pub(super) ink: Rect,
    /// Where it starts and ends along the line.
    pub(super) span: (f64, f64),
    pub(super) baseline: f64,
    pub(super) size: f64,
    /// Whether one sees all of it.
    pub(super) is_visible: bool,
}

/// Words of a row without a wide gap between them.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) words: Vec<RawWord>,
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) baseline: f64,
    pub(super) size: f64,
    /// Number of its row, from the top.
    pub(super) row: usize,
}

/// Heights of a line of print above and below its baseline, in font sizes.
pub(super) const ABOVE: f64 = 0.7;
pub(super) const BELOW: f64 = 0.2;
/// A gap that ends a word, in font sizes: print keeps letters closer and words further apart.
const WORD_GAP: f64 = 0.16;
/// A gap that no line of print has between its words, in font sizes.
const SEGMENT_GAP: f64 = 1.2;

struct Row<'l> {
    baseline: f64,
    size: f64,
    members: Vec<Placed<'l>>,
}

impl Row<'_> {
    fn holds(&self, placed: &Placed<'_>) -> bool {
        (self.baseline - placed.baseline).abs() < 0.2 * self.size.min(placed.letter.size)
    }

    /// Says whether a row is made of indices to letters of this one: fewer and smaller, a little above or below, in
    /// places where this row has none.
    fn has_index(&self, other: &Row<'_>) -> bool {
        /// What is still smaller stands beside a large initial.
        const INDEX_RATIO: std::ops::Range<f64> = 1.15..2.2;
        if other.members.len() >= self.members.len() || !INDEX_RATIO.contains(&(self.size / other.size)) {
            return false;
        }
        let top = (self.baseline - ABOVE * self.size).max(other.baseline - ABOVE * other.size);
        let bottom = (self.baseline + BELOW * self.size).min(other.baseline + BELOW * other.size);
        bottom - top >= 0.5 * (ABOVE + BELOW) * other.size && !self.collides(other)
    }

    fn collides(&self, other: &Row<'_>) -> bool {
        let letters = |row: &Row<'_>| -> Vec<(f64, f64)> {
            let solid = row.members.iter().filter(|placed| !placed.letter.is_gap());
            let mut spans: Vec<_> = solid.map(|placed| (placed.start, placed.end)).collect();
            spans.sort_by(|a, b| a.0.total_cmp(&b.0));
            spans
        };
        let (mine, theirs) = (letters(self), letters(other));
        let overlaps = |&(start, end): &(f64, f64)| {
            let slack = 0.3 * (end - start);
            let from = mine.partition_point(|span| span.1 <= start + slack);
            mine.get(from).is_some_and(|span| span.0 < end - slack)
        };
        theirs.iter().any(overlaps)
    }
}

/// Puts letters into rows by their baselines, however they were drawn, and rows into segments of words.
pub(super) fn read_segments(mut placed: Vec<Placed<'_>>) -> Vec<Segment> {
    placed.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
    let mut rows: Vec<Row<'_>> = Vec::new();
    for letter in placed {
        let from = rows.len().saturating_sub(NEAR_ROWS);
        match rows[from..].iter_mut().rev().find(|row| row.holds(&letter)) {
            Some(row) => {
                row.size = row.size.max(letter.letter.size);
                row.members.push(letter);
            }
            None => rows.push(Row { baseline: letter.baseline, size: letter.letter.size, members: vec![letter] }),
        }
    }
    join_indices(&mut rows);
    rows.into_iter().enumerate().flat_map(|(number, row)| split_row(number, row)).collect()
}

/// Rows above and below one that it may have to do with.
const NEAR_ROWS: usize = 6;

fn join_indices(rows: &mut Vec<Row<'_>>) {
    for place in 0..rows.len() {
        let near = place.saturating_sub(NEAR_ROWS)..(place + NEAR_ROWS).min(rows.len());
        let distance = |other: &usize| (rows[*other].baseline - rows[place].baseline).abs();
        let main = near
            .filter(|&other| rows[other].has_index(&rows[place]))
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(main) = main {
            let mut members = std::mem::take(&mut rows[place].members);
            rows[main].members.append(&mut members);
        }
    }
    rows.retain(|row| !row.members.is_empty());
}

fn split_row(number: usize, row: Row<'_>) -> Vec<Segment> {
    let mut members = row.members;
    members.sort_by(|a, b| a.start.total_cmp(&b.start));
    let word_gap = word_gap(&members, row.size);
    let mut segments: Vec<Vec<RawWord>> = Vec::new();
    let mut word: Vec<Placed<'_>> = Vec::new();
    let (mut end, mut size, mut has_gap) = (f64::NEG_INFINITY, row.size, false);
    for (place, &placed) in members.iter().enumerate() {
        if placed.letter.is_gap() {
            has_gap = true;
            continue;
        }
        let distance = placed.start - end;
        let scale = size.min(placed.letter.size);
        // a space may be squeezed, but letters don't run into each other over it
        let is_new_word = match is_in_leader(&members, place) {
            true => !word.last().is_some_and(is_dot),
            false => distance > word_gap * scale || (has_gap && distance > -0.2 * scale) || is_leader(&word),
        };
        if is_new_word && !word.is_empty() {
            finish_word(&mut word, &mut segments);
        }
        if segments.is_empty() || distance > SEGMENT_GAP * size.max(placed.letter.size) {
            segments.push(Vec::new());
        }
        end = if word.is_empty() { placed.end } else { end.max(placed.end) };
        (size, has_gap) = (placed.letter.size, false);
        word.push(placed);
    }
    finish_word(&mut word, &mut segments);
    segments.into_iter().filter_map(|words| segment(number, words)).collect()
}

fn is_dot(placed: &Placed<'_>) -> bool {
    placed.letter.says == Some(BfString::Char('.'))
}

/// Dots in a row that lead to a page number, in a table of contents, are at least this many.
const LEADER: usize = 4;

fn is_leader(word: &[Placed<'_>]) -> bool {
    word.len() >= LEADER && word.iter().all(is_dot)
}

/// Says whether a letter is one of a row of dots, which are one word however far they stand apart.
fn is_in_leader(members: &[Placed<'_>], place: usize) -> bool {
    let is_dot_or_gap = |placed: &&Placed<'_>| is_dot(placed) || placed.letter.is_gap();
    let dots = |part: &mut dyn Iterator<Item = &Placed<'_>>| {
        part.take(4 * LEADER).take_while(is_dot_or_gap).filter(|placed| is_dot(placed)).count()
    };
    let behind = dots(&mut members[place..].iter());
    behind > 0 && behind + dots(&mut members[..place].iter().rev()) >= LEADER
}

/// Finds the gap between words, in font sizes: more than between the letters of a line that is spaced out.
fn word_gap(members: &[Placed<'_>], size: f64) -> f64 {
    /// Fewer letters don't show how they are spaced.
    const ENOUGH: usize = 8;
    let mut gaps: Vec<f64> = members
        .windows(2)
        .filter(|pair| pair.iter().all(|placed| !placed.letter.is_gap() && !is_dot(placed)))
        .map(|pair| (pair[1].start - pair[0].end) / size)
        .filter(|&gap| gap < 0.6)
        .collect();
    if gaps.len() < ENOUGH {
        return WORD_GAP;
    }
    gaps.sort_by(f64::total_cmp);
    // most gaps of a spaced-out line are between letters
    let usual = gaps[gaps.len() / 4];
    if usual > 0.06 { usual + WORD_GAP } else { WORD_GAP }
}

fn finish_word(word: &mut Vec<Placed<'_>>, segments: &mut [Vec<RawWord>]) {
    let (Some(first), Some(last)) = (word.first(), segments.last_mut()) else { return };
    let letters: Vec<&BfString> = word.iter().filter_map(|placed| placed.letter.says.as_ref()).collect();
    let text = bidi::spell_word(&letters);
    let main = word.iter().max_by(|a, b| a.letter.size.total_cmp(&b.letter.size)).unwrap_or(first);
    let ink = word.iter().map(|placed| placed.letter.ink).reduce(|a, b| a.union(b)).unwrap_or(first.letter.ink);
    let end = word.iter().map(|placed| placed.end).fold(first.end, f64::max);
    let (baseline, size, start) = (main.baseline, main.letter.size, first.start);
    let is_visible = word.iter().all(|placed| placed.letter.is_visible);
    if !text.trim().is_empty() {
        last.push(RawWord { text, ink, span: (start, end), baseline, size, is_visible });
    }
    word.clear();
}

fn segment(row: usize, mut words: Vec<RawWord>) -> Option<Segment> {
    let start = words.first()?.span.0;
    let end = words.iter().map(|word| word.span.1).fold(start, f64::max);
    let main = words.iter().max_by(|a, b| a.size.total_cmp(&b.size))?;
    let (baseline, size) = (main.baseline, main.size);
    bidi::order_words(&mut words, |word| &word.text);
    Some(Segment {
        words,
        start,
        end,
        top: baseline - ABOVE * size,
        bottom: baseline + BELOW * size,
        baseline,
        size,
        row,
    })
}
