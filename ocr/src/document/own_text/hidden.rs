use hayro::kurbo::{Point, Rect};

use super::Letter;

/// Something painted over an area of the page.
#[derive(Clone, Copy, Debug)]
pub(in crate::document) struct Fill {
    /// Where, in points.
    pub(in crate::document) area: Rect,
    /// Whether it is as white as paper.
    pub(in crate::document) is_white: bool,
    /// Whether nothing can be seen through it, anywhere in its area.
    pub(in crate::document) is_cover: bool,
    /// Letters drawn before it.
    pub(in crate::document) letters_before: usize,
}

/// More areas than this are not asked: a drawing of so many parts covers no text on purpose.
const MAX_FILLS: usize = 2000;

/// Hides the letters that are covered by something drawn later, and white ones on white paper.
pub(super) fn hide_unseen(letters: &mut [Letter], fills: &[Fill]) {
    let mut largest: Vec<&Fill> = fills.iter().collect();
    if largest.len() > MAX_FILLS {
        largest.sort_by(|a, b| b.area.area().total_cmp(&a.area.area()));
        largest.truncate(MAX_FILLS);
        largest.sort_by_key(|fill| fill.letters_before);
    }
    for fill in largest.iter().filter(|fill| fill.is_cover) {
        for letter in letters.iter_mut().take(fill.letters_before) {
            letter.is_visible &= !fill.area.contains(letter.ink.center());
        }
    }
    for (place, letter) in letters.iter_mut().enumerate() {
        if letter.is_white && letter.is_visible {
            letter.is_visible = is_on_color(letter.ink.center(), place, &largest);
        }
    }
}

/// Says whether the last thing painted at a point before a letter is darker than paper.
fn is_on_color(point: Point, place: usize, fills: &[&Fill]) -> bool {
    let behind = fills.iter().rev().find(|fill| fill.letters_before <= place && fill.area.contains(point));
    behind.is_some_and(|fill| !fill.is_white)
}
