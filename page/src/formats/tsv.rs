use std::fmt::Write;

use super::lines::{blocks, bounds_of};
use crate::{Bounds, PageContent};

pub(super) const HEAD: &str =
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n";

/// Writes the rows of a page as Tesseract has them: 1 page, 2 block, 3 paragraph, 4 line, 5 word. Numbers count from 1
/// within what they belong to; a block is one paragraph; confidence is 0 to 100, and -1 for all but words.
pub(super) fn write_page(out: &mut String, number: u32, page: &PageContent) {
    let mut row = |level: u32, [block, paragraph, line, word]: [usize; 4], b: Bounds, end: &str| {
        let (width, height) = (b[2].saturating_sub(b[0]), b[3].saturating_sub(b[1]));
        let [left, top, ..] = b;
        let _ = writeln!(
            out,
            "{level}\t{number}\t{block}\t{paragraph}\t{line}\t{word}\t{left}\t{top}\t{width}\t{height}\t{end}"
        );
    };
    row(1, [0, 0, 0, 0], [0, 0, page.width, page.height], "-1\t");
    for (block, words) in (1..).zip(blocks(page)) {
        row(2, [block, 0, 0, 0], words.bounds(), "-1\t");
        row(3, [block, 1, 0, 0], words.bounds(), "-1\t");
        for (line, words) in (1..).zip(words.lines()) {
            row(4, [block, 1, line, 0], bounds_of(words), "-1\t");
            for (place, word) in (1..).zip(words) {
                let end = format!("{}\t{}", word.confidence * 100.0, without_breaks(&word.text));
                row(5, [block, 1, line, place], word.bounds, &end);
            }
        }
    }
}

/// Makes a space of what would end a cell or a row.
fn without_breaks(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}
