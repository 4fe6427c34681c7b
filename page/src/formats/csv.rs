use super::text::grid;
use crate::{PageContent, Table};

/// Writes the tables of a page, an empty line between two of them.
pub(super) fn write_page(out: &mut String, page: &PageContent, has_tables: &mut bool) {
    for table in &page.tables {
        if *has_tables {
            out.push_str("\r\n");
        }
        *has_tables = true;
        write_table(out, table);
    }
}

/// Writes one table as RFC 4180 has it. A cell that a spreadsheet would take for a formula gets an apostrophe before
/// it; a plain number with its sign is none and stays a number.
pub fn write_table(out: &mut String, table: &Table) {
    for row in grid(table) {
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_cell(out, cell);
        }
        out.push_str("\r\n");
    }
}

fn write_cell(out: &mut String, text: &str) {
    let text: String = text.chars().map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let defusing = if is_formula(&text) { "'" } else { "" };
    if text.contains(['"', ',', ';', '\n', '\r', '\t']) {
        out.push('"');
        out.push_str(defusing);
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(defusing);
        out.push_str(&text);
    }
}

fn is_formula(text: &str) -> bool {
    let is_number = |text: &str| {
        text.contains(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | ' ' | '%' | '€' | '$' | '£'))
    };
    // white space and full-width signs don't protect: some programs strip or fold them
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    match text.chars().next() {
        Some('=' | '@' | '＝' | '＋' | '－' | '＠') => true,
        Some(sign @ ('+' | '-')) => !is_number(text.trim_start_matches(sign)) || text[1..].starts_with(sign),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        let cell = |text: &str| {
            let mut out = String::new();
            write_cell(&mut out, text);
            out
        };
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("+cmd|' /C calc'!A0"), "'+cmd|' /C calc'!A0");
        assert_eq!(cell("-2+3"), "'-2+3");
        assert_eq!(cell("\t=1"), "\"'\t=1\"");
        assert_eq!(cell("--1"), "'--1");
        assert_eq!(cell("-"), "'-");
        assert_eq!(cell("-12.50"), "-12.50");
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("a\0b"), "a\u{fffd}b");
    }
}
