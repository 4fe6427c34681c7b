pub(super) use crate::word::bounds_of;
use crate::{Block, Bounds, PageContent, Word};

/// The words of one block, in reading order, with the block where the layout is known.
#[derive(Clone, Copy)]
pub(super) struct BlockWords<'a> {
    pub(super) block: Option<&'a Block>,
    pub(super) words: &'a [Word],
    /// Place of the first word in [`PageContent::words`].
    pub(super) first: usize,
}

impl<'a> BlockWords<'a> {
    /// Gives the words of each line; never an empty one.
    pub(super) fn lines(self) -> impl Iterator<Item = &'a [Word]> {
        self.words.chunk_by(|a, b| a.line == b.line)
    }

    pub(super) fn bounds(self) -> Bounds {
        bounds_of(self.words)
    }
}

/// Gives the blocks of a page that have words.
pub(super) fn blocks(page: &PageContent) -> impl Iterator<Item = BlockWords<'_>> {
    page.words.chunk_by(|a, b| a.block == b.block).scan(0, |next, words| {
        let first = *next;
        *next += words.len();
        Some(BlockWords { block: page.blocks.get(words[0].block as usize), words, first })
    })
}

/// Where the letters of a line stand: how far it falls per pixel to the right, and how far it is below (above when
/// negative) the bottom left corner of the line's box, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Baseline {
    pub(super) slope: f64,
    pub(super) offset: f64,
}

/// Estimates the baseline from the bottoms of words without letters that hang below it.
pub(super) fn baseline(words: &[Word], skew_deg: f32) -> Baseline {
    let slope = f64::from(skew_deg).to_radians().tan();
    let slope = if slope.is_finite() && slope.abs() <= 1.0 { slope } else { 0.0 };
    let [left, _, _, bottom] = bounds_of(words);
    let height_of = |word: &Word| f64::from(word.bounds[3].saturating_sub(word.bounds[1]));
    let offset_of = |word: &Word| {
        // a line that falls has the word's bottom at its right end, one that rises at its left end
        let x = if slope > 0.0 { word.bounds[2] } else { word.bounds[0] };
        f64::from(word.bounds[3]) - f64::from(bottom) - slope * (f64::from(x) - f64::from(left))
    };
    let standing = words.iter().filter(|word| !word.text.contains(HANGING)).map(offset_of);
    let mut offsets: Vec<f64> = standing.collect();
    if offsets.is_empty() {
        // what hangs is a fifth of the box, about, in Latin print
        offsets = words.iter().map(|word| offset_of(word) - height_of(word) / 5.0).collect();
    }
    offsets.sort_by(f64::total_cmp);
    Baseline { slope, offset: offsets.get(offsets.len() / 2).copied().unwrap_or(0.0) }
}

/// Letters and signs with a part below the baseline.
const HANGING: [char; 22] =
    ['g', 'j', 'p', 'q', 'y', 'Q', 'ç', ',', ';', '(', ')', '[', ']', '{', '}', '_', 'р', 'у', 'ф', 'щ', 'ц', 'ß'];

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, bounds: Bounds) -> Word {
        Word { text: text.into(), bounds, ..Word::default() }
    }

    #[test]
    fn the_baseline_is_where_letters_stand() {
        let words = [word("Hello", [10, 10, 60, 30]), word("gap", [70, 15, 100, 36]), word("on", [110, 15, 130, 30])];
        assert_eq!(baseline(&words, 0.0), Baseline { slope: 0.0, offset: -6.0 });
        assert_eq!(baseline(&words[1..2], 0.0).offset, -4.2);
        // a line that falls by one in ten
        let words = [word("one", [0, 0, 100, 30]), word("two", [100, 10, 200, 40])];
        let found = baseline(&words, 5.7106);
        assert!((found.slope - 0.1).abs() < 1e-3 && (found.offset + 20.0).abs() < 0.1, "{found:?}");
        assert_eq!(baseline(&[], f32::NAN), Baseline { slope: 0.0, offset: 0.0 });
    }
}
