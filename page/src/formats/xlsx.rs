use std::{collections::HashSet, io};

use rust_xlsxwriter::{Color, Format, FormatBorder, Workbook, Worksheet, XlsxError};

use crate::{Cell, PageContent, Table};

/// A workbook in the making: a sheet for each table.
pub(super) struct Book {
    book: Workbook,
    tables: u32,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("tables", &self.tables).finish_non_exhaustive()
    }
}

/// What one cell can hold.
const MAX_LETTERS: usize = 32_767;
/// What one sheet can hold.
const MAX_COLUMNS: u16 = 16_384;
const MAX_ROWS: u32 = 1_048_576;
/// More rows or columns than a page can show are not believed.
const MAX_SPAN: u32 = 1000;

impl Book {
    pub(super) fn new() -> Self {
        Self { book: Workbook::new(), tables: 0 }
    }

    pub(super) fn add_page(&mut self, number: u32, page: &PageContent) -> io::Result<()> {
        for table in &page.tables {
            self.tables += 1;
            let sheet = self.book.add_worksheet();
            sheet.set_name(format!("Table {} (page {number})", self.tables)).map_err(io::Error::other)?;
            write_table(sheet, page, table).map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Ends the workbook. A workbook must have a sheet: without tables it says that there are none.
    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        if self.tables == 0 {
            let sheet = self.book.add_worksheet();
            sheet.write_string(0, 0, "No tables were found.").map_err(io::Error::other)?;
        }
        self.book.save_to_buffer().map_err(io::Error::other)
    }
}

/// Writes the cells as text, as they were read: a number might lose a leading zero, and no text is ever a formula.
fn write_table(sheet: &mut Worksheet, page: &PageContent, table: &Table) -> Result<(), XlsxError> {
    let mut taken: HashSet<(u32, u32)> = table.cells.iter().map(|cell| (cell.row, cell.column)).collect();
    let mut written = HashSet::new();
    for cell in &table.cells {
        let start = (cell.row, cell.column);
        let column = u16::try_from(cell.column).ok().filter(|column| *column < MAX_COLUMNS);
        let (Some(column), true) = (column, cell.row < MAX_ROWS && written.insert(start)) else { continue };
        let (text, format) = (cell_text(cell), cell_format(page, table, cell));
        let last_row =
            cell.row.saturating_add(cell.row_span.max(1)).min(table.rows.min(MAX_SPAN)).max(cell.row + 1) - 1;
        let columns = table.columns.min(MAX_SPAN);
        let last_column = cell.column.saturating_add(cell.column_span.max(1)).min(columns).max(cell.column + 1) - 1;
        let places: Vec<_> = (cell.row..=last_row)
            .flat_map(|row| (cell.column..=last_column).map(move |column| (row, column)))
            .collect();
        // a wide cell that would cover the start of another is written as a narrow one: no text is lost
        if places.len() == 1 || places.iter().any(|place| *place != start && taken.contains(place)) {
            sheet.write_string_with_format(cell.row, column, text, &format)?;
            continue;
        }
        taken.extend(places);
        let last_column = u16::try_from(last_column).unwrap_or(column);
        sheet.merge_range(cell.row, column, last_row, last_column, &text, &format)?;
    }
    sheet.autofit();
    Ok(())
}

/// Gives what a cell can hold: no control characters, and not more than its limit in UTF-16.
fn cell_text(cell: &Cell) -> String {
    let is_allowed = |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let letters = cell.text.chars().take(MAX_LETTERS / 2);
    letters.map(|c| if is_allowed(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// A cell with a doubtful word is coloured, so that someone looks at it.
fn cell_format(page: &PageContent, table: &Table, cell: &Cell) -> Format {
    let mut format = Format::new().set_text_wrap();
    if table.is_ruled {
        format = format.set_border(FormatBorder::Thin);
    }
    let mut words = cell.words.iter().filter_map(|&at| page.words.get(at as usize));
    if words.any(|word| word.is_doubtful) {
        format = format.set_background_color(Color::RGB(0xFF_F2_CC));
    }
    format
}
