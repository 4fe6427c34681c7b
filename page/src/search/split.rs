use unicode_normalization::char::is_combining_mark;

use super::{MAX_LETTERS, fold};

/// Signs that may stand inside of what is one word, number, date or code to its writer.
const JOINERS: [char; 12] = ['\'', '-', '.', ',', ':', '/', '\\', '_', '@', '#', '+', '&'];

/// Parts of what may be one word; with more it is a table or rubbish.
const MAX_PARTS: usize = 8;

/// A piece of text that is compared as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Folded letters and digits, at least one.
    pub(super) text: String,
    /// One letter of a script that is written without spaces.
    pub(super) is_unspaced: bool,
}

/// What stands between two spaces: `DOC-123` is `doc`, `123` and, as a whole, `doc123`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    /// In their order; none when there is neither letter nor digit.
    pub(super) parts: Vec<Part>,
    /// The parts together, when there are several and single signs join them.
    pub(super) whole: Option<String>,
}

/// Folds and splits what stands between two spaces.
pub(super) fn split(text: &str) -> Split {
    let folded = fold(text);
    let mut split = Split::default();
    let (mut is_joined, mut gap) = (true, String::new());
    for letter in folded.chars() {
        if !is_of_word(letter) {
            gap.push(letter);
            continue;
        }
        let is_begin = split.parts.is_empty();
        is_joined &= is_begin || gap.is_empty() || is_joiner(&gap);
        push(&mut split.parts, letter, is_begin || !gap.is_empty());
        gap.clear();
    }
    let parts = &split.parts;
    if is_joined && (2..=MAX_PARTS).contains(&parts.len()) && !parts.iter().any(|part| part.is_unspaced) {
        split.whole = Some(cut(parts.iter().flat_map(|part| part.text.chars())));
    }
    for part in &mut split.parts {
        part.text = cut(part.text.chars());
    }
    split
}

fn push(parts: &mut Vec<Part>, letter: char, is_apart: bool) {
    let is_unspaced = is_unspaced(letter);
    match parts.last_mut() {
        Some(last) if !is_apart && !is_unspaced && !last.is_unspaced => last.text.push(letter),
        // a mark belongs to the letter before it
        Some(last) if !is_apart && is_combining_mark(letter) => last.text.push(letter),
        _ => parts.push(Part { text: letter.to_string(), is_unspaced }),
    }
}

/// Leaves so many letters as are compared.
pub(super) fn cut(letters: impl Iterator<Item = char>) -> String {
    letters.take(MAX_LETTERS).collect()
}

fn is_joiner(gap: &str) -> bool {
    let mut signs = gap.chars();
    signs.next().is_some_and(|sign| JOINERS.contains(&sign)) && signs.next().is_none()
}

/// Says whether a folded letter is part of a word; a mark that was not folded away is.
fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || is_combining_mark(letter)
}

/// Says whether a letter is of a script that is written without spaces: Chinese, Japanese, Thai, Lao, Burmese, Khmer.
pub(super) const fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
        | '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        split(text).parts.into_iter().map(|part| part.text).collect()
    }

    #[test]
    fn codes_and_numbers_are_found_whole_and_in_parts() {
        for (text, expected, whole) in [
            ("Word,", vec!["word"], None),
            ("(DOC-123),", vec!["doc", "123"], Some("doc123")),
            ("12.345,67", vec!["12", "345", "67"], Some("1234567")),
            ("l’homme", vec!["l", "homme"], Some("lhomme")),
            ("a@b.example", vec!["a", "b", "example"], Some("abexample")),
            ("2019—2020", vec!["2019", "2020"], None),
            ("a...b", vec!["a", "b"], None),
            ("§", vec![], None),
            ("---", vec![], None),
        ] {
            assert_eq!(parts(text), expected, "{text}");
            assert_eq!(split(text).whole.as_deref(), whole, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_parted_by_letters() {
        assert_eq!(parts("第3章DOC"), ["第", "3", "章", "doc"]);
        assert_eq!(split("中国").whole, None);
        assert_eq!(parts("हिन्दी"), ["हिन्दी"], "marks belong to their word");
        assert_eq!(parts("한국어"), ["한국어"], "is written with spaces");
    }

    #[test]
    fn long_rubbish_is_cut() {
        assert_eq!(parts(&"x".repeat(1000)), ["x".repeat(MAX_LETTERS)]);
        assert_eq!(split(&"a-".repeat(100)).whole, None);
    }
}
