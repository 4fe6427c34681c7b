//! What a word's confidence means: 0.9 is right nine times in ten.
//!
//! An engine's figure orders words well but is none of their frequencies: of the words that Tesseract is 60 % sure of,
//! 76 % are right, of codes 46 %. So the figure goes through a monotone map (isotonic regression, Zadrozny and Elkan,
//! "Transforming classifier scores into accurate multiclass probability estimates", 2002), here a line through a
//! few knots, since the words of some pages would bend a free one: one for words, one for numbers, one for codes.
//! Fitted by `bench/calibrate/fit.py`, with the votes of second readings, on 40 real pages (books, articles, photographs,
//! forms, receipts; 9,697 words) and 42 drawn ones (16,545 words), both with the same weight: real print alone has too few
//! doubtful words and its truth too many faults, drawn print is too clean. The expected calibration error in ten bins goes
//! from 3.3 % to 0.7 % on the real pages (1.1 % on halves that a fit had not seen), and from 4.5 % to 1.1 % on 84 drawn
//! pages that no fit had seen.

use untxt_page::{PageContent, Warning, WarningCode, Word, join_words, mean_confidence};

/// Words below are doubtful: the same share that makes a page count as poorly read.
const DOUBTFUL: f32 = 0.7;
/// Words with digits below are: no reader notices a wrong digit, and no dictionary helped the engine.
const DOUBTFUL_DIGITS: f32 = 0.9;

const KNOT_COUNT: usize = 7;
/// What the engine says, 0.0 to 1.0.
const KNOTS: [f32; KNOT_COUNT] = [0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98];
const LETTERS: [f32; KNOT_COUNT] = [0.088, 0.422, 0.761, 0.902, 0.904, 0.990, 0.999];
const DIGITS: [f32; KNOT_COUNT] = [0.088, 0.261, 0.706, 0.870, 0.904, 0.968, 0.999];
const MIXED: [f32; KNOT_COUNT] = [0.005, 0.272, 0.457, 0.760, 0.882, 0.883, 0.992];

/// Makes the engine's confidence of each word the share of such words that are right.
pub(crate) fn calibrate(words: &mut [Word]) {
    for word in words {
        word.confidence = interpolate(map_of(&word.text), word.confidence);
    }
}

/// Marks the words that someone should look at, and brings what the page says of its words up to date: mean
/// confidence, text, warnings.
pub(crate) fn mark_doubtful(page: &mut PageContent) {
    for word in &mut page.words {
        let least = if has_digit(&word.text) { DOUBTFUL_DIGITS } else { DOUBTFUL };
        word.is_doubtful = word.confidence < least;
    }
    let count = page.words.iter().filter(|word| word.is_doubtful).count();
    page.warnings.retain(|warning| warning.code != WarningCode::LowConfidence);
    if count > 0 {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        page.warnings.push(Warning { code: WarningCode::LowConfidence, count });
    }
    page.mean_confidence = mean_confidence(&page.words);
    page.text = join_words(&page.words);
}

/// Numbers, amounts and dates are digits and signs; codes such as an IBAN are digits and letters.
fn map_of(text: &str) -> &'static [f32; KNOT_COUNT] {
    match (has_digit(text), text.chars().any(char::is_alphabetic)) {
        (false, _) => &LETTERS,
        (true, false) => &DIGITS,
        (true, true) => &MIXED,
    }
}

fn has_digit(text: &str) -> bool {
    text.chars().any(char::is_numeric)
}

/// Draws a line between the knots on both sides; beyond the last it stays level.
fn interpolate(map: &[f32; KNOT_COUNT], raw: f32) -> f32 {
    let Some(next) = KNOTS.iter().position(|&knot| raw < knot) else { return map[KNOT_COUNT - 1] };
    let Some(before) = next.checked_sub(1) else { return map[0] };
    let share = (raw - KNOTS[before]) / (KNOTS[next] - KNOTS[before]);
    map[before] + share * (map[next] - map[before])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, confidence: f32) -> Word {
        Word { text: text.into(), confidence, bounds: [0, 0, 9, 9], ..Word::default() }
    }

    #[test]
    fn maps_rise_within_bounds() {
        for map in [&LETTERS, &DIGITS, &MIXED] {
            assert!(map.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(map[0] >= 0.0 && map[KNOT_COUNT - 1] <= 1.0);
            let middle = interpolate(map, KNOTS[2].midpoint(KNOTS[3]));
            assert!((middle - map[2].midpoint(map[3])).abs() < 1e-6);
            assert_eq!(interpolate(map, 1.0).to_bits(), map[KNOT_COUNT - 1].to_bits());
        }
    }

    #[test]
    fn the_same_figure_says_less_of_a_code_than_of_a_word() {
        let mut words = ["receipt", "12.50", "DE44X7"].map(|text| word(text, 0.85));
        calibrate(&mut words);
        assert!(words[0].confidence >= words[1].confidence && words[1].confidence > words[2].confidence);
    }

    #[test]
    fn digits_are_doubted_sooner() {
        let said =
            [("word", 0.8), ("wcrd", 0.6), ("12.50", 0.8), ("2026-01-02", 0.95), ("GB82WEST", 0.89), ("own1", 1.0)];
        let words = said.map(|(text, confidence)| word(text, confidence)).to_vec();
        let mut page = PageContent { words, ..PageContent::default() };
        mark_doubtful(&mut page);
        let doubtful: Vec<_> = page.words.iter().filter(|word| word.is_doubtful).map(|word| &*word.text).collect();
        assert_eq!(doubtful, ["wcrd", "12.50", "GB82WEST"]);
        assert_eq!(page.warnings, [Warning { code: WarningCode::LowConfidence, count: 3 }]);
        page.words.retain(|word| !word.is_doubtful);
        mark_doubtful(&mut page);
        assert_eq!(page.warnings, []);
    }
}
