use super::{
    rect::{Rect, around_all},
    rows::Row,
};
use crate::{BULLETS, PageContent};

/// Fewer are no table.
pub(super) const MIN_ROWS: usize = 3;

/// Words by row and column.
pub(super) type Places = Vec<Vec<Vec<usize>>>;

/// Puts the words of rows into the columns between gaps.
pub(super) fn fill(rows: &[Row], gaps: &[(f64, f64)]) -> Places {
    let column_of = |x: f64| gaps.iter().filter(|gap| gap.1 <= x).count();
    rows.iter()
        .map(|row| {
            let mut places = vec![Vec::new(); gaps.len() + 1];
            let is_across = row.crosses(gaps);
            for piece in &row.pieces {
                let x = if is_across { piece.rect.left } else { piece.rect.middle().0 };
                places[column_of(x)].extend(&piece.words);
            }
            places
        })
        .collect()
}

/// Says whether the first column holds nothing but the bullets or numbers of a list.
pub(super) fn is_list(page: &PageContent, table: &Places) -> bool {
    let is_marker = |words: &Vec<usize>| match words.as_slice() {
        [] => true,
        [word] => {
            let text = &page.words[*word].text;
            let is_bullet = text.chars().count() == 1 && text.contains(BULLETS);
            is_bullet || text.len() <= 5 && text.ends_with(['.', ')', ':'])
        }
        _ => false,
    };
    table.iter().all(|row| row.first().is_some_and(is_marker))
}

/// Says whether rows and columns are a table, not prose that happens to be set in columns: short cells, and with only
/// two columns numbers in one of them.
pub(super) fn is_table(page: &PageContent, table: &Places, line_height: f64, words: &[Rect]) -> bool {
    let columns = table.first().map_or(0, Vec::len);
    let filled = |row: &Vec<Vec<usize>>| row.iter().filter(|cell| !cell.is_empty()).count();
    let full_rows = table.iter().filter(|row| filled(row) >= 2).count();
    let cells: usize = table.iter().map(filled).sum();
    if table.len() < MIN_ROWS || full_rows * 10 < table.len() * 6 || cells * 2 < columns * table.len() {
        return false;
    }
    let column = |at: usize| table.iter().map(move |row| &row[at]).filter(|cell| !cell.is_empty());
    let mean_words = |at: usize| column(at).map(Vec::len).sum::<usize>() as f64 / column(at).count().max(1) as f64;
    let mean_width = |at: usize| {
        let widths = column(at).map(|cell| around_all(cell.iter().map(|&word| words[word])).width());
        widths.sum::<f64>() / column(at).count().max(1) as f64
    };
    // a column of a newspaper is at least ten letters wide, and says more than a name
    let prose = (0..columns).filter(|&at| mean_words(at) >= 3.5 && mean_width(at) >= line_height * 5.0).count();
    let starts_with_number = |cell: &&Vec<usize>| {
        let text = page.words[cell[0]].text.trim_start_matches(['-', '+', '(', '$', '€', '£', '.', '~', '<', '>']);
        text.starts_with(|c: char| c.is_ascii_digit())
    };
    let is_numeric = |at: usize| {
        let numbers = column(at).filter(starts_with_number).count();
        numbers >= MIN_ROWS && numbers * 10 >= column(at).count() * 6 && mean_words(at) <= 3.0
    };
    // a long text beside sparse words is a paragraph beside a picture
    let is_sparse = |at: usize| column(at).count() * 10 < table.len() * 7;
    if prose > 0 && (0..columns).any(is_sparse) {
        return false;
    }
    match columns {
        2 => prose <= 1 && (0..2).any(is_numeric) && full_rows >= MIN_ROWS,
        _ => prose <= 1 && prose * 2 < columns,
    }
}

/// Joins a row that only goes on with the cell above it: one cell, not the first column's, close below.
pub(super) fn join_wrapped(table: &mut Places, rows: &[Row], line_height: f64) {
    for at in (1..table.len()).rev() {
        let filled: Vec<usize> = (0..table[at].len()).filter(|&column| !table[at][column].is_empty()).collect();
        let is_close = rows[at].middle - rows[at - 1].middle < line_height * 1.7;
        let [column] = filled[..] else { continue };
        if column > 0 && is_close && !table[at - 1][column].is_empty() {
            let words = std::mem::take(&mut table[at][column]);
            table[at - 1][column].extend(words);
            table.remove(at);
        }
    }
}
