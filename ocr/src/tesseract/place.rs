use std::ffi::c_int;

use super::{layout::Region, line_reader::LineWord};
use crate::Word;

/// Gives the words of a region their boxes: a piece of ink belongs to the word between whose bounds its middle lies.
/// `pixels_a_step` tells how wide a step of the reader is on the page.
pub(super) fn place_words(region: &Region, words: Vec<LineWord>, pixels_a_step: f32, out: &mut Vec<Word>) {
    let mut blobs: Vec<_> = region.blobs.iter().map(|&blob| (region.along(blob), blob)).collect();
    blobs.sort_unstable_by_key(|&((start, end), _)| start + end);
    let mut blobs = blobs.into_iter().peekable();
    for word in words {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixels of a page")]
        let [start, end] = [word.steps.0, word.steps.1].map(|step| (step as f32 * pixels_a_step) as c_int);
        let mut bounds: Option<[c_int; 4]> = None;
        while let Some(((from, to), blob)) = blobs.next_if(|((from, to), _)| from + to < 2 * end) {
            if from + to >= 2 * start {
                bounds = Some(bounds.map_or(blob, |bounds| union(bounds, blob)));
            }
        }
        // letters that touch those of the next word: what the reader says is all there is
        let bounds = bounds.unwrap_or_else(|| region.part(start, end.max(start + 1)));
        out.push(Word {
            text: word.text,
            confidence: word.confidence,
            bounds: bounds.map(|side| u32::try_from(side).unwrap_or(0)),
            line: region.line,
            block: region.block,
            ..Word::default()
        });
    }
}

fn union(a: [c_int; 4], b: [c_int; 4]) -> [c_int; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tesseract::walk::TopEdge;

    #[test]
    fn words_take_the_ink_between_their_bounds() {
        let region = Region {
            cut: [100, 10, 200, 40],
            up: TopEdge::Up,
            ink: [104, 14, 196, 36],
            blobs: vec![[104, 15, 110, 30], [150, 14, 170, 36], [112, 20, 120, 30]],
            line: 3,
            block: 1,
        };
        let word = |text: &str, steps| LineWord { text: text.into(), confidence: 0.9, steps };
        let mut words = Vec::new();
        place_words(&region, vec![word("ab", (0, 15)), word("c", (15, 38)), word("d", (38, 60))], 2.0, &mut words);
        let bounds: Vec<_> = words.iter().map(|word| word.bounds).collect();
        assert_eq!(bounds, [[104, 15, 120, 30], [150, 14, 170, 36], [176, 14, 200, 36]]);
        assert_eq!((words[2].line, words[2].block), (3, 1));
    }
}
