use super::{
    breaks::Measures,
    lines::{BlockWords, blocks},
    text::one_line,
};
use crate::{BULLETS, BlockKind, MISREAD_BULLETS, PageContent, Table, Word};

/// A part of the flowing text of a page.
pub(super) enum Part<'a> {
    /// Words of one paragraph, heading or the like.
    Text { kind: BlockKind, level: u8, words: BlockWords<'a> },
    /// A table, where its first word stands.
    Table(&'a Table),
}

/// Lists what a page says in reading order. A table comes once, in place of its words.
pub(super) fn parts(page: &PageContent) -> Vec<Part<'_>> {
    let mut owner = vec![None; page.words.len()];
    for (index, table) in page.tables.iter().enumerate() {
        for &word in table.cells.iter().flat_map(|cell| &cell.words) {
            if let Some(place) = owner.get_mut(word as usize) {
                *place = Some(index);
            }
        }
    }
    let mut is_written = vec![false; page.tables.len()];
    let mut parts = Vec::new();
    for block in blocks(page) {
        let kind = block.block.map(|block| block.kind).unwrap_or_default();
        let table = owner.get(block.first).copied().flatten().filter(|_| kind == BlockKind::Table);
        match table {
            Some(index) if is_written[index] => {}
            Some(index) => {
                is_written[index] = true;
                parts.push(Part::Table(&page.tables[index]));
            }
            None => {
                let level = block.block.map_or(0, |block| block.level);
                parts.push(Part::Text { kind, level, words: block });
            }
        }
    }
    parts
}

/// Joins the lines of a paragraph to one, or to several where they are no running text, with a line break between.
pub(super) fn join_text(measures: &Measures, words: BlockWords<'_>) -> String {
    let lines: Vec<String> = measures.split(words).into_iter().map(join_lines).collect();
    lines.join("\n")
}

/// Joins the lines of a paragraph to one. A word that was parted at the end of a line becomes whole again.
pub(super) fn join_lines(words: &[Word]) -> String {
    let mut text = String::new();
    let mut previous: Option<&Word> = None;
    for word in words {
        if let Some(previous) = previous {
            join_to_next(&mut text, &word.text, previous.line != word.line);
        }
        // what looks like a line break inside a word is none
        text.push_str(&one_line(&word.text));
        previous = Some(word);
    }
    text
}

/// Puts between two words what belongs there: a space, nothing, or less than nothing where a hyphen only ended a line.
fn join_to_next(text: &mut String, next: &str, is_new_line: bool) {
    let mut end = text.chars().rev();
    let (last, before) = (end.next(), end.next());
    let first = next.chars().next();
    let is_parted = is_new_line
        && matches!(last, Some('-' | '\u{2010}' | '\u{ad}' | '¬'))
        && before.is_some_and(char::is_alphabetic);
    match first {
        Some(first) if is_parted && first.is_lowercase() => {
            text.pop();
        }
        Some(first) if is_parted && first.is_alphanumeric() => {}
        Some(first) if last.is_some_and(has_no_spaces) && has_no_spaces(first) => {}
        _ => text.push(' '),
    }
}

/// What a list entry begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Bullet,
    Number(u32),
}

/// Splits a bullet or number off an entry. Letters and Roman numbers stay in the text, since no format can be trusted
/// to count the way the page does.
pub(super) fn split_marker(text: &str) -> (Option<Marker>, &str) {
    let Some((first, rest)) = text.split_once(' ') else { return (None, text) };
    let rest = rest.trim_start();
    if first.chars().count() == 1 && (first.contains(BULLETS) || first.contains(MISREAD_BULLETS)) {
        return (Some(Marker::Bullet), rest);
    }
    let digits = first.strip_suffix(['.', ')']).map_or(first, |digits| digits.trim_start_matches('('));
    match Some(digits).filter(|digits| digits.len() <= 3).and_then(|digits| digits.parse().ok()) {
        Some(number) => (Some(Marker::Number(number)), rest),
        None => (None, text),
    }
}

/// Says whether a letter is of a script that is written without spaces.
fn has_no_spaces(letter: char) -> bool {
    matches!(letter, '\u{3001}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff65}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(lines: &[&str]) -> String {
        let words = (0..).zip(lines).flat_map(|(line, text)| {
            text.split(' ').map(move |text| Word { text: text.into(), line, ..Word::default() })
        });
        join_lines(&words.collect::<Vec<_>>())
    }

    #[test]
    fn parted_words_become_whole() {
        assert_eq!(join(&["the baro-", "meter fell"]), "the barometer fell");
        assert_eq!(join(&["soft\u{ad}", "ware"]), "software");
        // a hyphen that belongs to the word
        assert_eq!(join(&["Baden-", "Württemberg"]), "Baden-Württemberg");
        assert_eq!(join(&["the well- known"]), "the well- known");
        // a dash, and a number's sign
        assert_eq!(join(&["he said -", "and left"]), "he said - and left");
        assert_eq!(join(&["2019-", "2020"]), "2019- 2020");
        assert_eq!(join(&["日本", "語"]), "日本語");
        assert_eq!(join(&["a\tb\nc"]), "a b c");
        assert_eq!(join(&[]), "");
    }
}
