use super::{
    breaks::Measures,
    flow::{Marker, Part, join_lines, join_text, parts, split_marker},
    text::{grid, one_line},
};
use crate::{BlockKind, PageContent, Table};

/// Stands between two pages.
pub(super) const BETWEEN: &str = "\n---\n\n";

/// Writes a page as GitHub-flavoured Markdown; what a page says never becomes markup.
pub(super) fn write_page(out: &mut String, page: &PageContent) {
    let measures = Measures::of(page);
    let mut was_list = false;
    for (index, part) in parts(page).iter().enumerate() {
        let is_list = matches!(part, Part::Text { kind: BlockKind::ListItem, .. });
        if index > 0 && !(was_list && is_list) {
            out.push('\n');
        }
        was_list = is_list;
        match part {
            Part::Text { kind: BlockKind::Heading, level, words } => {
                out.push_str(&"#".repeat(usize::from((*level).clamp(1, 6))));
                out.push(' ');
                // behind the signs of a heading nothing starts a list
                let text = format!("# {}", join_lines(words.words));
                out.push_str(&escape(&text)["\\# ".len()..]);
            }
            Part::Text { kind: BlockKind::ListItem, level, words } => {
                // four spaces are enough below `1.` as well as below `-`
                out.push_str(&"    ".repeat(usize::from(level.clamp(&1, &6) - 1)));
                out.push_str(&list_item(&join_lines(words.words)));
            }
            Part::Text { words, .. } => {
                let lines: Vec<String> = join_text(&measures, *words).lines().map(escape).collect();
                // a backslash at its end keeps a line a line
                out.push_str(&lines.join("\\\n"));
            }
            Part::Table(table) => out.push_str(write_table(table).trim_end()),
        }
        out.push('\n');
    }
    write_codes(out, page);
}

/// Writes what the barcodes of a page say, as a list below its text.
fn write_codes(out: &mut String, page: &PageContent) {
    if !page.words.is_empty() && !page.barcodes.is_empty() {
        out.push('\n');
    }
    for code in &page.barcodes {
        out.push_str(&format!("- {}: {}\n", escape(&one_line(&code.format)), escape(&one_line(&code.value))));
    }
}

fn list_item(text: &str) -> String {
    match split_marker(text) {
        (Some(Marker::Number(number)), rest) => format!("{number}. {}", escape(rest)),
        (_, rest) => format!("- {}", escape(rest)),
    }
}

fn write_table(table: &Table) -> String {
    let mut text = String::new();
    for (index, row) in grid(table).iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escape(&one_line(cell))).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if index == 0 {
            text.push_str(&format!("|{}\n", " --- |".repeat(row.len())));
        }
    }
    text
}

/// Puts a backslash before what Markdown would take for markup, in one line of text.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let starts = starts_markup(text);
    for (at, letter) in text.char_indices() {
        let is_markup = matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$');
        let is_image = letter == '!' && text[at..].starts_with("![");
        if is_markup || is_image || Some(at) == starts {
            escaped.push('\\');
        }
        escaped.push(if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter });
    }
    escaped
}

/// Finds the sign at the start of a line that would make it a heading, a list or a rule.
fn starts_markup(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let is_end = matches!(text.as_bytes().get(digits + 1), None | Some(b' '));
    match text.as_bytes().get(digits) {
        Some(b'.' | b')') if digits > 0 && is_end => Some(digits),
        Some(b'#' | b'+' | b'-' | b'=') if digits == 0 => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        for (text, want) in [
            ("# 5 Main St", "\\# 5 Main St"),
            ("- 3 °C", "\\- 3 °C"),
            ("1. May 2020", "1\\. May 2020"),
            ("2020 was", "2020 was"),
            ("a*b_c`d", "a\\*b\\_c\\`d"),
            ("<script> & [x](y)", "\\<script\\> \\& \\[x\\](y)"),
            ("![x](y) hi!", "\\!\\[x\\](y) hi!"),
            ("a|b\0", "a\\|b\u{fffd}"),
            ("---", "\\---"),
        ] {
            assert_eq!(escape(text), want);
        }
        assert_eq!(list_item("• one"), "- one");
        assert_eq!(list_item("3) three"), "3. three");
        assert_eq!(list_item("a) first"), "- a) first");
    }
}
