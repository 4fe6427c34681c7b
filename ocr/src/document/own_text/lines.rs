use std::collections::BTreeMap;

use hayro::kurbo::{Affine, Point, Rect};

use super::{
    Fill, Letter,
    doubles::remove_doubles,
    hidden::hide_unseen,
    order::order_blocks,
    rows::{ABOVE, BELOW, Placed, RawWord, read_segments},
};

/// A word in points on the upright page, origin top left, y downwards.
#[derive(Clone, Debug)]
pub(in crate::document) struct PointWord {
    pub(in crate::document) text: String,
    /// Box around its ink.
    pub(in crate::document) bounds: Rect,
    /// Its own top left, top right, bottom right and bottom left, when it does not stand upright.
    pub(in crate::document) corners: Option<[Point; 4]>,
    /// Line and block, each from 0 in reading order.
    pub(in crate::document) line: u32,
    pub(in crate::document) block: u32,
    /// Whether one sees all of it.
    pub(in crate::document) is_visible: bool,
}

/// Hides letters that cannot be seen; doubled ones go.
pub(in crate::document) fn settle_letters(mut letters: Vec<Letter>, fills: &[Fill]) -> Vec<Letter> {
    hide_unseen(&mut letters, fills);
    remove_doubles(letters)
}

/// Reads letters as words in reading order; those in the direction of most letters come first.
pub(in crate::document) fn read_words<'l>(letters: impl Iterator<Item = &'l Letter>) -> Vec<PointWord> {
    let mut directions: BTreeMap<i32, Vec<(f64, &Letter)>> = BTreeMap::new();
    for letter in letters.filter(|letter| letter.says.is_some()) {
        let degrees = letter.along.y.atan2(letter.along.x).to_degrees();
        directions.entry(near_direction(degrees)).or_default().push((degrees, letter));
    }
    let mut directions: Vec<_> = directions.into_values().collect();
    directions.sort_by_key(|letters| std::cmp::Reverse(letters.len()));
    let mut words = Vec::new();
    for letters in directions {
        read_direction(letters, &mut words);
    }
    words
}

/// Rounds a direction so that lines of one slant come together: to a right angle when it is near one.
fn near_direction(degrees: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "an angle")]
    let round = |step: f64| ((degrees / step).round() * step).rem_euclid(360.0) as i32;
    let right_angle = round(90.0);
    let away = (degrees - f64::from(right_angle) + 180.0).rem_euclid(360.0) - 180.0;
    if away.abs() <= 5.0 { right_angle } else { round(3.0) }
}

fn read_direction(mut letters: Vec<(f64, &Letter)>, words: &mut Vec<PointWord>) {
    let middle = letters.len() / 2;
    // -179 and 180 are the same direction
    let shift = if letters[0].0.abs() > 90.0 { 360.0 } else { 0.0 };
    let mut angles: Vec<f64> =
        letters.iter().map(|(angle, _)| angle + if *angle < 0.0 { shift } else { 0.0 }).collect();
    let (_, &mut degrees, _) = angles.select_nth_unstable_by(middle, f64::total_cmp);
    let to_frame = Affine::rotate(-degrees.to_radians());
    let placed = letters
        .drain(..)
        .map(|(_, letter)| {
            let origin = to_frame * letter.origin;
            Placed { letter, start: origin.x, end: origin.x + letter.advance, baseline: origin.y }
        })
        .collect();
    let segments = read_segments(placed);
    let first_line = words.last().map_or(0, |word| word.line + 1);
    let first_block = words.last().map_or(0, |word| word.block + 1);
    let is_upright = degrees.abs() < 0.5;
    let from_frame = to_frame.inverse();
    let mut line_number = first_line;
    for (block, lines) in (first_block..).zip(order_blocks(&segments)) {
        for line in lines {
            for word in line.iter().flat_map(|&place| &segments[place].words) {
                let corners = (!is_upright).then(|| corners_of(word).map(|corner| from_frame * corner));
                words.push(PointWord {
                    text: word.text.clone(),
                    bounds: word.ink,
                    corners,
                    line: line_number,
                    block,
                    is_visible: word.is_visible,
                });
            }
            line_number += 1;
        }
    }
}

fn corners_of(word: &RawWord) -> [Point; 4] {
    let (start, end) = word.span;
    let (top, bottom) = (word.baseline - ABOVE * word.size, word.baseline + BELOW * word.size);
    [(start, top), (end, top), (end, bottom), (start, bottom)].map(Point::from)
}
