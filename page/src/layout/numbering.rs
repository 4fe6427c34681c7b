use super::{Item, lines::Frame, paragraphs::Draft, tables::Grid};
use crate::{Block, PageContent, Word, join_words, word::bounds_of};

/// Writes the layout into the page: words in reading order with their lines and blocks, the blocks, tables and text.
pub(super) fn apply(page: &mut PageContent, frame: &Frame, items: &[Item<'_>], drafts: &[Draft]) {
    let old = std::mem::take(&mut page.words);
    let mut numbering = Numbering { places: vec![0; old.len()], words: Vec::with_capacity(old.len()), line: 0 };
    let mut blocks = Vec::with_capacity(drafts.len());
    for (block, draft) in (0..).zip(drafts) {
        let start = numbering.words.len();
        for &item in &draft.items {
            match items[item] {
                Item::Line(line) => numbering.push_line(&old, &line.words, block),
                Item::Table(grid) => numbering.push_table(&old, grid, block),
            }
        }
        let bounds = bounds_of(&numbering.words[start..]);
        blocks.push(Block { kind: draft.kind, bounds, level: draft.level, column: draft.column });
    }
    page.words = numbering.words;
    page.blocks = blocks;
    let grids = items.iter().filter_map(|item| match item {
        Item::Table(grid) => Some(*grid),
        Item::Line(_) => None,
    });
    let mut grids: Vec<&Grid> = grids.collect();
    grids.sort_by(|a, b| a.rect.top.total_cmp(&b.rect.top));
    page.tables = grids.into_iter().map(|grid| grid.to_table(page, frame, &numbering.places)).collect();
    page.text = join_words(&page.words);
}

struct Numbering {
    /// Leads from a word's old place to its new one.
    places: Vec<u32>,
    words: Vec<Word>,
    line: u32,
}

impl Numbering {
    fn push_line(&mut self, old: &[Word], words: &[usize], block: u32) {
        for &word in words {
            self.places[word] = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
            self.words.push(Word { line: self.line, block, ..old[word].clone() });
        }
        self.line += 1;
    }

    /// A row whose cells have one line each is one line; otherwise each line of a cell is.
    fn push_table(&mut self, old: &[Word], grid: &Grid, block: u32) {
        for row in grid.cells.chunk_by(|a, b| a.row == b.row) {
            let lines: Vec<Vec<&[usize]>> = row
                .iter()
                .map(|cell| {
                    cell.words.chunk_by(|a, b| (old[*a].line, old[*a].block) == (old[*b].line, old[*b].block)).collect()
                })
                .collect();
            if lines.iter().all(|lines| lines.len() <= 1) {
                let words: Vec<usize> = lines.concat().concat();
                if !words.is_empty() {
                    self.push_line(old, &words, block);
                }
            } else {
                lines.concat().into_iter().for_each(|words| self.push_line(old, words, block));
            }
        }
    }
}
