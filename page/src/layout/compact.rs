use super::tables::{Grid, GridCell};

/// Takes rows and columns out of a table in which nothing begins: a rule that was seen twice, a margin, lines to write
/// on.
pub(super) fn remove_empty(grid: Grid) -> Grid {
    let kept = |size: u32, start: fn(&GridCell) -> u32| {
        let mut is_kept = vec![false; size as usize];
        for cell in grid.cells.iter().filter(|cell| !cell.words.is_empty()) {
            if let Some(is_kept) = is_kept.get_mut(start(cell) as usize) {
                *is_kept = true;
            }
        }
        is_kept
    };
    let (rows, columns) = (kept(grid.rows, |cell| cell.row), kept(grid.columns, |cell| cell.column));
    let count = |kept: &[bool], end: u32| {
        let kept = kept.iter().take(end as usize).filter(|is_kept| **is_kept).count();
        u32::try_from(kept).unwrap_or(u32::MAX)
    };
    let cells = grid.cells.into_iter().map(|cell| {
        let (row, column) = (count(&rows, cell.row), count(&columns, cell.column));
        let row_span = count(&rows, cell.row + cell.row_span) - row;
        let column_span = count(&columns, cell.column + cell.column_span) - column;
        GridCell { row, column, row_span, column_span, ..cell }
    });
    let cells: Vec<GridCell> = cells.filter(|cell| cell.row_span > 0 && cell.column_span > 0).collect();
    Grid { rows: count(&rows, grid.rows), columns: count(&columns, grid.columns), cells, ..grid }
}

/// Says whether a grid is the frame of a form, not a table: hardly any place says something, or few do and one says as
/// much as a paragraph.
pub(super) fn is_frame(grid: &Grid) -> bool {
    /// Words of a paragraph.
    const MANY_WORDS: usize = 20;
    let filled = grid.cells.iter().filter(|cell| !cell.words.is_empty());
    let places = grid.rows as usize * grid.columns as usize;
    let longest = filled.clone().map(|cell| cell.words.len()).max().unwrap_or(0);
    let least = if longest >= MANY_WORDS { 0.4 } else { 0.2 };
    grid.rows < 2 || grid.columns < 2 || (filled.count() as f64) < places as f64 * least
}

#[cfg(test)]
mod tests {
    use super::super::{Rule, analyse, sample::page_of};
    use crate::PageContent;

    fn line(x: u32, y: u32, x2: u32, y2: u32) -> Rule {
        Rule { from: [x, y], to: [x2, y2] }
    }

    /// A page with lines of text, and rules at so many heights and in so many places.
    fn ruled_page(texts: &[(&str, u32, u32)], ys: &[u32], xs: &[u32]) -> PageContent {
        let lines: Vec<_> = texts.iter().map(|&(text, left, top)| (text.to_owned(), left, top, 20)).collect();
        let mut page = page_of(&lines);
        let (first, last) = (|all: &[u32]| all[0], |all: &[u32]| all[all.len() - 1]);
        let mut rules: Vec<Rule> = ys.iter().map(|&y| line(first(xs), y, last(xs), y)).collect();
        rules.extend(xs.iter().map(|&x| line(x, first(ys), x, last(ys))));
        analyse(&mut page, &rules);
        page
    }

    #[test]
    fn rows_and_columns_without_words_go() {
        let texts = [("Day", 120, 210), ("Rain", 420, 210), ("Mon", 120, 310), ("3.5", 420, 310)];
        let page = ruled_page(&texts, &[200, 250, 300, 350, 400, 450], &[100, 300, 400, 500, 530]);
        let [table] = page.tables.as_slice() else { panic!("{:?}", page.tables) };
        assert_eq!((table.rows, table.columns), (2, 2));
        let cells: Vec<_> = table.cells.iter().map(|cell| (cell.row, cell.column, cell.text.as_str())).collect();
        assert_eq!(cells, [(0, 0, "Day"), (0, 1, "Rain"), (1, 0, "Mon"), (1, 1, "3.5")]);
    }

    #[test]
    fn running_text_that_crosses_the_rules_is_no_table() {
        let texts = [
            ("Count", 120, 210),
            ("What", 320, 210),
            ("this is the order to bring the gauge", 120, 260),
            ("to the wharf before the storm so that", 120, 310),
            ("rain can be measured there at any time", 120, 360),
        ];
        let page = ruled_page(&texts, &[200, 250, 300, 350, 400], &[100, 205, 310, 700]);
        assert!(page.tables.is_empty(), "{:?}", page.tables);
    }
}
