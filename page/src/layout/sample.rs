//! Pages for the tests, line by line.

use crate::{PageContent, Word};

/// Text, left and top in pixels, height of its letters.
pub(super) type Text = (String, u32, u32, u32);

/// Makes a page of lines of words; letters are half as wide as high, and each line is a block of the engine's.
pub(super) fn page_of(lines: &[Text]) -> PageContent {
    let mut words = Vec::new();
    for (line, (text, left, top, height)) in (0..).zip(lines) {
        let mut x = *left;
        for text in text.split(' ') {
            let width = u32::try_from(text.chars().count()).unwrap() * height / 2;
            if !text.is_empty() {
                let bounds = [x, *top, x + width, top + height];
                words.push(Word { text: text.into(), confidence: 0.9, bounds, line, block: line, ..Word::default() });
            }
            x += width + height / 2;
        }
    }
    PageContent { width: 1200, height: 1600, dpi: 150, words, ..PageContent::default() }
}

/// Makes lines of running text below each other, the last one short.
pub(super) fn column(name: &str, left: u32, top: u32, lines: u32) -> Vec<Text> {
    (0..lines)
        .map(|line| {
            let end = if line + 1 == lines { "end." } else { "and some more words to fill it" };
            (format!("{name} {line:02} {end}"), left, top + 30 * line, 20)
        })
        .collect()
}

/// Puts lines of words into the engine's blocks: how many lines each has.
pub(super) fn put_in_blocks(page: &mut PageContent, lines: &[u32]) {
    let ends = lines.iter().scan(0, |end, count| {
        *end += count;
        Some(*end)
    });
    let ends: Vec<u32> = ends.collect();
    for word in &mut page.words {
        word.block = u32::try_from(ends.partition_point(|end| *end <= word.line)).unwrap();
    }
}

/// Makes lines of running text whose ends are as uneven as real words make them.
pub(super) fn uneven_column(name: &str, left: u32, top: u32, lines: u32) -> Vec<Text> {
    const ENDS: [&str; 5] =
        ["held that light", "and a west wind fell", "the rain-", "coast had been so", "before it could be"];
    let text = |line: u32| format!("{name} {line:02} {}", ENDS[line as usize % ENDS.len()]);
    (0..lines).map(|line| (text(line), left, top + 30 * line, 20)).collect()
}

pub(super) fn texts(page: &PageContent) -> Vec<&str> {
    page.words.iter().map(|word| word.text.as_str()).collect()
}
