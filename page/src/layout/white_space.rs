use super::{
    lines::Line,
    places::{MIN_ROWS, fill, is_list, is_table, join_wrapped},
    rect::{Rect, around_all},
    rows::{Row, find_rows},
    tables::{Grid, GridCell, sort_words},
};
use crate::{PageContent, PageKind};

/// Finds tables whose columns only white space separates: at least three rows whose gaps stand below each other.
pub(super) fn find(page: &PageContent, lines: &[Line], words: &[Rect], line_height: f64) -> Vec<Grid> {
    // a program sets words evenly: what is further apart than its spaces stands in another column
    let is_exact = matches!(page.kind, PageKind::BornDigital);
    let gap = line_height * if is_exact { 0.55 } else { 1.0 };
    let rows = find_rows(page, lines, words, line_height, gap);
    let mut grids = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let run = Run::grow(&rows[start..rows.len().min(start + MAX_ROWS)], line_height, gap * 0.8);
        let grid = run.as_ref().and_then(|run| run.to_grid(page, words, line_height));
        start += match grid {
            Some(grid) => {
                grids.push(grid);
                run.map_or(1, |run| run.rows.len())
            }
            None => 1,
        };
    }
    grids
}

/// Rows one below the other, and the stretches of x that all of them leave free.
struct Run<'a> {
    rows: &'a [Row],
    /// Between two columns each, from left to right.
    gaps: Vec<(f64, f64)>,
}

impl<'a> Run<'a> {
    /// Takes rows from the first on for as long as they have common gaps; `None` when the first has none.
    fn grow(rows: &'a [Row], line_height: f64, narrowest: f64) -> Option<Self> {
        let mut gaps = rows.first()?.gaps();
        let mut end = 1;
        for pair in rows.windows(2) {
            if pair[0].pieces.len() >= 3 && gaps.len() >= 2 && pair[1].crosses(&gaps) {
                // what an item is, in a line below its numbers
                end += 1;
                continue;
            }
            let common = intersect(&gaps, &pair[1], narrowest);
            let is_far = pair[1].middle - pair[0].middle > line_height * 3.5;
            // a few gaps of the first rows are chance; a whole table doesn't end in two columns
            let is_other = end >= 3 && common.len() * 5 < gaps.len() * 3;
            // rows of many more columns begin another table
            let has_more = |row: Option<&Row>, more: usize| row.is_some_and(|row| row.pieces.len() > gaps.len() + more);
            let is_richer = end >= 3 && has_more(Some(&pair[1]), 2) && has_more(rows.get(end + 1), 1);
            if gaps.is_empty() || common.is_empty() || is_far || is_other || is_richer {
                break;
            }
            gaps = common;
            end += 1;
        }
        // what stands alone below a table is no row of it
        while end > 0 && rows[end - 1].pieces.len() < 2 {
            end -= 1;
        }
        (end >= MIN_ROWS && !gaps.is_empty()).then(|| Self { rows: &rows[..end], gaps })
    }

    fn to_grid(&self, page: &PageContent, words: &[Rect], line_height: f64) -> Option<Grid> {
        let mut gaps = self.gaps.clone();
        let mut table = fill(self.rows, &gaps);
        if is_list(page, &table) {
            gaps.remove(0);
            table = fill(self.rows, &gaps);
        }
        let plain =
            table.iter().zip(self.rows).filter(|(_, row)| !row.crosses(&gaps)).map(|(places, _)| places.clone());
        if gaps.is_empty() || !is_table(page, &plain.collect(), line_height, words) {
            return None;
        }
        join_wrapped(&mut table, self.rows, line_height);
        let columns = gaps.len() + 1;
        let rows = Some(table.len()).filter(|rows| *rows >= MIN_ROWS)?;
        let mut cells = Vec::new();
        for (row, places) in (0..).zip(table) {
            for (column, mut inside) in (0_u32..).zip(places).filter(|(_, inside)| !inside.is_empty()) {
                sort_words(page, &mut inside, words, line_height);
                let rect = around_all(inside.iter().map(|&word| words[word]));
                // a cell ends in the last column that it reaches
                let last = gaps.iter().filter(|gap| gap.1 < rect.right).count().max(column as usize);
                let column_span = u32::try_from(last).unwrap_or(u32::MAX) - column + 1;
                cells.push(GridCell { row, column, row_span: 1, column_span, rect, words: inside });
            }
        }
        Some(Grid {
            rect: around_all(cells.iter().map(|cell| cell.rect)),
            rows: u32::try_from(rows).ok()?,
            columns: u32::try_from(columns).ok()?,
            is_ruled: false,
            cells,
        })
    }
}

/// More than a page can show.
const MAX_ROWS: usize = 300;

