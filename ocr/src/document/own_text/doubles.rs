use foldhash::{HashMap, HashMapExt as _};

use super::Letter;

/// Removes letters that are drawn a second time on top of themselves (to look bold, or as fill and outline).
pub(super) fn remove_doubles(letters: Vec<Letter>) -> Vec<Letter> {
    /// In font sizes: a shift for bold is less, the narrowest letters stand further apart.
    const SAME_PLACE: f64 = 0.1;
    // places by the nearest crossing of a grid two points wide; a double may fall on a neighbour
    let mut seen: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    let mut kept: Vec<Letter> = Vec::with_capacity(letters.len());
    for letter in letters {
        let near = (SAME_PLACE * letter.size).min(0.5 * letter.advance.abs()).max(0.01);
        let (x, y) = grid_place(&letter);
        let is_double = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy))).any(|place| {
            seen.get(&place).is_some_and(|there| {
                there.iter().any(|&other| {
                    let other = &kept[other];
                    other.says == letter.says && (other.origin - letter.origin).hypot() < near.min(GRID)
                })
            })
        });
        if !is_double {
            let there = seen.entry((x, y)).or_default();
            // hundreds of letters in one place are no text; those behind are kept unasked
            if there.len() < 64 {
                there.push(kept.len());
            }
            kept.push(letter);
        }
    }
    kept
}

/// Points.
const GRID: f64 = 2.0;

fn grid_place(letter: &Letter) -> (i64, i64) {
    #[expect(clippy::cast_possible_truncation, reason = "a place far off the page may be any")]
    let cell = |value: f64| (value / GRID).floor() as i64;
    (cell(letter.origin.x).clamp(-1 << 40, 1 << 40), cell(letter.origin.y).clamp(-1 << 40, 1 << 40))
}
