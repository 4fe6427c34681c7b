//! Pages that nobody wrote: words as frequent as in a language, misread as a scanner does, always the same.

use untxt_core::domain::Word;

/// Words of the made-up language.
const WORDS: u64 = 300_000;

/// A source of numbers that are the same for the same seed (`SplitMix64`, Steele et al. 2014).
#[derive(Clone)]
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Gives a number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Gives the word of a rank: the more frequent, the shorter.
fn word_of(rank: u64) -> String {
    const BEGINS: [&str; 20] =
        ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "sch", "st", "br", "tr"];
    const MIDDLES: [&str; 8] = ["a", "e", "i", "o", "u", "ei", "au", "ie"];
    const ENDS: [&str; 6] = ["", "n", "r", "s", "t", "ng"];
    let mut numbers = Numbers::new(rank + 1);
    let syllables = match rank {
        0..100 => 1,
        100..3_000 => 2,
        3_000..40_000 => 3,
        _ => 4,
    };
    let mut word = String::new();
    let mut pick = |of: &[&'static str]| of[usize::try_from(numbers.below(of.len() as u64)).unwrap_or_default()];
    for _ in 0..syllables {
        for part in [&BEGINS[..], &MIDDLES, &ENDS] {
            word.push_str(pick(part));
        }
    }
    word
}

/// Draws a word by Zipf's law: the probability of a rank goes with its inverse.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "below 300,000"
)]
fn draw(numbers: &mut Numbers) -> String {
    word_of((((WORDS as f64).ln() * numbers.fraction()).exp() - 1.0) as u64)
}

/// Misreads one letter.
pub(crate) fn misread(word: &str, numbers: &mut Numbers) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let place = usize::try_from(numbers.below(letters.len() as u64)).unwrap_or_default();
    match numbers.below(4) {
        0 if letters.len() > 2 => {
            letters.remove(place);
        }
        1 => letters.insert(place, 'l'),
        _ => letters[place] = char::from(b'a' + u8::try_from(numbers.below(26)).unwrap_or_default()),
    }
    letters.into_iter().collect()
}

/// Gives the words of a page: 100 to 500, of which 4 in 100 are misread and 5 are numbers.
pub(crate) fn page(number: u32) -> Vec<Word> {
    let mut numbers = Numbers::new((1 << 40) + u64::from(number));
    let count = u32::try_from(100 + numbers.below(401)).unwrap_or_default();
    (0..count)
        .map(|place| {
            let text = match numbers.below(100) {
                0..5 => numbers.below(100_000).to_string(),
                5..9 => {
                    let word = draw(&mut numbers);
                    misread(&word, &mut numbers)
                }
                _ => draw(&mut numbers),
            };
            let (line, left) = (place / 10, 100 + 200 * (place % 10));
            let bounds = [left, 100 + 60 * line, left + 180, 140 + 60 * line];
            Word { text, confidence: 0.93, bounds, line, block: line / 6, ..Word::default() }
        })
        .collect()
}
