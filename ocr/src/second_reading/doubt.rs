use untxt_page::Word;

use crate::prepare::{Prepared, Survey};

/// Mean confidence over the letters below which a reading is doubted: well-read pages of print have 0.93 and more,
/// forms and receipts 0.45 to 0.86.
const SURE: f64 = 0.90;
/// Part of the letter-like shapes that may lie outside every word: dots, rules, stamps.
const MAX_UNREAD: f64 = 0.15;

/// Says whether a page should be read again: the words are uncertain, or much that looks like letters is in none.
/// `words` are in pixels of the straight page.
pub(crate) fn is_doubtful(words: &[Word], survey: &Survey, prepared: &Prepared) -> bool {
    if survey.letters.height.is_none() && words.is_empty() {
        return false;
    }
    mean_over_letters(words) < SURE || unread_part(words, survey, prepared) > MAX_UNREAD
}

/// Averages the confidence, long words counting more.
pub(crate) fn mean_over_letters(words: &[Word]) -> f64 {
    let mut sums = (0.0, 0.0);
    for word in words {
        let letters = word.text.chars().count() as f64;
        sums.0 += letters * f64::from(word.confidence);
        sums.1 += letters;
    }
    if sums.1 > 0.0 { sums.0 / sums.1 } else { 0.0 }
}

/// Gives the part of the letter-like shapes whose middle lies in no word, 0.0 to 1.0.
fn unread_part(words: &[Word], survey: &Survey, prepared: &Prepared) -> f64 {
    const CELL: usize = 64;
    let columns = survey.page.width.max(survey.page.height) * 2 / CELL + 1;
    let mut cells: std::collections::HashMap<usize, Vec<&Word>> = std::collections::HashMap::new();
    for word in words {
        let [left, top, right, bottom] = word.bounds.map(|side| side as usize / CELL);
        for (x, y) in (top..=bottom).flat_map(|y| (left..=right).map(move |x| (x, y))) {
            cells.entry(y * columns + x).or_default().push(word);
        }
    }
    let (mut unread, mut all) = (0.0, 0.0);
    for shape in survey.letters.typical() {
        let middle =
            [(shape.area.left + shape.area.right) as f64 / 2.0, (shape.area.top + shape.area.bottom) as f64 / 2.0];
        let [x, y] = prepared.placement.to_straight(middle);
        let is_read = cells.get(&(y / CELL * columns + x / CELL)).is_some_and(|words| {
            words.iter().any(|word| {
                let [left, top, right, bottom] = word.bounds.map(|side| side as usize);
                (left..right).contains(&x) && (top..bottom).contains(&y)
            })
        });
        all += 1.0;
        unread += if is_read { 0.0 } else { 1.0 };
    }
    if all > 0.0 { unread / all } else { 0.0 }
}
