use super::split::{Part, Split, cut, split};
use crate::Word;

/// Signs at the end of a line that may part a word.
const HYPHENS: [char; 4] = ['-', '\u{2010}', '\u{ad}', '¬'];

/// What a page says, as it is compared: its parts one after the other, and longer pieces that are made of several.
#[derive(Debug, Default)]
pub(super) struct Passages {
    /// In reading order; with the word of the page that each belongs to.
    pub(super) parts: Vec<(Part, usize)>,
    /// Codes, numbers and words that were parted at the end of a line.
    pub(super) wholes: Vec<Whole>,
}

/// A piece of several parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) text: String,
    pub(super) span: Span,
}

/// Where something stands: parts of a page, the last one not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) begin: usize,
    pub(super) end: usize,
}

impl Passages {
    pub(super) fn of(words: &[Word]) -> Self {
        let mut passages = Self::default();
        let mut previous: Option<&Word> = None;
        for (index, word) in words.iter().enumerate() {
            let begin = passages.parts.len();
            let Split { parts, whole } = split(&word.text);
            if let (Some(previous), Some(first)) = (previous, parts.first()) {
                passages.join_parted(previous, word, first);
            }
            passages.parts.extend(parts.into_iter().map(|part| (part, index)));
            if let Some(text) = whole {
                passages.wholes.push(Whole { text, span: Span { begin, end: passages.parts.len() } });
            }
            previous = Some(word);
        }
        passages.wholes.sort_by_key(|whole| whole.span);
        passages
    }

    /// Adds the word that a hyphen at the end of a line has parted, if it was one.
    fn join_parted(&mut self, previous: &Word, word: &Word, first: &Part) {
        let text = previous.text.trim_end_matches(HYPHENS);
        let is_parted = previous.line != word.line
            && text.len() < previous.text.len()
            && text.chars().next_back().is_some_and(char::is_alphabetic)
            && word.text.chars().next().is_some_and(char::is_alphanumeric);
        let Some((last, _)) = self.parts.last().filter(|(last, _)| is_parted && !last.is_unspaced) else { return };
        if !first.is_unspaced {
            let text = cut(last.text.chars().chain(first.text.chars()));
            let end = self.parts.len() + 1;
            self.wholes.push(Whole { text, span: Span { begin: end - 2, end } });
        }
    }

    /// Lists the longer pieces that begin at a part.
    pub(super) fn wholes_at(&self, begin: usize) -> impl Iterator<Item = &Whole> {
        let first = self.wholes.partition_point(|whole| whole.span.begin < begin);
        self.wholes[first..].iter().take_while(move |whole| whole.span.begin == begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wholes(lines: &[&str]) -> Vec<String> {
        let words = (0..).zip(lines).flat_map(|(line, text)| {
            text.split(' ').map(move |text| Word { text: text.into(), line, ..Word::default() })
        });
        Passages::of(&words.collect::<Vec<_>>()).wholes.into_iter().map(|whole| whole.text).collect()
    }

    #[test]
    fn words_that_a_line_end_has_parted_are_whole_again() {
        assert_eq!(wholes(&["die Donau-", "dampfschiff fahrt"]), ["donaudampfschiff"]);
        assert_eq!(wholes(&["soft\u{ad}", "ware"]), ["software"]);
        assert_eq!(wholes(&["Baden-", "Württemberg"]), ["badenwurttemberg"]);
        assert_eq!(wholes(&["DOC-123 up-", "on"]), ["doc123", "upon"]);
        for apart in [&["well- known"][..], &["he said -", "and"], &["2019-", "2020"], &["one", "two"], &["end-", "(x"]]
        {
            assert!(wholes(apart).is_empty(), "{apart:?}");
        }
    }
}
