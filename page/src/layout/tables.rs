use super::{
    lines::Frame,
    rect::{Rect, around_all},
};
use crate::{Cell, PageContent, Table, Word};

/// A table on the straightened page.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) rect: Rect,
    pub(super) rows: u32,
    pub(super) columns: u32,
    pub(super) is_ruled: bool,
    /// By row, then column.
    pub(super) cells: Vec<GridCell>,
}

/// A cell of a table on the straightened page.
#[derive(Clone, Debug, Default)]
pub(super) struct GridCell {
    pub(super) row: u32,
    pub(super) column: u32,
    pub(super) row_span: u32,
    pub(super) column_span: u32,
    pub(super) rect: Rect,
    /// Places of its words in the engine's order, in reading order.
    pub(super) words: Vec<usize>,
}

impl Grid {
    /// Makes the table of the page, whose words have their new order; `places` leads from the old places to the new.
    pub(super) fn to_table(&self, page: &PageContent, frame: &Frame, places: &[u32]) -> Table {
        let cells = self.cells.iter().map(|cell| {
            let words: Vec<u32> = cell.words.iter().map(|&word| places[word]).collect();
            let read: Vec<&Word> = words.iter().map(|&word| &page.words[word as usize]).collect();
            Cell {
                row: cell.row,
                column: cell.column,
                row_span: cell.row_span,
                column_span: cell.column_span,
                bounds: frame.to_page(cell.rect, page),
                text: join(&read),
                confidence: read.iter().map(|word| word.confidence).fold(1.0, f32::min),
                words,
            }
        });
        Table {
            bounds: frame.to_page(self.rect, page),
            rows: self.rows,
            columns: self.columns,
            is_ruled: self.is_ruled,
            cells: cells.collect(),
        }
    }
}

/// Says whether a table tears running text: its border runs between words of a sentence, words of a line stand in
/// different rows, or words are wider than their cells. The edges in a photograph do that, and rules that were only half seen; a table doesn't.
pub(super) fn tears_lines(page: &PageContent, words: &[Rect], grid: &Grid, line_height: f64) -> bool {
    let mut cells: Vec<Option<&GridCell>> = vec![None; words.len()];
    for cell in &grid.cells {
        cell.words.iter().for_each(|&word| cells[word] = Some(cell));
    }
    let is_torn = |at: &usize| {
        let (a, b) = (&page.words[at - 1], &page.words[*at]);
        let is_near = || words[*at].left - words[at - 1].right < line_height * WORD_SPACE;
        (a.line, a.block) == (b.line, b.block)
            && match (cells[at - 1], cells[*at]) {
                (Some(a), Some(b)) => a.row + a.row_span <= b.row || b.row + b.row_span <= a.row,
                (None, None) => false,
                _ => is_near(),
            }
    };
    let sticks_out = |at: &usize| {
        let (word, edge) = (words[*at], line_height * 0.5);
        cells[*at].is_some_and(|cell| word.left < cell.rect.left - edge || word.right > cell.rect.right + edge)
    };
    let faults = (1..words.len()).filter(is_torn).count() + (0..words.len()).filter(sticks_out).count();
    let inside = cells.iter().flatten().count();
    faults * 6 > inside || cuts_prose(page, words, &cells, line_height)
}

/// Says whether running text goes on from cell to cell: it was typed over the rules of a form.
fn cuts_prose(page: &PageContent, words: &[Rect], cells: &[Option<&GridCell>], line_height: f64) -> bool {
    let crosses = |at: &usize| {
        let (a, b) = (&page.words[at - 1], &page.words[*at]);
        let is_other = |(a, b): (&GridCell, &GridCell)| (a.row, a.column) != (b.row, b.column);
        (a.line, a.block) == (b.line, b.block) && cells[at - 1].zip(cells[*at]).is_some_and(is_other)
    };
    let goes_on = |at: &usize| {
        let (a, b) = (&page.words[at - 1].text, &page.words[*at].text);
        b.starts_with(char::is_lowercase) && a.ends_with(|c: char| c.is_alphanumeric() || c == ',')
    };
    let crossings: Vec<usize> = (1..words.len()).filter(crosses).collect();
    let cuts: Vec<usize> = crossings.iter().copied().filter(goes_on).collect();
    let near = cuts.iter().filter(|&&at| words[at].left - words[at - 1].right < line_height).count();
    let inside = cells.iter().flatten().count();
    near >= 2 && near * 15 > inside || cuts.len() >= 4 && cuts.len() * 5 > crossings.len() * 2
}

/// Widest space between two words of running text, as a fraction of the line height.
const WORD_SPACE: f64 = 0.6;

/// Joins the words of a cell, a line break between its lines.
fn join(words: &[&Word]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|before| words[before]) {
            text.push(if before.line == word.line { ' ' } else { '\n' });
        }
        text.push_str(&word.text);
    }
    text
}

/// Sorts words of a cell into reading order: the engine's lines from top to bottom, what stands at one height as the
/// engine has it.
pub(super) fn sort_words(page: &PageContent, words: &mut [usize], rects: &[Rect], line_height: f64) {
    words.sort_unstable();
    let is_line = |a: &usize, b: &usize| {
        let (a, b) = (&page.words[*a], &page.words[*b]);
        (a.line, a.block) == (b.line, b.block)
    };
    let middle = |line: &[usize]| around_all(line.iter().map(|&word| rects[word])).middle().1;
    let mut lines: Vec<(f64, Vec<usize>)> = words.chunk_by(is_line).map(|line| (middle(line), line.to_vec())).collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sorted: Vec<(f64, Vec<usize>)> = Vec::new();
    for (middle, line) in lines {
        match sorted.last_mut() {
            Some((first, row)) if middle - *first < line_height * 0.6 => row.extend(line),
            _ => sorted.push((middle, line)),
        }
    }
    sorted.iter_mut().for_each(|(_, row)| row.sort_unstable());
    let sorted = sorted.into_iter().flat_map(|(_, row)| row);
    words.iter_mut().zip(sorted).for_each(|(word, place)| *word = place);
}

#[cfg(test)]
mod tests {
    use super::{Rect, sort_words};
    use crate::layout::sample::page_of;

    #[test]
    fn a_line_of_the_engine_stays_one_line() {
        let line = |text: &str, top: u32| (text.to_owned(), 100, top, 20);
        let mut page = page_of(&[line("below it", 140), line("Sum of gauges — a", 100)]);
        // a dash and a speck stand higher than the words
        for word in &mut page.words[5..] {
            word.bounds[1] = 84;
            word.bounds[3] = 88;
        }
        let rect = |bounds: crate::Bounds| {
            let [left, top, right, bottom] = bounds.map(f64::from);
            Rect { left, top, right, bottom }
        };
        let rects: Vec<Rect> = page.words.iter().map(|word| rect(word.bounds)).collect();
        let mut words = [6, 5, 0, 1, 4, 3, 2];
        sort_words(&page, &mut words, &rects, 20.0);
        assert_eq!(words, [2, 3, 4, 5, 6, 0, 1]);
    }
}