/// Keeps what a further row leaves free of the gaps.
fn intersect(gaps: &[(f64, f64)], row: &Row, narrowest: f64) -> Vec<(f64, f64)> {
    let edges = row.pieces.iter().flat_map(|piece| [piece.rect.left, piece.rect.right]);
    let edges: Vec<f64> = [f64::MIN].into_iter().chain(edges).chain([f64::MAX]).collect();
    let free: Vec<(f64, f64)> = edges.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let common = gaps.iter().flat_map(|gap| free.iter().map(|free| (gap.0.max(free.0), gap.1.min(free.1))));
    common.filter(|gap| gap.1 - gap.0 >= narrowest).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Text, column, page_of};
    use crate::{PageKind, layout::analyse};

    fn table(rows: &[&[&str]], lefts: &[u32]) -> Vec<Text> {
        let lines = (0..).zip(rows).flat_map(|(row, cells)| {
            cells
                .iter()
                .zip(lefts)
                .filter(|cell| !cell.0.is_empty())
                .map(move |(text, left)| ((*text).to_owned(), *left, 400 + 32 * row, 20))
        });
        lines.collect()
    }

    #[test]
    fn aligned_columns_are_a_table() {
        let mut lines = column("before", 100, 100, 6);
        let rows: [&[&str]; 5] = [
            &["Item", "Count", "Price"],
            &["Large barometer", "2", "1,250.00"],
            &["Rain gauge", "", "80.50"],
            &["Wind vane with", "12", "7.00"],
            &["Thermometer", "3", "19.99"],
        ];
        lines.extend(table(&rows, &[100, 500, 700]));
        lines.extend(column("after", 100, 700, 6));
        let mut page = page_of(&lines);
        analyse(&mut page, &[]);
        let [table] = page.tables.as_slice() else { panic!("{:?}", page.tables) };
        assert_eq!((table.rows, table.columns), (5, 3));
        assert_eq!(table.cells.len(), 14);
        for cell in &table.cells {
            assert_eq!(cell.text, rows[cell.row as usize][cell.column as usize]);
            let words: Vec<&str> = cell.words.iter().map(|&word| page.words[word as usize].text.as_str()).collect();
            assert_eq!(words.join(" "), cell.text);
        }
    }

    #[test]
    fn columns_of_a_program_may_stand_close_and_specks_are_no_column() {
        let rows: [&[&str]; 4] =
            [&["Bird seen", "Spring"], &["| Grey heron", "12"], &["Kingfisher", "31"], &["Dipper one", "8"]];
        let mut page = page_of(&table(&rows, &[100, 235]));
        page.kind = PageKind::BornDigital;
        // the speck stands apart, at the border
        let speck = page.words.iter_mut().find(|word| word.text == "|").unwrap();
        speck.bounds = [40, 432, 42, 452];
        for word in page.words.iter_mut().filter(|word| ["Grey", "heron"].contains(&word.text.as_str())) {
            word.bounds = [word.bounds[0] - 20, word.bounds[1], word.bounds[2] - 20, word.bounds[3]];
        }
        analyse(&mut page, &[]);
        let [table] = page.tables.as_slice() else { panic!("{:?}", page.tables) };
        assert_eq!((table.rows, table.columns), (4, 2));
        assert_eq!(table.cells[2].text, "| Grey heron");
    }

    #[test]
    fn what_an_item_is_may_stand_across_its_numbers() {
        let rows: [&[&str]; 5] = [
            &["Code", "Count", "Price", "Sum"],
            &["1512", "2", "10.60", "21.20"],
            &["104 large barometers of brass"],
            &["1513", "1", "7.00", "7.00"],
            &["1514", "3", "1.00", "3.00"],
        ];
        let mut page = page_of(&table(&rows, &[100, 280, 460, 640]));
        analyse(&mut page, &[]);
        let [table] = page.tables.as_slice() else { panic!("{:?}", page.tables) };
        assert_eq!((table.rows, table.columns, table.cells.len()), (5, 4, 17));
        let item = table.cells.iter().find(|cell| cell.row == 2).unwrap();
        assert_eq!((item.column, item.column_span, item.text.as_str()), (0, 2, rows[2][0]));
    }

    #[test]
    fn rows_of_more_columns_are_another_table() {
        let sums: [&[&str]; 4] = [
            &["Total of all", "", "", "21.20"],
            &["Discount", "", "", "0.00"],
            &["Paid", "", "", "21.20"],
            &["Change", "", "", "0.00"],
        ];
        let taxes: [&[&str]; 3] =
            [&["Code", "%", "Amount", "Tax"], &["SR", "6", "20.00", "1.20"], &["Z", "0", "1.00", "0.00"]];
        let mut page = page_of(&table(&[&sums[..], &taxes[..]].concat(), &[100, 280, 460, 640]));
        analyse(&mut page, &[]);
        let sizes: Vec<_> = page.tables.iter().map(|table| (table.rows, table.columns)).collect();
        assert_eq!(sizes, [(4, 2), (3, 4)]);
    }

    #[test]
    fn prose_in_columns_and_lists_are_none() {
        let two = [column("left", 100, 100, 20), column("right", 620, 100, 20)].concat();
        let three = [column("a", 50, 100, 20), column("b", 450, 100, 20), column("c", 850, 100, 20)]
            .map(|lines| lines.into_iter().map(|(text, left, top, _)| (text, left, top, 16)).collect::<Vec<_>>());
        let rows: [&[&str]; 4] = [&["1.", "First of all"], &["2.", "Second"], &["3.", "Third"], &["•", "Last"]];
        let list = table(&rows, &[100, 160]);
        for lines in [two, three.concat(), list] {
            let mut page = page_of(&lines);
            analyse(&mut page, &[]);
            assert!(page.tables.is_empty(), "{:?}", page.tables);
        }
    }
}
