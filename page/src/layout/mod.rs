//! Finds what a page is made of from its words, their boxes and ruling lines: tables, columns, reading order,
//! paragraphs, headings, lists, headers and footers.
//!
//! Promises: no word is lost, added or changed, only ordered and numbered; the engine's order stays where it makes
//! sense; text in columns is no table. Refuses to know: pixels, and pages other than this one. All distances are
//! fractions of the height of a line of running text.

mod compact;
mod headings;
mod kinds;
mod labels;
mod lines;
mod markers;
mod numbering;
mod order;
mod paragraphs;
mod places;
mod rect;
mod rows;
mod ruled;
mod tables;
mod white_space;

#[cfg(test)]
mod sample;

use lines::{Frame, Line};
use rect::Rect;
use tables::Grid;

use crate::PageContent;

/// A line that is drawn on the page, from its left or upper end to its right or lower end; x and y in pixels of the
/// page image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The left or upper end.
    pub from: [u32; 2],
    /// The right or lower end.
    pub to: [u32; 2],
}

/// Finds the layout of a page and writes it into the page: blocks, tables, the order and numbers of the words, and the
/// text. `rules` are the ruling lines of the page, none when they are not known.
pub fn analyse(page: &mut PageContent, rules: &[Rule]) {
    let frame = Frame::of(page, rules);
    let words = frame.level_words(page);
    let mut lines = lines::find(page, &words);
    if lines.is_empty() {
        page.blocks.clear();
        page.tables.clear();
        return;
    }
    let line_height = lines::body_height(&lines);
    markers::join(page, &mut lines, &words, line_height);
    let is_form = labels::join_values(page, &mut lines, &words, line_height);
    let mut grids = ruled::find(page, rules, &frame, &words, line_height);
    grids.retain(|grid| !tables::tears_lines(page, &words, grid, line_height));
    let mut grids: Vec<Grid> = grids.into_iter().map(compact::remove_empty).collect();
    grids.retain(|grid| !compact::is_frame(grid));
    lines::remove_words(&mut lines, &words, &grids);
    let without_rules = white_space::find(page, &lines, &words, line_height);
    lines::remove_words(&mut lines, &words, &without_rules);
    grids.extend(without_rules);
    let items: Vec<Item<'_>> = lines.iter().map(Item::Line).chain(grids.iter().map(Item::Table)).collect();
    let order = order::find(&items, line_height, is_form);
    let mut blocks = paragraphs::find(page, &items, &order, line_height);
    kinds::find(page, &items, &mut blocks, line_height);
    numbering::apply(page, &frame, &items, &blocks);
}

/// What is read as one: a line of text or a whole table.
#[derive(Clone, Copy, Debug)]
enum Item<'a> {
    Line(&'a Line),
    Table(&'a Grid),
}

impl Item<'_> {
    /// Its box on the straightened page.
    fn rect(&self) -> Rect {
        match self {
            Item::Line(line) => line.rect,
            Item::Table(grid) => grid.rect,
        }
    }

    /// Place of its first word in the engine's order.
    fn first_word(&self) -> usize {
        match self {
            Item::Line(line) => line.words[0],
            Item::Table(grid) => grid.cells.iter().flat_map(|cell| &cell.words).min().copied().unwrap_or(usize::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bounds, Word};

    /// Analyses words in lines of five, and checks that none is lost.
    fn keeps_words(count: u32, skew_deg: f32, bounds: impl Fn(u32) -> Bounds) {
        let word = |at: u32| Word {
            text: format!("{at}."),
            bounds: bounds(at),
            line: at / 5,
            block: at / 20,
            ..Word::default()
        };
        let rules: Vec<Rule> = (0..count.min(5000)).map(|at| Rule { from: [at, 0], to: [at % 77, at] }).collect();
        let mut page = PageContent { skew_deg, width: 1000, height: 1000, ..PageContent::default() };
        page.words = (0..count).map(word).collect();
        analyse(&mut page, &rules);
        let mut texts: Vec<u32> =
            page.words.iter().map(|word| word.text[..word.text.len() - 1].parse().unwrap()).collect();
        texts.sort_unstable();
        assert!(texts.into_iter().eq(0..count));
        let is_known = |pair: &[Word]| pair[0].line <= pair[1].line && pair[0].block <= pair[1].block;
        assert!(page.words.windows(2).all(is_known));
        assert!(page.words.iter().all(|word| (word.block as usize) < page.blocks.len()));
        let cells = page.tables.iter().flat_map(|table| &table.cells);
        assert!(cells.flat_map(|cell| &cell.words).all(|&word| (word as usize) < page.words.len()));
    }

    #[test]
    fn no_boxes_are_too_strange() {
        for skew_deg in [0.0, -3.0, 45.0, 90.0, f32::NAN, f32::INFINITY] {
            keeps_words(0, skew_deg, |_| [0; 4]);
            keeps_words(1, skew_deg, |_| [0; 4]);
            keeps_words(500, skew_deg, |_| [7, 7, 7, 7]);
            keeps_words(500, skew_deg, |_| [u32::MAX, u32::MAX, 0, 0]);
            keeps_words(500, skew_deg, |at| {
                [at * 7919 % 1000, at * 104_729 % 1000, at * 7919 % 1000 + 30, at * 104_729 % 1000 + 9]
            });
        }
        // a table of 5 columns without end, and as many words as a forged page may have
        keeps_words(100_000, 0.0, |at| [at % 5 * 200, at / 5 * 20, at % 5 * 200 + 90, at / 5 * 20 + 14]);
        keeps_words(100_000, 0.1, |at| [at % 313, at % 997, at % 313 + at % 50, at % 997 + 10]);
    }
}
