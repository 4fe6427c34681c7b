use super::{
    breaks::Measures,
    flow::{Part, join_text, parts},
};
use crate::{PageContent, Table};

/// Writes flowing text: a paragraph of running text is one line, the lines of an address stay lines, a blank line
/// stands between paragraphs, a table is a line for each row with tabs between the cells.
pub(super) fn write_page(out: &mut String, page: &PageContent) {
    let measures = Measures::of(page);
    for (index, part) in parts(page).iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        match part {
            Part::Text { words, .. } => {
                out.push_str(&join_text(&measures, *words));
                out.push('\n');
            }
            Part::Table(table) => write_table(out, table),
        }
    }
}

fn write_table(out: &mut String, table: &Table) {
    for row in grid(table) {
        let cells: Vec<String> = row.iter().map(|text| one_line(text)).collect();
        out.push_str(cells.join("\t").trim_end());
        out.push('\n');
    }
}

/// Lays a table's texts out by row and column; what a wide or high cell covers beyond its first place is empty.
pub(super) fn grid(table: &Table) -> Vec<Vec<&str>> {
    let columns = table.columns.min(MAX_SIDE) as usize;
    let mut grid = vec![vec![""; columns]; table.rows.min(MAX_SIDE) as usize];
    for cell in &table.cells {
        let place = grid.get_mut(cell.row as usize).and_then(|row| row.get_mut(cell.column as usize));
        if let Some(place) = place {
            *place = &cell.text;
        }
    }
    grid
}

/// More rows or columns than a page can show: a value that says so is not believed.
const MAX_SIDE: u32 = 1000;

/// Makes one line of a text, a space between words. Control characters could steer a terminal: they become U+FFFD.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace(char::is_control, "\u{fffd}")
}
